"""Read an index as one document: YAML in any layout, or JSON.

The document is walked through twice, first to know that it is sound and what it holds, then
chart by chart; so neither memory nor a surprise at the end depends on its size.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from registrykit.formats.entries import (
    ChartListing,
    Unreadable,
    plain_text,
    printable,
    read_chart_entries,
)
from registrykit.formats.json import JsonReader
from registrykit.formats.yaml import YamlReader

Reader: TypeAlias = YamlReader | JsonReader

TOP_KEYS = frozenset(("apiVersion", "generated", "error", "message", "errors", "detail"))
_NOT_A_LIST = "the versions of the chart are not a list"


@dataclass
class Survey:
    """What a document holds: `root` and `entries` are kinds of nodes, `entries` empty if missing.

    `top` has the values of `TOP_KEYS` that are there, `names` how often each chart is listed.
    """

    root: str = "nothing"
    entries: str = ""
    text: Any = None
    top: dict[str, Any] = field(default_factory=dict)
    keys: int = 0
    names: Counter[str] = field(default_factory=Counter)


def survey(reader: Reader, count: Callable[[int], None]) -> Survey:
    """Return what the document holds; `count` is told the number of entries as it grows."""
    found = Survey()
    first: Any = reader.start()
    if first is None:
        return found
    found.root = reader.kind(first)
    if found.root == "mapping":
        for key, value in _entries(reader, first):
            found.keys += 1
            if key == "entries":
                _survey_charts(reader, value, found, count)
            elif key in TOP_KEYS and key not in found.top:
                found.top[key] = reader.build(value)
            else:
                reader.skip(value)
    elif found.root == "scalar":
        found.text = reader.build(first)
    else:
        reader.skip(first)
    reader.end()
    return found


def read_charts(reader: Reader, found: Survey, known: Mapping[str, str]) -> Iterator[ChartListing]:
    """Yield the charts of a document that `survey` found sound, each name once."""
    first: Any = reader.start()
    expected = Counter(found.names)
    begun: dict[str, list[Any]] = {}
    for key, value in _entries(reader, first):
        if key != "entries" or reader.kind(value) != "mapping":
            reader.skip(value)
            continue
        before = len(reader.faults)
        for name, versions in _entries(reader, value):
            content = read_versions(reader, versions)
            expected[name] -= 1
            if found.names[name] > 1:
                listed = content if type(content) is list else [Unreadable(_NOT_A_LIST)]
                content = begun.setdefault(name, [])
                content.extend(listed)
            if not expected[name]:
                yield _listing(name, content, known)
        for fault in reader.faults[before:]:
            if fault.kind == "not text":
                yield ChartListing(f"(line {fault.line})", skipped=[("", fault.text)])


def read_versions(reader: Reader, place: Any) -> Any:
    """Return the value of a chart's key, with `Unreadable` for each entry that is ambiguous."""
    if reader.kind(place) != "sequence":
        return _without_faults(reader, place)[0]
    built = []
    for element in _elements(reader, place):
        value, faults = _without_faults(reader, element)
        if faults:
            doubtful = any(fault.key == "version" for fault in faults)
            known = type(value) is dict and not doubtful
            version = printable(plain_text(value.get("version"))) if known else ""
            value = Unreadable(faults[0].text, version)
        built.append(value)
    return built


def _survey_charts(reader: Reader, place: Any, found: Survey, count: Callable[[int], None]) -> None:
    kind = reader.kind(place)
    if kind != "mapping":
        value, _ = _without_faults(reader, place)
        found.entries = found.entries or ("nothing" if value is None else kind)
        return
    found.entries = "mapping"
    total = 0
    for name, versions in _entries(reader, place):
        found.names[name] += 1
        if reader.kind(versions) != "sequence":
            reader.skip(versions)
            continue
        for element in _elements(reader, versions):
            reader.skip(element)
            total += 1
            count(total)


def _listing(name: str, content: Any, known: Mapping[str, str]) -> ChartListing:
    try:
        digest = "v:" + hashlib.blake2b(msgspec.json.encode(content), digest_size=16).hexdigest()
    except RecursionError:
        digest = ""
    if digest and known.get(name) == digest:
        return ChartListing(name, digest, unchanged=True)
    return read_chart_entries(name, content, digest)


def _without_faults(reader: Reader, place: Any) -> tuple[Any, list[Any]]:
    """Return the value at `place` and take the faults inside it off the reader's list."""
    before = len(reader.faults)
    value = reader.build(place)
    faults = reader.faults[before:]
    del reader.faults[before:]
    return value, faults


def _entries(reader: Reader, place: Any) -> Iterator[tuple[str, Any]]:
    # Places of the two readers differ in type, but are only ever given back to their own reader.
    return reader.entries(place)


def _elements(reader: Reader, place: Any) -> Iterator[Any]:
    return reader.elements(place)
