"""Text of several lines that is as high as what it holds."""

from __future__ import annotations

import math

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QFontMetricsF, QShowEvent
from PySide6.QtWidgets import QPlainTextEdit


class Lines(QPlainTextEdit):
    """A text of `least` to `most` lines; longer ones scroll. Tab goes on to the next field."""

    edited = Signal()
    """Somebody changed the text; `show_text` does not say so."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__()
        self._least, self._most = least, most
        self._quiet = False
        self.setTabChangesFocus(True)
        self.textChanged.connect(self._changed)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._fit())

    def show_text(self, text: str) -> None:
        self._quiet = True
        self.setPlainText(text)
        self._quiet = False

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Take plain text only, whatever else the clipboard offers."""
        plain = QMimeData()
        plain.setText(source.text())
        super().insertFromMimeData(plain)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _changed(self) -> None:
        if not self._quiet:
            self.edited.emit()

    def _fit(self) -> None:
        # A line is as high as its font in whole pixels; the metrics of integers round down.
        line = math.ceil(QFontMetricsF(self.font()).lineSpacing())
        # The document of a plain text edit is measured in lines.
        lines = min(max(int(self.document().size().height()), self._least), self._most)
        around = int(self.document().documentMargin()) * 2 + 14
        self.setFixedHeight(lines * line + around)
