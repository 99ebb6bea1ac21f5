"""An icon beside words, painted again when the colors change."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop.ui.icons import paint


class Picture(QWidget):
    """One of our icons in a fixed size; `color` is a field of `Colors`."""

    def __init__(self, symbol: str = "", size: int = 16, color: str = "secondary") -> None:
        super().__init__()
        self.setFixedSize(QSize(size, size))
        self._symbol = symbol
        self._color = color

    def show_icon(self, symbol: str, color: str) -> None:
        self._symbol, self._color = symbol, color
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._symbol:
            return
        painter = QPainter(self)
        paint(painter, QRect(0, 0, self.width(), self.height()), self._symbol, self._color)
        painter.end()
