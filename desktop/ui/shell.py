"""The window as the system sees it; it is there, with the first rows, before the rest is loaded.

What it shows at first is painted here in one go, from what `sqlite3` alone can tell. The main
window takes that place as soon as it is made, which is a tenth of a second later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget

TITLE = "Registry Desktop — Kubernetes registries: OCI, Helm, packs"
SIZE, LEAST = (1180, 760), (760, 480)
HEADER, SIDEBAR, LIST, ROW = 52, 156, 300, 44
NARROW, NARROW_SIDEBAR = 940, 60
UNSEEN_MILLISECONDS = 1000
_PLACES = ("Home", "Registries", "Catalog", "Changes", "Settings")


class Shell(QMainWindow):
    """Holds the main window; closing it closes that."""

    closing = Signal()

    def __init__(self, first: QWidget | None = None) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setMinimumSize(*LEAST)
        self.resize(*SIZE)
        if first is not None:
            self.setCentralWidget(first)

    def show_window(self, window: QWidget) -> None:
        """Put a main window into the place of what is shown; one before it is the caller's."""
        before = self.takeCentralWidget()
        if before is not None:
            before.hide()
        if isinstance(before, Glance):
            before.deleteLater()
        self.setCentralWidget(window)

    def restore(self, prefs: QSettings) -> None:
        """Be where, and as large as, the window was when it was closed."""
        geometry = prefs.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)


class Glance(QWidget):
    """The frame of the window and the names of the registries, as far as one can be quick."""

    def __init__(
        self, rows: Sequence[tuple[str, str]], page: str, *, dark: bool, painted: Callable[[], None]
    ) -> None:
        """`painted` is called once, after the first picture or where none comes after a second."""
        super().__init__()
        self._rows = rows if page == "registries" else ()
        self._page = page
        self._dark = dark
        self._painted: Callable[[], None] | None = painted
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._told)
        self._timer.start(UNSEEN_MILLISECONDS)

    def _told(self) -> None:
        painted, self._painted = self._painted, None
        if painted is not None:
            painted()

    def paintEvent(self, event: QPaintEvent) -> None:
        from desktop.ui.theme import DARK, LIGHT

        c = DARK if self._dark else LIGHT
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(c.window))
        side = NARROW_SIDEBAR if self.width() < NARROW else SIDEBAR
        painter.fillRect(0, HEADER, side, self.height(), QColor(c.sidebar))
        painter.fillRect(0, HEADER, self.width(), 1, QColor(c.hairline))
        painter.fillRect(side - 1, HEADER, 1, self.height(), QColor(c.hairline))
        font = QFont(painter.font())
        font.setPixelSize(13)
        painter.setFont(font)
        if side == SIDEBAR:
            self._paint_places(painter, c.text, c.secondary)
        if self._rows:
            self._paint_rows(painter, side, c.text, c.secondary, c.hairline)
        painter.end()
        self._timer.start(0)

    def _paint_places(self, painter: QPainter, text: str, secondary: str) -> None:
        for number, name in enumerate(_PLACES):
            top = HEADER + 12 + 37 * number if name != "Settings" else self.height() - 48
            painter.setPen(QColor(text if name.lower() == self._page else secondary))
            painter.drawText(QRect(43, top, SIDEBAR - 50, 35), _MIDDLE, name)

    def _paint_rows(
        self, painter: QPainter, left: int, text: str, secondary: str, hairline: str
    ) -> None:
        top = HEADER + 52
        painter.fillRect(left + LIST, HEADER, 1, self.height(), QColor(hairline))
        for number, (name, kind) in enumerate(self._rows):
            y = top + ROW * number
            if y > self.height():
                break
            painter.setPen(QColor(text))
            painter.drawText(QRect(left + 42, y + 4, LIST - 52, 18), _MIDDLE, name)
            painter.setPen(QColor(secondary))
            painter.drawText(QRect(left + 42, y + 22, LIST - 52, 16), _MIDDLE, kind)


_MIDDLE = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
