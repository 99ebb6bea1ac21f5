"""The top of a registry: its name, how it is in one line, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.parts.buttons import button, icon_button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.progress import ProgressLine
from desktop.ui.parts.state import LEVEL_ICONS
from desktop.ui.parts.text import Elided
from desktop.ui.registries import types
from desktop.ui.registries.commands import Command, RegistryCommands, fill
from desktop.ui.registries.holdings import Holdings
from desktop.ui.session import Listed, Session

NARROW = 440
"""Below this width the name of the registry matters more than the words on the buttons."""


class RegistryHeading(QWidget):
    """While the registry synchronizes: a progress line, *Cancel* and *Restart*."""

    def __init__(self, session: Session, commands: RegistryCommands, holdings: Holdings) -> None:
        super().__init__()
        self._session = session
        self._holdings = holdings
        self._commands = commands
        self._entry: Listed | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 4)
        column.setSpacing(4)
        top = QHBoxLayout()
        top.setSpacing(6)
        self._name = Elided("", "title")
        top.addWidget(self._name, 1)
        self._sync = self._button("sync-registry", self.tr("Synchronize"), "sync")
        self._ways = icon_button(
            "chevron-down",
            self.tr("More ways to synchronize"),
            lambda: self._open(self._ways, self._ways_of),
        )
        self._cancel = self._button("cancel-sync", self.tr("Cancel"), "cancel")
        self._restart = self._button("restart-sync", self.tr("Restart"), "restart")
        self._more = icon_button(
            "more",
            self.tr("More actions"),
            lambda: self._open(self._more, self._commands_of),
        )
        self._more.setObjectName("more-actions")
        for widget in (self._sync, self._ways, self._cancel, self._restart, self._more):
            top.addWidget(widget)
        column.addLayout(top)
        line = QHBoxLayout()
        line.setSpacing(6)
        self._symbol = Picture()
        self._line = Elided("", "secondary")
        line.addWidget(self._symbol)
        line.addWidget(self._line, 1)
        column.addLayout(line)
        self._progress = ProgressLine()
        self._progress.setAccessibleName(self.tr("Progress of the synchronization"))
        stays = self._progress.sizePolicy()
        stays.setRetainSizeWhenHidden(True)
        self._progress.setSizePolicy(stays)
        column.addWidget(self._progress)

    def _button(self, name: str, text: str, symbol: str) -> QPushButton:
        made = button(text, symbol=symbol)
        made.setObjectName(name)
        made.setAccessibleName(text)
        made.clicked.connect(lambda _checked=False: self._do(name))
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        for made in (self._sync, self._cancel, self._restart):
            made.setText("" if narrow else made.accessibleName())
            made.setIconSize(QSize(16, 16) if narrow else QSize(20, 16))

    def show_registry(self, entry: Listed) -> None:
        self._entry = entry
        row, busy = entry.row, entry.activity != "idle"
        self._show_text(self._name, row.name)
        self._show_text(self._line, self._summary(entry))
        self._symbol.show_icon(LEVEL_ICONS[entry.state.level], entry.state.level)
        self._sync.setVisible(not busy)
        self._ways.setVisible(not busy)
        self._cancel.setVisible(busy)
        self._restart.setVisible(busy)
        self._progress.setVisible(busy)
        self._progress.show_share(entry.state.share)
        for name, widget in (
            ("sync-registry", self._sync),
            ("cancel-sync", self._cancel),
            ("restart-sync", self._restart),
        ):
            why_not = self._command(name).why_not
            widget.setEnabled(not why_not)
            said = widget.accessibleName()
            widget.setToolTip(why_not or (f"{said} (F5)" if widget is self._sync else said))
        self._cancel.setEnabled(self._cancel.isEnabled() and entry.activity != "cancelling")
        self._ways.setEnabled(self._sync.isEnabled())

    def _show_text(self, widget: Elided, text: str) -> None:
        if widget.text() != text:
            widget.setText(text)
            widget.setAccessibleName(text)

    def _summary(self, entry: Listed) -> str:
        """Return type, state, contents and what comes next, on one line."""
        row, session = entry.row, self._session
        held = self._holdings.said(row.id) or types.contents(session, row)
        parts = [types.title(session, row), entry.state.text, held]
        usable = not {"plugin-missing", "disabled"} & set(entry.conditions)
        if entry.activity == "idle" and session.is_ready and usable:
            moment = session.app.next_run(row)
            if moment is not None:
                next_time = words.until(moment, session.now())
                due = self.tr("due now"), self.tr("next {when}").format(when=next_time)
                parts.append(due[next_time != "now"])
            elif not row.automatic:
                parts.append(self.tr("only when you ask"))
        return " · ".join(part for part in parts if part)

    # What the buttons do

    def _command(self, name: str) -> Command:
        assert self._entry is not None
        made = {
            "sync-registry": self._commands.sync,
            "cancel-sync": self._commands.cancel,
            "restart-sync": self._commands.restart,
        }[name]
        return made([self._entry])

    def _do(self, name: str) -> None:
        if self._entry is not None:
            self._command(name).act()

    def _ways_of(self, entry: Listed) -> list[Command | None]:
        # The way to *Restart* stands beside a synchronization that runs.
        return [self._commands.sync([entry]), self._commands.read_anew([entry])]

    def _commands_of(self, entry: Listed) -> list[Command | None]:
        return self._commands.for_menu([entry])

    def _open(self, below: QWidget, made: Callable[[Listed], list[Command | None]]) -> None:
        if self._entry is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill(menu, made(self._entry))
        corner = below.mapToGlobal(QPoint(below.width(), below.height() + 2))
        menu.popup(QPoint(corner.x() - menu.sizeHint().width(), corner.y()))
