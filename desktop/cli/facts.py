"""What a source says of a version, for people: short facts as a table, long ones in blocks.

What has no form of its own here is shown as the source gives it. What has, such as dependencies, is
not shown a second time; `--json` has both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from desktop.cli import tables
from desktop.cli.output import clean
from desktop.engine import words
from desktop.engine.details import LOGO, Section
from registrykit.artifacts import Column

_SHORT = 100
"""Letters of a list or a map that still go into one line."""
_FIRST = ("name", "displayName", "type")
"""Keys that say what an entry of a list is."""


def section(found: Section, columns: Sequence[Column], titles: Collection[str] = ()) -> Group:
    """Return a section of what is known of a version; `columns` are those of its kind.

    `titles` are those of all sections; a fact that one of them tells is left out.
    """
    content = found.content
    if found.kind == "facts" and isinstance(content, Mapping):
        return _facts(found.title, content, columns, titles)
    if found.kind == "dependencies":
        return tables.titled(found.title, _dependencies(content))
    if found.kind == "siblings":
        return tables.titled(found.title, _siblings(content))
    return tables.titled(found.title, _shown(content))


def document_line(found: Section) -> str:
    """Return what stands in the place of a document, which is printed by a command of its own."""
    command = f"shown by catalog document … {found.kind}"
    if found.kind == LOGO:
        size = words.size(found.content["size"])
        return f"{found.title}: a picture, {found.content['media_type']}, {size}, {command} --json"
    return f"{found.title}: {words.size(len(str(found.content).encode()))}, {command}"


def _facts(
    title: str, content: Mapping[str, Any], columns: Sequence[Column], told: Collection[str]
) -> Group:
    """Return facts with those first that have a column, and what is long behind all others."""
    titles = {column.key: column.title for column in columns}
    keys = [*(key for key in titles if key in content), *(k for k in content if k not in titles)]
    keys = [key for key in keys if _title(titles.get(key, key)) not in told]
    short = [(titles.get(key, key), _in_line(content[key])) for key in keys]
    blocks = [
        tables.titled(_heading(titles.get(key, key), content[key]), _shown(content[key]))
        for key, (_, line) in zip(keys, short, strict=True)
        if line is None
    ]
    table = tables.facts((clean(name), line) for name, line in short if line is not None)
    return Group(tables.titled(title, table), *blocks)


def _heading(title: str, value: Any) -> str:
    name = _title(title)
    return f"{name} ({len(value):,})" if isinstance(value, (list, tuple)) else name


def _title(key: str) -> str:
    return key[:1].upper() + key[1:]


def _in_line(value: Any) -> str | None:
    """Return a value as one line; None where it is too long or has parts of its own."""
    if isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value):
        return None
    line = tables.plain(value)
    is_plain = not isinstance(value, (list, tuple, Mapping))
    if "\n" in line.strip() or len(line) > (10 * _SHORT if is_plain else _SHORT):
        return None
    return line


def _shown(value: Any) -> RenderableType:
    """Return a value over as many lines as it needs."""
    if isinstance(value, Mapping):
        lines = {key: _in_line(part) for key, part in value.items()}
        short = ((clean(str(key)), line) for key, line in lines.items() if line is not None)
        return Group(tables.facts(short), *_parts(value, lines))
    if isinstance(value, (list, tuple)):
        return Group(*(line for one in value for line in _of_list(one)))
    return Text(clean(tables.plain(value), lines=True).rstrip())


def _of_list(value: Any) -> Iterator[RenderableType]:
    if isinstance(value, (Mapping, list, tuple)):
        yield from _entry(value if isinstance(value, Mapping) else {"": value})
    else:
        yield Text(clean(tables.plain(value)))


def _entry(value: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield a map in a list: what is short in one line, each longer part below it."""
    keys = [*(key for key in _FIRST if key in value), *(k for k in value if k not in _FIRST)]
    lines = {key: _in_line(value[key]) for key in keys}
    parts = [f"{clean(str(key))} {clean(line)}".strip() for key, line in lines.items() if line]
    if parts:
        yield Text(", ".join(parts))
    for part in _parts(value, lines):
        yield Padding(part, (0, 0, 0, 2), expand=False)


def _parts(value: Mapping[str, Any], lines: Mapping[str, str | None]) -> Iterator[RenderableType]:
    """Yield those parts of a map that have no line."""
    for key, line in lines.items():
        if line is None:
            yield Text(f"{clean(str(key))}:", "dim")
            yield Padding(_shown(value[key]), (0, 0, 0, 2), expand=False)


def _dependencies(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    made = tables.table("", "Name", "Version", "Kind", "")
    for row in rows:
        others = {k: v for k, v in row.items() if k not in ("name", "version", "kind", "optional")}
        said = ["optional"] if row.get("optional") else []
        said += [f"{key} {tables.plain(value)}" for key, value in others.items()]
        made.add_row(
            tables.text(row.get("name", "")),
            tables.text(row.get("version", "") or "any"),
            tables.text(row.get("kind", "")),
            tables.text(", ".join(said)),
        )
    return made


def _siblings(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    made = tables.table("", "Registry", "Path", "Tag", "")
    for row in rows:
        shown = (row["registry"], row["path"], row["tag"], row["summary"])
        made.add_row(*(tables.text(value) for value in shown))
    return made
