"""What opens below the header: the jobs that run, and what needs attention."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop.ui.destination import Destination
from desktop.ui.parts.buttons import button, icon_button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.state import StateLabel
from desktop.ui.parts.text import Elided, label
from desktop.ui.session import Listed, Session
from desktop.ui.sheet import styled

MOST = 12


class Popup(QFrame):
    """A list of registries under the button that opened it; Esc closes it."""

    def __init__(self, session: Session, title: str, below: QWidget) -> None:
        super().__init__(below.window(), Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        styled(self, "card")
        self.setAccessibleName(title)
        self.setFixedWidth(380)
        self._session = session
        self._below = below
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        column.addWidget(label(title, "section"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        column.addLayout(self._rows)

    def fill(self, rows: list[QWidget], more: int) -> None:
        clear(self._rows)
        for row in rows:
            self._rows.addWidget(row)
        if more > 0:
            self._rows.addWidget(label(f"and {more} more", "caption"))
        self.adjustSize()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        corner = self._below.mapToGlobal(QPoint(self._below.width(), self._below.height() + 4))
        self.move(corner.x() - self.width(), corner.y())

    def go(self, registry_id: str) -> None:
        self.close()
        self._session.go(Destination("registries", registry_id))


class JobsPopup(Popup):
    """What synchronizes now, each with its progress and a way to end it."""

    def __init__(self, session: Session, below: QWidget, cancel: Callable[[str], None]) -> None:
        super().__init__(session, "Running now", below)
        self._cancel = cancel
        session.listed_changed.connect(self._changed)
        self._show()

    def _changed(self, _registry_id: str) -> None:
        self._show()

    def _show(self) -> None:
        busy = [entry for entry in self._session.listed() if entry.activity != "idle"]
        if not busy:
            self.close()
            return
        self.fill([self._row(entry) for entry in busy[:MOST]], len(busy) - MOST)

    def _row(self, entry: Listed) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addWidget(Elided(entry.row.name, "strong"))
        bar = QProgressBar()
        bar.setTextVisible(False)
        bar.setAccessibleName(f"Progress of {entry.row.name}")
        total = entry.progress.total if entry.progress else None
        bar.setRange(0, total or 0)
        bar.setValue(entry.progress.done if entry.progress and total else 0)
        column.addWidget(bar)
        column.addWidget(Elided(entry.state.text, "caption"))
        line.addLayout(column, 1)
        registry_id = entry.row.id
        line.addWidget(
            icon_button("cancel", f"Cancel {entry.row.name}", lambda: self._cancel(registry_id))
        )
        return row


class AttentionPopup(Popup):
    """Which registries need attention, and the way there."""

    def __init__(self, session: Session, below: QWidget) -> None:
        super().__init__(session, "Needs attention", below)
        found = [entry for entry in session.listed() if entry.asks]
        self.fill([self._row(entry) for entry in found[:MOST]], len(found) - MOST)

    def _row(self, entry: Listed) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(Elided(entry.row.name, "strong"))
        state = StateLabel()
        state.show_state(entry.state)
        column.addWidget(state)
        line.addLayout(column, 1)
        registry_id = entry.row.id
        shown = button("Show", lambda: self.go(registry_id))
        shown.setAccessibleName(f"Show {entry.row.name}")
        line.addWidget(shown)
        return row
