"""Icons: our own monoline SVG files, painted in the colors of the moment.

Nothing from outside is ever read as SVG: a plugin names one of these icons.
"""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop.paths import resource
from desktop.ui.theme import colors

UNKNOWN = "server"
_KINDS = ("chart", "pack", "zarf", "image", "artifact")


def of_kind(kind: str) -> str:
    """Return the name of the icon of a kind; a plugin's own kind has that of `artifact`."""
    return kind if kind in _KINDS else "artifact"


def exists(name: str) -> bool:
    return bool(_source(name))


def icon(name: str, color: str = "") -> QIcon:
    """Return an icon; `color` is a field of `Colors`, by default secondary text."""
    return QIcon(_Engine(name if exists(name) else UNKNOWN, color))


def pixmap(name: str, size: int, color: str = "", ratio: float = 2.0) -> QPixmap:
    """Return an icon as a picture, `size` in device-independent pixels."""
    return icon(name, color).pixmap(QSize(size, size), ratio)


def paint(painter: QPainter, rect: QRect, name: str, color: str) -> None:
    """Paint an icon into `rect`; `color` is a field of `Colors`."""
    shown = name if exists(name) else UNKNOWN
    _renderer(shown, getattr(colors(), color)).render(painter, QRectF(rect))


@functools.cache
def _source(name: str) -> str:
    if not name.replace("-", "").isalnum():
        return ""
    try:
        return resource(f"icons/{name}.svg").read_text("utf-8")
    except FileNotFoundError:
        return ""


@functools.cache
def _renderer(name: str, color: str) -> QSvgRenderer:
    text = _source(name).replace("currentColor", color)
    return QSvgRenderer(QByteArray(text.encode()))


class _Engine(QIconEngine):
    """Paints at any size, in the color that is right when it is painted."""

    def __init__(self, name: str, color: str) -> None:
        super().__init__()
        self._name = name
        self._color = color

    def _shown(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        if mode == QIcon.Mode.Disabled:
            return colors().disabled
        if self._color:
            found: str = getattr(colors(), self._color)
            return found
        active = state == QIcon.State.On or mode == QIcon.Mode.Selected
        return colors().text if active else colors().secondary

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        # Where an icon is given more than its square, that is room before the words beside it.
        side = min(rect.width(), rect.height())
        square = QRectF(rect.left(), rect.top() + (rect.height() - side) / 2, side, side)
        _renderer(self._name, self._shown(mode, state)).render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        if size.isEmpty():
            # A layout that is not done yet gives a button no room at all.
            return QPixmap()
        found = QPixmap(size)
        found.fill(Qt.GlobalColor.transparent)
        painter = QPainter(found)
        try:
            self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        finally:
            painter.end()
        return found

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._color)
