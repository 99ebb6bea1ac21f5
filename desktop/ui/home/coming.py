"""What runs next, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.engine import words
from desktop.ui.destination import Destination
from desktop.ui.parts.buttons import button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.text import label
from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.engine.attention import Coming


class ComingList(QWidget):
    """The next synchronizations that the schedule starts."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: object = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)

    def show_coming(self, coming: Sequence[Coming]) -> None:
        now = self._session.now()
        shown = [(entry.registry_id, entry.name, words.until(entry.at, now)) for entry in coming]
        if shown == self._shown:
            return  # what has the focus keeps it
        self._shown = shown
        clear(self._grid)
        self._grid.addWidget(label(self.tr("Runs next"), "section"), 0, 0, 1, 2)
        for line, entry in enumerate(coming, 1):
            name = button(entry.name.replace("&", "&&"), self._open(entry.registry_id), kind="link")
            name.setAccessibleName(f"Show {entry.name}")
            self._grid.addWidget(name, line, 0)
            when = label(words.until(entry.at, now), "secondary")
            self._grid.addWidget(when, line, 1, Qt.AlignmentFlag.AlignRight)
        if not coming:
            text = self.tr(
                "Nothing is scheduled. Registries are synchronized every 24 hours once they were "
                "synchronized for the first time."
            )
            self._grid.addWidget(label(text, "secondary", wrap=True), 1, 0, 1, 2)

    def _open(self, registry_id: str) -> Callable[[], None]:
        return lambda: self._session.go(Destination("registries", registry_id))
