"""The state of a registry: always a word, an icon and a color."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.engine.words import State
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import Elided
from desktop.ui.sheet import styled

LEVEL_ICONS = {
    "good": "circle-check",
    "busy": "sync",
    "quiet": "circle",
    "attention": "warning",
    "bad": "circle-alert",
}


class StateLabel(QWidget):
    """A state in one line."""

    def __init__(self) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        self._icon = Picture()
        self._text = Elided()
        line.addWidget(self._icon)
        line.addWidget(self._text, 1)

    def show_state(self, state: State) -> None:
        self._icon.show_icon(LEVEL_ICONS[state.level], state.level)
        self._text.setText(state.text)
        self._text.update()
        styled(self._text, state.level)
        self.setAccessibleName(state.text)
