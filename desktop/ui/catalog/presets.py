"""The presets of a version: ready-made changes of its values, of which each is shown in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop.ui.catalog.code import CodeView
from desktop.ui.catalog.looking import spelled
from desktop.ui.parts.table import Column, Table
from desktop.ui.parts.text import visible


@dataclass(frozen=True)
class Preset:
    """`text` says what it changes; of one group at most one preset is in use."""

    group: str
    title: str
    name: str
    text: str


def presets(fact: object) -> list[Preset]:
    """Return the presets that the facts of a version hold."""
    given = fact if isinstance(fact, list) else []
    return [_preset(one) for one in given if isinstance(one, dict)]


def _preset(said: Mapping[str, Any]) -> Preset:
    name = spelled(said.get("name", ""))
    lines = []
    if removed := said.get("remove"):
        lines += ["# Takes out of the values", spelled(removed), ""]
    if added := said.get("add"):
        text = added if isinstance(added, str) else spelled(added)
        lines += ["# Puts into the values", text.strip("\n"), ""]
    known = {"name", "displayName", "group", "add", "remove"}
    if rest := {key: value for key, value in said.items() if key not in known}:
        lines += ["# Besides", spelled(rest), ""]
    title = spelled(said.get("displayName") or name)
    return Preset(spelled(said.get("group", "")), title, name, "\n".join(lines))


class PresetsTab(QWidget):
    """A table of presets, and below it what the chosen one changes."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Table[Preset] = Table(
            self.tr("Presets"),
            [
                Column(self.tr("Group"), lambda row: visible(row.group), 140),
                Column(self.tr("Preset"), lambda row: visible(row.title), 0),
                Column(self.tr("Name"), lambda row: visible(row.name), 140),
            ],
        )
        self.table.setObjectName("presets")
        self._code = CodeView()
        self._code.setObjectName("preset")
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self._code)
        split.setSizes([160, 320])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(split)
        self.setFocusProxy(self.table)
        self.table.selectionModel().selectionChanged.connect(lambda _now, _before: self._show())

    def show_presets(self, found: Sequence[Preset]) -> None:
        if list(found) != list(self.table.rows.rows):
            self.table.rows.show_rows(found)
            self.table.selectRow(0)

    def _show(self) -> None:
        chosen = self.table.chosen
        if chosen is not None:
            self._code.show_text(chosen.text, self.tr("What {0} changes").format(chosen.title))
