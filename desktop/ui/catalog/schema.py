"""Rules for values: `<path>:` with `schema: '{{ required | format … | hints "…" }}'` below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from PySide6.QtCore import QCoreApplication

from desktop.ui.parts.table import Column, Table
from desktop.ui.parts.text import visible

MOST_RULES, LONGEST, LONGEST_LINE = 2_000, 1024 * 1024, 2_000
_PATH = re.compile(r"^([^\s#:'\"][^#]*|'[^']*'|\"[^\"]*\"):$")
_RULE = re.compile(r"^\s+schema\s*:\s*(['\"])\{\{(.*)\}\}\1\s*$")
_FORMAT = re.compile(r'format\s+"\$\{([^"]*)\}"')
_HINTS = re.compile(r'hints\s+"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Rule:
    """What is said of one value."""

    path: str
    kind: str
    is_required: bool
    is_readonly: bool
    hint: str


def rules(text: str) -> list[Rule]:
    """Return the rules of a schema in this shape; none for one in any other.

    Takes time in proportion to the text, which a stranger wrote.
    """
    found: list[Rule] = []
    path = ""
    for line in text[:LONGEST].splitlines():
        if len(line) > LONGEST_LINE:
            return []
        if match := _PATH.match(line.rstrip()):
            path = match[1].rstrip().strip("'\"")
        elif path and (match := _RULE.match(line)):
            found.append(_rule(path, match[2].replace("''", "'")))
            path = ""
        elif line.strip() and not line.lstrip().startswith("#") and not line[:1].isspace():
            return []
        if len(found) == MOST_RULES:
            break
    return found


def common(found: Sequence[Rule]) -> str:
    """Return the beginning, with its last dot, that the paths of several rules share."""
    if len(found) < 2:
        return ""
    # Of sorted texts the first and the last have the least in common.
    first, last = min(rule.path for rule in found), max(rule.path for rule in found)
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    )
    return first[: first.rfind(".", 0, same) + 1]


def _rule(path: str, said: str) -> Rule:
    kind, hint = _FORMAT.search(said), _HINTS.search(said)
    bare = _HINTS.sub("", _FORMAT.sub("", said))
    flags = {part.strip() for part in bare.split("|")}
    return Rule(
        path,
        kind[1] if kind else "",
        "required" in flags,
        "readonly" in flags,
        hint[1] if hint else "",
    )


class RulesTable(Table[Rule]):
    """The rules, one in each line."""

    def __init__(self) -> None:
        def said(row: Rule) -> str:
            flags = [_tr("required")] if row.is_required else []
            return ", ".join([*flags, _tr("read-only")] if row.is_readonly else flags)

        self._below = ""
        super().__init__(
            _tr("Rules for values"),
            [
                Column(
                    _tr("Value"),
                    lambda row: visible(row.path[len(self._below) :]),
                    210,
                    tip=lambda row: row.path,
                ),
                Column(_tr("Format"), lambda row: visible(row.kind), 110),
                Column(_tr("Needed"), said, 80),
                Column(_tr("Hint"), lambda row: visible(row.hint), 0),
            ],
        )
        self.setObjectName("rules")

    def show_rules(self, found: Sequence[Rule]) -> str:
        """Show rules; return what all their paths begin with, which is left out of the rows."""
        self._below = common(found)
        self.rows.show_rows(found)
        return self._below.rstrip(".")


def _tr(text: str) -> str:
    return QCoreApplication.translate("RulesTable", text)
