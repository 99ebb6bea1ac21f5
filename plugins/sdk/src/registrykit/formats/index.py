"""Read a Helm repository's `index.yaml`, chart by chart.

An index in the layout that Helm itself writes is cut into one piece per chart; a piece that is
known from the last time is not even parsed. Every other layout, JSON too, is read as one
document. Both ways give the same listings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from registrykit.errors import BadAnswer
from registrykit.formats.document import Reader, Survey, read_charts, survey
from registrykit.formats.entries import LISTED_TWICE, ChartListing, plain_text, utc
from registrykit.formats.json import JsonReader
from registrykit.formats.pieces import ELEMENT, OtherLayout, cut, read_piece
from registrykit.formats.rapid import FastReader
from registrykit.formats.text import shortened, utf8
from registrykit.formats.yaml import Limits, YamlReader

__all__ = ["LISTED_TWICE", "ChartListing", "Index", "IndexLimits", "read_index"]

_WHAT = "the index"
_MIB = 1024 * 1024
_MARKUP = re.compile(rb"\s*<[!?A-Za-z]")
_JSON = re.compile(rb"\s*[{\[]\s*[\"{\[}\]]")


@dataclass(frozen=True)
class IndexLimits:
    """What an index may hold; `size` and `line` are in bytes."""

    size: int = 256 * _MIB
    entries: int = 500_000
    line: int = _MIB
    depth: int = 64

    @property
    def yaml(self) -> Limits:
        """Return the limits for the YAML reader, which knows of values and not of entries."""
        return Limits(2 * self.size, self.line, self.depth, 1_000_000 + 200 * self.entries)


@dataclass(frozen=True)
class Index:
    """An index whose charts are read while they are iterated over, as often as that happens.

    `generated` is RFC 3339 in UTC, or empty. `charts` counts the distinct names. `layout` says
    how it is read: `pieces` as Helm writes it, `json`, or `document` for everything else. Where
    `ends_openly` the last line has no end, so it may have been cut off although it is sound.
    """

    api_version: str
    generated: str
    charts: int
    ends_openly: bool
    layout: Literal["pieces", "json", "document"]
    _read: Callable[[], Iterator[ChartListing]] = field(repr=False)

    def __iter__(self) -> Iterator[ChartListing]:
        """Yield one listing per chart; raises `BadAnswer` where the index turns out broken.

        What was yielded until then is right, but not complete.
        """
        return self._read()


def read_index(
    body: bytes,
    *,
    known_hashes: Mapping[str, str] | None = None,
    limits: IndexLimits | None = None,
) -> Index:
    """Return the index in `body`; `known_hashes` maps names of charts to hashes of listings.

    The only error is `BadAnswer`, with one of the codes `empty-index`, `not-an-index`,
    `no-api-version`, `no-entries`, `too-large`, `too-many-entries`, or one that begins with
    `yaml-`. An `entries: {}` is an index without charts, and no error.
    """
    limits = limits or IndexLimits()
    known = known_hashes or {}
    if len(body) > limits.size:
        raise BadAnswer(
            f"The index is larger than {limits.size / _MIB:,.0f} MiB.",
            cause=f"It has {len(body) / _MIB:,.1f} MiB.",
            remedy="Add the repositories that it merges, each by its own URL.",
            code="too-large",
        )
    content = _checked_content(body)
    if _JSON.match(content):
        return _read_json(content, known, limits)
    try:
        return _read_pieces(content, known, limits)
    except OtherLayout:
        return _read_yaml(content, known, limits)


def _checked_content(body: bytes) -> bytes:
    """Return `body` as UTF-8 with plain newlines; refuse what is no index at first sight."""
    if body.startswith(b"\x1f\x8b"):
        _refuse_other("The answer is compressed, but does not say so.")
    content = utf8(body, what=_WHAT)
    if not content[:4096].strip() and not content.strip():
        _refuse_empty()
    if _MARKUP.match(content):
        start = content[:512].lower()
        if b"<?xml" in start and b"<html" not in start:
            _refuse_other("The answer is XML, as object stores send it with an error.")
        _refuse_other("The answer is a web page: is a login or a proxy in the way?")
    return content.replace(b"\r\n", b"\n") if b"\r\n" in content else content


def _read_pieces(content: bytes, known: Mapping[str, str], limits: IndexLimits) -> Index:
    parts = cut(content, limits.yaml)
    _check_count(content.count(ELEMENT, parts.start, parts.end), limits)
    try:
        api_version = _check_top(Survey("mapping", "mapping", top=parts.top))
    except BadAnswer:
        # If the rest is broken too, that is what shall be told.
        raise OtherLayout from None

    def read() -> Iterator[ChartListing]:
        done: set[str] = set()
        entries = 0
        fast = FastReader()
        for piece in parts.pieces:
            listing = read_piece(content, piece, known, limits.yaml, fast)
            if listing is None:
                # The layout is deceptive or broken: from here on the whole document decides.
                yield from (
                    listing
                    for listing in _read_yaml(content, known, limits)
                    if listing.name not in done
                )
                return
            entries += len(listing.entries) + len(listing.skipped)
            _check_count(entries, limits)
            done.add(listing.name)
            yield listing

    generated = utc(parts.top.get("generated"))
    return Index(api_version, generated, len(parts.pieces), _is_open(content), "pieces", read)


def _read_yaml(content: bytes, known: Mapping[str, str], limits: IndexLimits) -> Index:
    def reader() -> YamlReader:
        return YamlReader(content, what=_WHAT, limits=limits.yaml)

    return _read_document(reader, "document", _is_open(content), known, limits)


def _read_json(content: bytes, known: Mapping[str, str], limits: IndexLimits) -> Index:
    text = content.decode("utf-8")
    try:
        return _read_document(lambda: JsonReader(text, what=_WHAT), "json", False, known, limits)
    except BadAnswer as error:
        if error.code != "yaml-syntax":
            raise
        failure = error
    try:
        return _read_yaml(content, known, limits)
    except BadAnswer:
        # What begins like JSON is more likely broken JSON than anything else.
        raise failure from None


def _read_document(
    reader: Callable[[], Reader],
    layout: Literal["json", "document"],
    ends_openly: bool,
    known: Mapping[str, str],
    limits: IndexLimits,
) -> Index:
    found = survey(reader(), lambda entries: _check_count(entries, limits))
    api_version = _check_top(found)
    return Index(
        api_version,
        utc(found.top.get("generated")),
        len(found.names),
        ends_openly,
        layout,
        lambda: read_charts(reader(), found, known),
    )


def _is_open(content: bytes) -> bool:
    return not content.endswith((b"\n", b"\r"))


def _check_top(found: Survey) -> str:
    """Return the `apiVersion` of what is an index; raise `BadAnswer` for what is none."""
    if found.root == "nothing" or (found.root == "scalar" and found.text is None):
        _refuse_empty()
    if found.root == "scalar":
        _refuse_other(f"The answer is plain text: {shortened(plain_text(found.text))}.")
    if found.root == "sequence":
        _refuse_other("The answer is a list.")
    api_version = plain_text(found.top.get("apiVersion")).strip()
    if not api_version and not found.entries:
        if not found.keys:
            _refuse_empty()
        said = _said(found.top)
        _refuse_other(
            f"The server answered: {shortened(said, 200)}."
            if said
            else "The answer has neither apiVersion nor entries, which every index has."
        )
    if found.entries != "mapping":
        kinds = {"": "missing", "nothing": "empty", "scalar": "text", "sequence": "a list"}
        raise BadAnswer(
            "The index has no entries.",
            cause=f"Its key entries is {kinds[found.entries]}; it must be a mapping of charts.",
            remedy="Ask the owner of the registry to write the index again: helm repo index.",
            code="no-entries",
        )
    if not api_version:
        raise BadAnswer(
            "The index does not say its version.",
            cause="Its key apiVersion is missing, so it may not be an index of charts.",
            remedy="Check the URL, or ask the owner of the registry to write the index again.",
            code="no-api-version",
        )
    return api_version


def _check_count(entries: int, limits: IndexLimits) -> None:
    if entries > limits.entries:
        raise BadAnswer(
            "The index lists too many versions.",
            cause=f"There are at least {entries:,}; at most {limits.entries:,} are read.",
            remedy="Add the repositories that it merges, each by its own URL.",
            code="too-many-entries",
        )


def _said(top: dict[str, Any]) -> str:
    """Return the message of an error that was sent as JSON or YAML, or nothing."""
    errors = top.get("errors")
    if type(errors) is list and errors and type(errors[0]) is dict:
        return plain_text(errors[0].get("message")) or plain_text(errors[0].get("code"))
    for key in ("message", "detail", "error"):
        content = top.get(key)
        text = plain_text(content.get("message") if type(content) is dict else content)
        if text:
            return text
    return ""


def _refuse_empty() -> NoReturn:
    raise BadAnswer(
        "The index is empty.",
        cause="The server sent nothing to read, not even a list without charts.",
        remedy="Try again; if it stays empty, ask the owner of the registry.",
        code="empty-index",
    )


def _refuse_other(cause: str) -> NoReturn:
    raise BadAnswer(
        "The registry answered with something else than an index of charts.",
        cause=cause,
        remedy="Check the URL and the sign-in; index.yaml is looked for right below the URL.",
        code="not-an-index",
    )
