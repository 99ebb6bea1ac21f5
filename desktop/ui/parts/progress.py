"""How far something is: a thin bar, that moves softly where nobody knows how much is left."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar

from desktop.ui.theme import colors

FRAME_MILLISECONDS = 50
THICK = 3
_ROUND_SECONDS = 1.6
_STEPS = 1000


def moves() -> bool:
    """Say whether things may move on the screen; the system can ask for stillness."""
    # Two names: the second object ends with the first, which nothing else holds.
    style = QGuiApplication.styleHints()
    hints = style.accessibility()
    # Known since Qt 6.12; before, nobody can be asked.
    preference: Any = getattr(hints, "motionPreference", None)
    return preference is None or bool(preference().name != "ReducedMotion")


def paint_progress(painter: QPainter, rect: QRectF, share: float | None) -> None:
    """Paint a bar; `share` is from 0.0 to 1.0, None where it is not known."""
    found = colors()
    radius = rect.height() / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(found.hairline))
    painter.drawRoundedRect(rect, radius, radius)
    painter.setBrush(QColor(found.accent))
    if share is not None:
        filled = QRectF(rect)
        filled.setWidth(max(rect.height(), rect.width() * min(max(share, 0.0), 1.0)))
        painter.drawRoundedRect(filled, radius, radius)
    elif not moves():
        painter.setOpacity(0.4)
        painter.drawRoundedRect(rect, radius, radius)
    else:
        part = time.monotonic() / _ROUND_SECONDS % 1.0
        width = rect.width() * 0.3
        start = rect.left() - width + part * (rect.width() + width)
        painter.setClipRect(rect)
        painter.drawRoundedRect(QRectF(start, rect.top(), width, rect.height()), radius, radius)
    painter.restore()


class ProgressLine(QProgressBar):
    """A progress bar of a few pixels; says its share to a screen reader where that is known."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextVisible(False)
        self.setFixedHeight(THICK)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MILLISECONDS)
        self._timer.timeout.connect(self.update)
        self.show_share(None)

    def show_share(self, share: float | None) -> None:
        self.setRange(0, 0 if share is None else _STEPS)
        if share is not None:
            self.setValue(round(share * _STEPS))
        self._run()
        self.update()

    def _run(self) -> None:
        if self.isVisible() and self.maximum() == 0 and moves():
            self._timer.start()
        else:
            self._timer.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        share = None if self.maximum() == 0 else self.value() / self.maximum()
        paint_progress(painter, QRectF(self.rect()), share)
        painter.end()
