"""An empty place: says what it is for and offers the first action."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.parts.buttons import button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import label


class EmptyPlace(QWidget):
    """An icon, a line, a sentence and perhaps a button, in the middle."""

    def __init__(
        self,
        symbol: str,
        title: str,
        text: str = "",
        action: str = "",
        act: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 32, 32, 32)
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(Picture(symbol, 40, "faint"), 0, Qt.AlignmentFlag.AlignCenter)
        self._title = label(title, "section", wrap=True)
        self._text = label(text, "secondary", wrap=True)
        for part in (self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        self.button = button(action, act, kind="primary") if action else None
        if self.button is not None:
            column.addSpacing(8)
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)
        self.set_words(title, text)

    def set_words(self, title: str, text: str) -> None:
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
