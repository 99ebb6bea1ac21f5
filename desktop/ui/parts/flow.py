"""Widgets one after another, in as many lines as they need."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Fills a line from the left and goes on below it; hidden widgets take no room."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 6) -> None:
        super().__init__(parent)
        self._there: list[QLayoutItem] = []
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._there.append(item)

    def count(self) -> int:
        return len(self._there)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._there[index] if 0 <= index < len(self._there) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        if not 0 <= index < len(self._there):
            return None
        return self._there.pop(index)

    def insert_widget(self, place: int, widget: QWidget) -> None:
        """Put a widget before the one that stands at `place`."""
        self.addWidget(widget)
        self._there.insert(place, self._there.pop())

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._there:
            if not item.isEmpty():
                size = size.expandedTo(item.minimumSize())
        around = self.contentsMargins()
        return size + QSize(around.left() + around.right(), around.top() + around.bottom())

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        """Return the height that the widgets need in this width, and perhaps put them there."""
        inner = rect.marginsRemoved(self.contentsMargins())
        x, y, height = inner.x(), inner.y(), 0
        line: list[tuple[QLayoutItem, QRect]] = []
        for item in self._there:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            width = min(size.width(), max(inner.width(), 1))
            if line and x + width > inner.x() + inner.width():
                self._end(line, height, move=move)
                x, y, height = inner.x(), y + height + self.spacing(), 0
            line.append((item, QRect(QPoint(x, y), QSize(width, size.height()))))
            x += width + self.spacing()
            height = max(height, size.height())
        self._end(line, height, move=move)
        around = self.contentsMargins()
        return y + height - rect.y() + around.bottom()

    def _end(self, line: list[tuple[QLayoutItem, QRect]], height: int, *, move: bool) -> None:
        """Put the widgets of a line on its middle."""
        for item, place in line:
            if move:
                item.setGeometry(place.translated(0, (height - place.height()) // 2))
        line.clear()
