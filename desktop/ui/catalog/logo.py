"""The picture that a publisher gave to an artifact; strangers made it, so little of it is read."""

from __future__ import annotations

import base64
import binascii

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui.icons import paint
from desktop.ui.theme import colors

LARGEST_SIDE, MEGABYTES = 1024, 64
LONGEST = 1024 * 1024
"""Letters of base64 that are looked at."""
SIDE, SMALL = 40, 20
DIMMED = "#e4e6eb"
"""The tile among dark colors: light enough for what is drawn in black, but not glaring."""
_KEPT = 4 * SIDE
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", b"png"),
    (b"\xff\xd8\xff", b"jpeg"),
    (b"GIF87a", b"gif"),
    (b"GIF89a", b"gif"),
)


def decode(text: str) -> QImage | None:
    """Return a picture small enough to be shown; None for what is none, or is too large.

    PNG, JPEG, GIF and WEBP are read, of several frames the first. Not for the window's thread.
    """
    if len(text) > LONGEST:
        return None
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    shape = _format(content)
    if not shape:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    QImageReader.setAllocationLimit(MEGABYTES)
    reader = QImageReader(buffer, QByteArray(shape))
    # What the content claims to be does not choose who reads it.
    reader.setAutoDetectImageFormat(False)
    size = reader.size()
    if not size.isValid() or max(size.width(), size.height()) > LARGEST_SIDE:
        return None
    image = reader.read()
    if image.isNull():
        return None
    return image.scaled(
        QSize(_KEPT, _KEPT),
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def _format(content: bytes) -> bytes:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return b"webp"
    return next((shape for magic, shape in _MAGIC if content.startswith(magic)), b"")


class LogoPicture(QWidget):
    """A logo on a light tile, since many are drawn in black; without one an icon."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self._symbol = symbol
        self._image: QImage | None = None
        self.setFixedSize(SMALL, SMALL)

    def show_icon(self, symbol: str) -> None:
        self._symbol = symbol
        self.show_logo(None)

    def show_logo(self, image: QImage | None) -> None:
        self._image = image
        side = SIDE if image is not None else SMALL
        self.setFixedSize(side, side)
        self.update()

    @property
    def has_logo(self) -> bool:
        return self._image is not None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is None:
            paint(painter, self.rect(), self._symbol, "secondary")
        else:
            tile = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            path = QPainterPath()
            path.addRoundedRect(tile, 8, 8)
            painter.fillPath(path, QColor(DIMMED if colors().dark else "white"))
            inner = tile.adjusted(4, 4, -4, -4)
            size = self._image.size().scaled(
                inner.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio
            )
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(inner.center())
            painter.drawImage(place, self._image)
            painter.setPen(QPen(QColor(colors().hairline), 1))
            painter.drawPath(path)
        painter.end()
