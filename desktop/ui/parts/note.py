"""A sentence that stands out a little: what is special about what is shown below it."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout

from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled


class Note(QFrame):
    """Hidden until it has something to say."""

    def __init__(self, level: Literal["busy", "attention"] = "busy") -> None:
        super().__init__()
        styled(self, f"card-{level}")
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 10, 12, 10)
        line.setSpacing(10)
        picture = Picture("info" if level == "busy" else "warning", 16, level)
        self._text = label(wrap=True, select=True)
        line.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._text, 1)
        self.hide()

    def say(self, text: str) -> None:
        """Say something; nothing hides it."""
        self._text.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
