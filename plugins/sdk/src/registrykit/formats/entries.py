"""Turn the entries of one chart of a Helm index into an artifact with its versions.

Field by field as in Helm's `index.yaml` and `Chart.yaml`; nothing is taken for granted, and what
has no field of its own stays a fact of the version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from registrykit.artifacts import Artifact, Dependency, Version
from registrykit.versions import newest

LISTED_TWICE = "listed-twice"
SHORTENED = " … (shortened)"

_MAX_NAME = 255
_MAX_VERSION = 8 * 1024
_MAX_APP_VERSION = 1024
_MAX_DESCRIPTION = 16 * 1024
_MAX_FACT = 64 * 1024
_MAX_FACTS = 1024 * 1024
_EACH = 64  # what an empty list takes up in memory, and so for what each fact counts at least
_MAX_DEPTH = 64
_MAX_LIST = 1000
_MAX_URL = 8 * 1024
_MAX_KEYWORDS = 100

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_WEB_URL = re.compile(r"(?:https?|oci)://[^/?#]", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_IN_URL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:(\.[0-9]{1,9})[0-9]*)?"
    r"(?:[Zz]|([+-][0-9]{2}:[0-9]{2}))"
)
_YES = frozenset(("true", "yes", "on", "y"))
_DEPENDENCY_KEYS = frozenset(("name", "version", "repository", "alias", "condition"))


@dataclass(frozen=True)
class Unreadable:
    """An entry that is ambiguous; `version` is empty where even that is."""

    reason: str
    version: str = ""


@dataclass(frozen=True)
class ChartListing:
    """What the index says about one chart.

    `hash` changes whenever the text about the chart does; where it is the one that the caller
    already knew, `unchanged` is true and nothing was read. It is empty, so that the chart is read
    again the next time, where there is something to report: `skipped` are versions (empty text
    where not even that is known) that are not among `entries`; `remarks` are about versions that
    are, but of which something was left out, above all what makes them downloadable. Both give
    plain reasons.
    """

    name: str
    hash: str = ""
    unchanged: bool = False
    entries: list[tuple[Artifact, Version]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)


def read_chart_entries(name: str, content: Any, digest: str) -> ChartListing:
    """Return what the value of the key `name` lists; `digest` is the hash of its text."""
    fault = name_fault(name)
    if not fault and content is not None and type(content) is not list:
        fault = "its versions are not a list"
    if fault:
        return ChartListing(printable(name), skipped=[("", fault)])
    skipped: list[tuple[str, str]] = []
    remarks: list[tuple[str, str]] = []
    versions = _read_versions(content or (), skipped, remarks)
    entries: list[tuple[Artifact, Version]] = []
    if versions:
        best = versions[newest(versions)[0] if len(versions) > 1 else next(iter(versions))]
        artifact = Artifact(
            kind="chart",
            path=name,
            name=name,
            description=best.description,
            keywords=keywords_of(best.facts.get("keywords")),
        )
        entries = [(artifact, version) for version in versions.values()]
    return ChartListing(
        name, "" if skipped or remarks else digest, False, entries, skipped, remarks
    )


def _read_versions(
    content: Sequence[Any], skipped: list[tuple[str, str]], remarks: list[tuple[str, str]]
) -> dict[str, Version]:
    """Return the readable versions, the first of each; the rest is told to the two lists."""
    versions: dict[str, Version] = {}
    for number, entry in enumerate(content, 1):
        if type(entry) is not dict:
            known = entry.version if isinstance(entry, Unreadable) else ""
            skipped.append((known, f"entry {number} {_not_an_entry(entry)}"))
            continue
        text = plain_text(entry.get("version"))
        if not text.strip():
            skipped.append(("", f"entry {number} has no version"))
        elif len(text) > _MAX_VERSION:
            skipped.append(("", f"entry {number} has a version of {len(text):,} letters"))
        elif _CONTROL.search(text):
            skipped.append((printable(text), "the version has a control character"))
        else:
            about: list[str] = []
            version = read_version(text, entry, about)
            first = versions.setdefault(text, version)
            if first is version:
                remarks.extend([(text, remark) for remark in about])
            elif first.digest != version.digest or _raw_digest(first) != _raw_digest(version):
                skipped.append((text, LISTED_TWICE))
    return versions


def read_version(text: str, entry: dict[str, Any], remarks: list[str]) -> Version:
    """Return the version `text` that `entry` describes; empties `entry` and adds to `remarks`."""
    entry.pop("version", None)
    facts: dict[str, Any] = {}
    raw_digest = entry.pop("digest", None)
    digest = sha256(raw_digest)
    if raw_digest is not None and not digest:
        facts["digest"] = raw_digest
    raw_created = entry.pop("created", None)
    created = utc(raw_created)
    if raw_created is not None and not created:
        facts["created"] = raw_created
    urls = _read_urls(entry.pop("urls", None), facts, remarks)
    dependencies: tuple[Dependency, ...] = ()
    if "dependencies" in entry:
        dependencies = read_dependencies(entry.pop("dependencies"), facts)
    app_version = _take_text(entry, "appVersion", _MAX_APP_VERSION, remarks)
    description = _take_text(entry, "description", _MAX_DESCRIPTION, remarks)
    deprecated = plain_text(entry.get("deprecated")).strip().lower() in _YES
    if deprecated or entry.get("deprecated") is False:
        del entry["deprecated"]
    facts.update(entry)
    return Version(
        version=text,
        digest=digest,
        created=created,
        app_version=app_version,
        description=description,
        deprecated=deprecated,
        urls=urls,
        dependencies=dependencies,
        facts=settle_facts(facts, remarks),
    )


def read_dependencies(content: Any, facts: dict[str, Any]) -> tuple[Dependency, ...]:
    """Return the dependencies; what does not fit into them is kept whole in `facts`."""
    if content is None:
        return ()
    found = []
    odd = type(content) is not list or len(content) > _MAX_LIST
    for one in content[:_MAX_LIST] if type(content) is list else ():
        name = plain_text(one.get("name")) if type(one) is dict else ""
        if not name:
            odd = True
            continue
        condition = plain_text(one.get("condition"))
        found.append(
            Dependency(
                name=name,
                version=plain_text(one.get("version")),
                repository=plain_text(one.get("repository")),
                kind="chart",
                optional=bool(condition or one.get("tags")),
                alias=plain_text(one.get("alias")),
                condition=condition,
            )
        )
        odd = odd or not one.keys() <= _DEPENDENCY_KEYS
    if odd:
        facts["dependencies"] = content
    return tuple(found)


def name_fault(name: str) -> str:
    """Return why `name` cannot be the name of a chart, or nothing."""
    if not name.strip():
        return "the name of the chart is empty"
    if _CONTROL.search(name):
        return "the name of the chart has a control character"
    if name in (".", ".."):
        return "the name of the chart is a folder's"
    if "/" in name or "\\" in name:
        return "the name of the chart has a slash"
    if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME:
        return f"the name of the chart is longer than {_MAX_NAME} bytes"
    return ""


def printable(text: str) -> str:
    """Return `text` short enough and without control characters, for a name that is refused."""
    shown = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text[:_MAX_NAME])
    return shown if len(text) <= _MAX_NAME else shown + "…"


def sha256(content: Any) -> str:
    """Return a digest as `sha256:` and 64 small hex digits, or nothing if it is no such digest."""
    if type(content) is not str or len(content) > 80:
        return ""
    match = _DIGEST.fullmatch(content.strip().lower())
    return f"sha256:{match[1]}" if match else ""


def utc(content: Any) -> str:
    """Return a time as RFC 3339 in UTC, or nothing if it is none; fractions stay as they are.

    Go writes the year 1 for a time that was never set: that is none either.
    """
    match = _TIME.fullmatch(content) if type(content) is str and len(content) < 64 else None
    if match is None:
        return ""
    day, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset or '+00:00'}")
        if offset is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    if moment.year == 1:
        return ""
    return f"{moment.isoformat()[:19]}{fraction or ''}Z"


def plain_text(content: Any) -> str:
    """Return a scalar as the text that it was in the source, and nothing for all else."""
    if type(content) is str:
        return content
    if type(content) is bool:
        return "true" if content else "false"
    return str(content) if type(content) is int else ""


def shorten(text: str, limit: int) -> str:
    """Return `text`, cut to `limit` bytes of UTF-8 with a mark behind."""
    if len(text) <= limit // 4:
        return text
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit:
        return text
    return encoded[:limit].decode("utf-8", "ignore") + SHORTENED


def _not_an_entry(entry: Any) -> str:
    if isinstance(entry, Unreadable):
        return f"cannot be read: {entry.reason}"
    if entry is None:
        return "is empty"
    return "is a list, not a mapping" if type(entry) is list else "is text, not a mapping"


def _raw_digest(version: Version) -> Any:
    return version.facts.get("digest")


def _take_text(entry: dict[str, Any], key: str, limit: int, remarks: list[str]) -> str:
    """Move the text under `key` out of `entry`; a list or mapping stays behind as a fact."""
    content = entry.get(key)
    if type(content) in (list, dict):
        return ""
    entry.pop(key, None)
    text = plain_text(content)
    shown = shorten(text, limit)
    if shown is not text:
        remarks.append(f"the {key} of {len(text):,} letters was shortened")
    return shown


def _read_urls(content: Any, facts: dict[str, Any], remarks: list[str]) -> tuple[str, ...]:
    given = content if type(content) is list else [] if content is None else [content]
    kept: list[str] = []
    refused: list[Any] = []
    for url in given[:_MAX_LIST]:
        (kept if type(url) is str and _is_usable(url) else refused).append(url)
    if refused or len(given) > _MAX_LIST:
        facts["urls"] = content
    if not given:
        remarks.append("not downloadable: it has no URL")
    elif not kept:
        remarks.append("not downloadable: no URL of it is http, https, oci or relative")
    elif refused:
        remarks.append("a URL that is not http, https, oci or relative was left out")
    return tuple(kept)


def _is_usable(url: str) -> bool:
    if not url.strip() or len(url) > _MAX_URL or _IN_URL.search(url):
        return False
    return bool(_WEB_URL.match(url)) if _SCHEME.match(url) else True


def keywords_of(content: Any) -> tuple[str, ...]:
    """Return the keywords of a chart as texts."""
    if type(content) is not list:
        return ()
    return tuple([plain_text(word) for word in content[:_MAX_KEYWORDS] if plain_text(word)])


def settle_facts(facts: dict[str, Any], remarks: list[str]) -> dict[str, Any]:
    """Return `facts` without empty values, within bounds of length and depth."""
    if _is_settled(facts):
        return facts
    room = _Room()
    kept: dict[str, Any] = room.settle(
        {key[:_MAX_NAME]: content for key, content in facts.items()}, 0
    )
    if room.exceeded:
        remarks.append("part of its metadata is too long or nested too deeply, and was left out")
    return kept


def _is_settled(facts: dict[str, Any]) -> bool:
    """Say whether `facts` are surely fine: encoding them costs far less than walking through."""
    try:
        encoded = msgspec.json.encode(facts)
    except (RecursionError, ValueError):
        return False
    return (
        len(encoded) <= _MAX_FACT
        and b"null" not in encoded
        and encoded.count(b"[") + encoded.count(b"{") < _MAX_DEPTH
    )


class _Room:
    """How much the facts of one version may still take up."""

    def __init__(self) -> None:
        self._left = _MAX_FACTS
        self.exceeded = False

    def settle(self, content: Any, depth: int) -> Any:
        """Return what may be kept of `content`, None if nothing."""
        kind = type(content)
        self._left -= _EACH
        if kind is str:
            shown = content if len(content) <= _MAX_FACT // 4 else shorten(content, _MAX_FACT)
            self._left -= len(shown)
            if self._left < 0 or shown is not content:
                self.exceeded = True
            return shown if self._left >= 0 else None
        if content is None:
            return None
        if (kind is bool or kind is int) and self._left >= 0:
            return content
        if depth >= _MAX_DEPTH or self._left < 0:
            self.exceeded = True
            return None
        settled: Any
        if kind is list:
            settled = [self.settle(element, depth + 1) for element in content]
            return [element for element in settled if element is not None]
        settled = {}
        for key, child in content.items():
            self._left -= len(key)
            shown = self.settle(child, depth + 1)
            if shown is not None:
                settled[key[:_MAX_FACT]] = shown
        return settled
