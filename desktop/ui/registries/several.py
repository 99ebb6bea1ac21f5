"""What is shown where several registries are chosen: how they are, and what can be done at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from desktop.engine import words
from desktop.ui.parts.buttons import button
from desktop.ui.parts.state import LEVEL_ICONS
from desktop.ui.parts.table import Column, Table, inset
from desktop.ui.parts.text import label
from desktop.ui.registries import types
from desktop.ui.registries.commands import Command, RegistryCommands
from desktop.ui.session import Listed, Session
from desktop.ui.sheet import styled


class SeveralRegistries(QFrame):
    """Buttons with their counts, and the registries with their states."""

    def __init__(self, session: Session, commands: RegistryCommands) -> None:
        super().__init__()
        styled(self, "panel")
        self._session = session
        self._commands = commands
        self._offered: list[Command] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(4)
        top = QVBoxLayout()
        top.setContentsMargins(24, 0, 24, 8)
        top.setSpacing(4)
        self._title = label("", "title")
        self._summary = label("", "secondary", wrap=True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._made: dict[str, QPushButton] = {}
        for name in ("sync", "cancel", "hide", "unhide", "remove"):
            self._made[name] = button("", partial(self._do, name))
            self._made[name].setObjectName(f"{name}-several")
            self._buttons.addWidget(self._made[name])
        self._buttons.addStretch(1)
        for part in (self._title, self._summary):
            top.addWidget(part)
        top.addSpacing(8)
        top.addLayout(self._buttons)
        column.addLayout(top)
        self._table = Table(self.tr("Chosen registries"), self._columns())
        self._table.setObjectName("several")
        column.addLayout(inset(self._table), 1)

    def _columns(self) -> list[Column[Listed]]:
        return [
            Column(self.tr("Name"), lambda entry: entry.row.name, 200),
            Column(self.tr("Type"), lambda entry: types.title(self._session, entry.row), 120),
            Column(
                self.tr("State"),
                lambda entry: entry.state.text,
                level=lambda entry: entry.state.level,
                symbol=lambda entry: LEVEL_ICONS[entry.state.level],
            ),
            Column(
                self.tr("Contents"),
                lambda entry: types.contents(self._session, entry.row),
                110,
                number=True,
            ),
        ]

    def show_several(self, chosen: Sequence[Listed]) -> None:
        self._title.setText(words.counted(len(chosen), "registry", "registries"))
        self._summary.setText(self._said(chosen))
        self._offered = [c for c in self._commands.for_several(chosen) if c is not None]
        offered = {command.name: command for command in self._offered}
        for name, made in self._made.items():
            command = offered.get(name)
            made.setVisible(command is not None)
            if command is not None:
                made.setText(command.text)
                made.setEnabled(not command.why_not)
                made.setToolTip(command.why_not)
        place = self._table.verticalScrollBar().value()
        self._table.rows.show_rows(chosen)
        self._table.verticalScrollBar().setValue(place)

    def _said(self, chosen: Sequence[Listed]) -> str:
        """Return how they are, worst first."""
        levels = Counter[str](entry.state.level for entry in chosen)
        named = {
            "bad": self.tr("{count} failed"),
            "attention": self.tr("{count} need attention"),
            "busy": self.tr("{count} synchronizing"),
            "quiet": self.tr("{count} never synchronized"),
            "good": self.tr("{count} synchronized"),
        }
        parts = [
            said.format(count=f"{levels[level]:,}")
            for level, said in named.items()
            if levels[level]
        ]
        artifacts = sum(entry.row.artifacts for entry in chosen)
        if artifacts:
            parts.append(words.counted(artifacts, "artifact"))
        return " · ".join(parts)

    def _do(self, name: str) -> None:
        for command in self._offered:
            if command.name == name:
                command.act()
                return
