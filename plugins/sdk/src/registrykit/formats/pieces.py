"""Cut an index in the layout that Helm writes into one piece per chart, and read one piece.

The cut is right wherever every piece is sound on its own: a place at which a quoted text is cut
in two leaves a piece with an open quote. Whatever looks different is left to
`registrykit.formats.document`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registrykit.errors import BadAnswer
from registrykit.formats.document import TOP_KEYS, read_versions
from registrykit.formats.entries import ChartListing, read_chart_entries
from registrykit.formats.rapid import UNSURE, FastReader
from registrykit.formats.text import long_line
from registrykit.formats.yaml import Limits, YamlReader

ELEMENT = b"\n  - "

_ENTRIES = re.compile(rb"^entries:(?: +#.*| *)\n", re.MULTILINE)
_BOUNDARY = re.compile(rb"\n(?=[^ \n#]|  [^ \n#-])")
_BLANK = re.compile(rb"(?: *(?:#[^\n]*)?\n)*")
_SIMPLE_KEY = re.compile(rb"  ([A-Za-z0-9_][A-Za-z0-9_.-]*):(?: \[\])? *\n")
_DOCUMENT_END = re.compile(rb"^\.\.\.", re.MULTILINE)
_OTHER_DOCUMENT = re.compile(rb"^(?:---|\.\.\.|%)", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """The bytes from `start` to `end` that belong to one chart."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Cut:
    """An index cut into pieces; `top` are the keys beside `entries`."""

    top: dict[str, Any]
    pieces: list[Piece]
    start: int
    end: int


class OtherLayout(Exception):
    """The content is not laid out as Helm does it."""


def cut(content: bytes, limits: Limits) -> Cut:
    """Return the pieces of an index; raises `OtherLayout`, and nothing else, in any doubt."""
    opening = _ENTRIES.search(content)
    if opening is None or _has_other_newlines(content) or long_line(content, limits.line):
        raise OtherLayout
    pieces, end = _cut_entries(content, opening.end())
    head, tail = content[: opening.start()], content[end:]
    if _OTHER_DOCUMENT.search(tail) or _DOCUMENT_END.search(head):
        raise OtherLayout
    try:
        top = {**_read_top(tail, limits), **_read_top(head, limits)}
        if not tail:
            # Without the `generated` that Helm writes last, the end may have been cut off.
            last = YamlReader(content[pieces[-1].start :], limits=limits)
            last.skip(last.start())
            last.end()
    except BadAnswer:
        raise OtherLayout from None
    return Cut(top, pieces, opening.end() - 1, end)


def read_piece(
    content: bytes, piece: Piece, known: Mapping[str, str], limits: Limits, fast: FastReader
) -> ChartListing | None:
    """Return the listing of one piece, or None if it cannot be read on its own."""
    block = content[piece.start : piece.end]
    digest = "p:" + hashlib.blake2b(block, digest_size=16).hexdigest()
    if known.get(piece.name) == digest:
        return ChartListing(piece.name, digest, unchanged=True)
    value = fast.read(block)
    if value is UNSURE:
        line = content.count(b"\n", 0, piece.start) + 1
        try:
            value = _read_slowly(YamlReader(block, limits=limits, line=line))
        except BadAnswer:
            return None
    if type(value) is not dict or value.keys() != {piece.name}:
        return None
    return read_chart_entries(piece.name, value[piece.name], digest)


def _read_slowly(reader: YamlReader) -> dict[str, Any] | None:
    event = reader.start()
    if event is None or not _is_block(reader, event, 2):
        return None
    charts = [(name, read_versions(reader, value)) for name, value in reader.entries(event)]
    reader.end()
    return dict(charts) if len(charts) == 1 and not reader.faults else None


def _has_other_newlines(content: bytes) -> bool:
    """Say whether a line may end where no newline stands, as YAML 1.1 has it."""
    return b"\r" in content or (
        not content.isascii()
        and (b"\xc2\x85" in content or b"\xe2\x80\xa8" in content or b"\xe2\x80\xa9" in content)
    )


def _cut_entries(content: bytes, start: int) -> tuple[list[Piece], int]:
    """Return the pieces from `start` on, and where the next key of the top level begins."""
    blank = _BLANK.match(content, start)
    first = blank.end() if blank else start
    starts = []
    end = len(content)
    for match in _BOUNDARY.finditer(content, first - 1):
        place = match.end()
        if content[place] != 0x20:
            end = place
            break
        starts.append(place)
    if not starts or starts[0] != first or content[end - 1] != 0x0A:
        raise OtherLayout
    pieces = []
    for place, following in zip(starts, [*starts[1:], end], strict=True):
        key = _SIMPLE_KEY.match(content, place)
        name = key[1].decode("ascii") if key else _read_name(content, place)
        pieces.append(Piece(name, place, following))
    if len({piece.name for piece in pieces}) != len(pieces):
        raise OtherLayout
    return pieces, end


def _is_block(reader: YamlReader, event: Any, column: int) -> bool:
    """Say whether `event` begins a mapping in block style whose keys stand in `column`."""
    return (
        reader.kind(event) == "mapping"
        and not event.flow_style
        and event.start_mark.column == column
    )


def _read_name(content: bytes, start: int) -> str:
    """Return the key of the line at `start`, which is quoted, commented or odd."""
    reader = YamlReader(content[start : content.index(b"\n", start) + 1])
    try:
        event = reader.start()
        if event is None or not _is_block(reader, event, 2):
            raise OtherLayout
        names = []
        for name, value in reader.entries(event):
            names.append(name)
            reader.skip(value)
        reader.end()
    except BadAnswer:
        raise OtherLayout from None
    if len(names) != 1 or reader.faults:
        raise OtherLayout
    return names[0]


def _read_top(content: bytes, limits: Limits) -> dict[str, Any]:
    reader = YamlReader(content, limits=limits)
    event = reader.start()
    if event is None:
        return {}
    if not _is_block(reader, event, 0):
        raise OtherLayout
    top: dict[str, Any] = {}
    for key, value in reader.entries(event):
        if key == "entries" or key in top:
            raise OtherLayout
        top[key] = None
        if key in TOP_KEYS:
            top[key] = reader.build(value)
        else:
            reader.skip(value)
    reader.end()
    if reader.faults:
        raise OtherLayout
    return top
