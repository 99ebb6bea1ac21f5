"""Chart archives: where they are, what documents they hold, and saving them as they are."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer, NotFound
from registrykit.events import Document, Ref
from registrykit.formats.chart import read_chart
from registrykit.urls import Url
from registrykit_helm import address

if TYPE_CHECKING:
    from registrykit.http import Download
    from registrykit.sync import Context
    from registrykit_helm.config import HelmConfig

LARGEST = 100 * 1024 * 1024
"""Helm reads no chart that is larger than this when unpacked, so none is that is so packed."""

IN_MEMORY = 8 * 1024 * 1024
LONGEST_TEXT = 6 * 1024 * 1024

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._+-]+")


def location(endpoint: str, artifact: Artifact, version: Version) -> Url:
    """Return where the archive is: the first of its addresses that is on a web server.

    Raises NotFound, with the code `oci-url` where the index refers to an OCI registry instead.
    """
    for reference in version.urls:
        if url := address.chart_url(endpoint, reference):
            return url
    named = _named(artifact, version)
    if any(address.is_oci(reference) for reference in version.urls):
        raise NotFound(
            f"The archive of {named} is in an OCI registry.",
            cause="The index gives an address that begins with oci://. Such addresses are kept, "
            "and are read once OCI support is installed.",
            remedy="Install OCI support, or download it with helm pull.",
            code="oci-url",
        )
    raise NotFound(
        f"The archive of {named} cannot be downloaded.",
        cause="The index gives no address for it that can be used.",
        remedy="Tell the repository's owner.",
        code="no-url",
    )


def documents(ctx: Context[HelmConfig], artifact: Artifact, version: Version) -> Iterator[Document]:
    """Yield the texts of the archive that are there: readme, values, schema, metadata."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as archive:
        with closing(_pieces(ctx, artifact, version, LARGEST)) as pieces:
            for piece in pieces:
                archive.write(piece)
        archive.seek(0)
        chart = read_chart(cast(BinaryIO, archive))
    ref = Ref(artifact.path, version.version, artifact.kind)
    for name, text, media_type in (
        ("readme", chart.readme, "text/markdown"),
        ("values", chart.values, "text/yaml"),
        ("schema", chart.schema, "application/schema+json"),
        ("metadata", chart.chart_yaml, "text/yaml"),
    ):
        if text:
            yield Document(ref, name, _bounded(text), media_type)


def save(ctx: Context[HelmConfig], artifact: Artifact, version: Version, stream: BinaryIO) -> str:
    """Write the archive to `stream` and return the name of its file.

    Raises BadAnswer with the code `digest-mismatch` after the last byte was written: what has been
    written then is not the chart that the index lists.
    """
    with closing(_pieces(ctx, artifact, version, None)) as pieces:
        for piece in pieces:
            stream.write(piece)
    return file_name(artifact, version)


@contextmanager
def opened(
    ctx: Context[HelmConfig],
    artifact: Artifact,
    version: Version,
    *,
    at_most: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Download]:
    """Give the archive as it comes; `at_most` is in bytes."""
    url = location(ctx.config.endpoint, artifact, version)
    try:
        with ctx.http.stream(str(url), max_bytes=at_most, headers=headers) as download:
            yield download
    except NotFound as error:
        raise NotFound(
            f"The archive of {_named(artifact, version)} is not at {url.shown}.",
            cause=error.cause,
            remedy="The index lists it all the same: tell the repository's owner.",
            code="archive-missing",
        ) from None


def _pieces(
    ctx: Context[HelmConfig], artifact: Artifact, version: Version, at_most: int | None
) -> Generator[bytes]:
    """Yield the archive; raises at its end if it is not the one that the index lists."""
    digest = hashlib.sha256()
    with opened(ctx, artifact, version, at_most=at_most) as download:
        for piece in download:
            digest.update(piece)
            yield piece
    found = f"sha256:{digest.hexdigest()}"
    if version.digest and found != version.digest:
        raise BadAnswer(
            f"The archive of {_named(artifact, version)} is not the one that the index lists.",
            cause=f"The index says {version.digest}, the archive has {found}.",
            remedy="Synchronize and try again; if it stays, tell the repository's owner before "
            "you use the chart.",
            code="digest-mismatch",
        )


def file_name(artifact: Artifact, version: Version) -> str:
    """Return a name that is safe on every system, made of the chart's name and version alone."""
    words = [
        _NOT_IN_NAMES.sub("_", text)[:100].strip("._-") or spare
        for text, spare in ((artifact.shown_name, "chart"), (version.version, "0"))
    ]
    return "-".join(words) + ".tgz"


def _bounded(text: str) -> str:
    """Return a text that fits into one event, in bytes of UTF-8.

    The reader counts the bytes in the archive; each that is not text becomes three.
    """
    if len(text) <= LONGEST_TEXT // 4:
        return text
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= LONGEST_TEXT:
        return text
    return encoded[:LONGEST_TEXT].decode("utf-8", "ignore") + "\n\n[shortened]\n"


def _named(artifact: Artifact, version: Version) -> str:
    return f"{artifact.shown_name} {version.version}"
