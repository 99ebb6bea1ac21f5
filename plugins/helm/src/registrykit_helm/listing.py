"""Synchronizing: one conditional request for the index, then its charts, the changed ones only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from registrykit.errors import BadAnswer, NotFound
from registrykit.events import Complete, Found, Progress, Ref, Skip, SyncEvent, Unchanged
from registrykit.formats.index import ChartListing, IndexLimits, read_index
from registrykit.urls import parse
from registrykit_helm import address

if TYPE_CHECKING:
    from registrykit.http import Response
    from registrykit.sync import Context
    from registrykit_helm.config import HelmConfig

# What may be remembered is limited to 1 MiB; a name and its hash take up to 300 bytes of that.
MOST_REMEMBERED = 900 * 1024
LARGEST = IndexLimits().size
UNNAMED = "(no name)"


def listing(ctx: Context[HelmConfig]) -> Iterator[SyncEvent]:
    """Yield what the index lists now; with one request, whatever there is to yield."""
    if ctx.completed(""):
        return
    url = address.index_url(ctx.config.endpoint)
    memory = ctx.memory("")
    if memory.get("url") != url:
        memory = {}
    response = fetch_index(ctx, memory)
    if response.not_modified:
        yield Unchanged("")
        return
    remembered: dict[str, Any] = {
        "url": url,
        "etag": response.etag,
        "last_modified": response.last_modified,
        "hash": hashlib.blake2b(response.body, digest_size=32).hexdigest(),
        "charts": _hashes(memory),
    }
    if remembered["hash"] == memory.get("hash"):
        yield Unchanged("", remembered)
        return
    index = read_index(response.body, known_hashes=remembered["charts"])
    step = max(1, index.charts // 100)
    hashes: dict[str, str] = {}
    room = MOST_REMEMBERED
    yield Progress(0, index.charts, "charts")
    for number, chart in enumerate(index, 1):
        yield from chart_events(chart)
        room -= len(chart.name.encode("utf-8", "surrogatepass")) + len(chart.hash) + 8
        if chart.hash and room > 0:
            hashes[chart.name] = chart.hash
        if number % step == 0:
            yield Progress(number, index.charts, "charts")
    yield Complete("", {**remembered, "charts": hashes}, index.generated)


def fetch_index(ctx: Context[HelmConfig], memory: Mapping[str, Any] | None = None) -> Response:
    """Return the index; `memory` holds the validators under which a 304 is as good."""
    url = address.index_url(ctx.config.endpoint)
    remembered = memory or {}
    try:
        return ctx.http.get(
            url,
            etag=_text(remembered.get("etag")),
            last_modified=_text(remembered.get("last_modified")),
            max_bytes=LARGEST,
        )
    except NotFound as error:
        raise NotFound(
            f"No index.yaml at {parse(url).shown}.",
            cause=error.cause,
            remedy="Check the URL; a Helm repository has a file index.yaml below it.",
        ) from None
    except BadAnswer as error:
        if error.code != "too-large":
            raise
        raise BadAnswer(
            f"The index at {parse(url).shown} is larger than {LARGEST / 1024 / 1024:.0f} MiB.",
            cause="An index of this size usually merges many repositories into one.",
            remedy="Add those of the repositories that you need, each by its own URL.",
            code="too-large",
        ) from None


def chart_events(chart: ChartListing) -> Iterator[SyncEvent]:
    """Yield one chart; what could not be read of it is told once for each version."""
    # An empty path would stand for the whole repository.
    path = chart.name.strip() or UNNAMED
    if chart.unchanged:
        yield Unchanged(path)
        return
    for artifact, version in chart.entries:
        yield Found(artifact, version)
    remarks: dict[str, list[str]] = {}
    for text, remark in chart.remarks:
        remarks.setdefault(text, []).append(remark)
    gaps = [(text, "; ".join(told)) for text, told in remarks.items()]
    for text, reason in dict.fromkeys([*gaps, *chart.skipped]):
        yield Skip(Ref(path, text, "chart"), reason)


def _hashes(memory: Mapping[str, Any]) -> dict[str, str]:
    charts = memory.get("charts")
    return charts if isinstance(charts, dict) else {}


def _text(remembered: Any) -> str:
    return remembered if isinstance(remembered, str) else ""
