"""Tables of rows that are all there: a title, a text and a width for each column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.icons import paint as paint_icon
from desktop.ui.parts.text import tooltip
from desktop.ui.theme import BODY, colors, font

R = TypeVar("R")
ROW_PIXELS = 28
_EDGE, _ICON, _GAP = 8, 14, 6
_SYMBOL, _LEVEL = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column(Generic[R]):
    """`width` is in pixels, 0 takes what is left; `level` colors a cell as a `words.Level`.

    `symbol` names an icon before the text. What is good or quiet colors the icon alone. `tip` is
    the whole of what `text` shows shortened.
    """

    title: str
    text: Callable[[R], str]
    width: int = 0
    number: bool = False
    level: Callable[[R], str] | None = None
    symbol: Callable[[R], str] | None = None
    tip: Callable[[R], str] | None = None


class Rows(QAbstractTableModel, Generic[R]):
    """Values as rows of a table."""

    def __init__(self, columns: Sequence[Column[R]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = list(columns)
        self._rows: list[R] = []

    @property
    def rows(self) -> Sequence[R]:
        return self._rows

    def show_rows(self, rows: Sequence[R]) -> None:
        """Show these rows instead of those before."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self._columns[section].title
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return int(_RIGHT if self._columns[section].number else LEFT)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column, row = self._columns[index.column()], self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(column.text(row).split())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip((column.tip or column.text)(row))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_RIGHT if column.number else LEFT)
        if role == _LEVEL:
            return column.level(row) if column.level else ""
        if role == _SYMBOL:
            return column.symbol(row) if column.symbol else ""
        return None


class CellDelegate(QStyledItemDelegate):
    """Paints a cell: icon and one line of text, with room at both sides."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found, cell = colors(), QRect(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(cell, QColor(found.selected))
            focused = option.widget is not None and option.widget.hasFocus()
            if focused and index.column() == 0:
                painter.fillRect(cell.adjusted(0, 0, 2 - cell.width(), 0), QColor(found.accent))
        cell.adjust(_EDGE, 0, -_EDGE, 0)
        symbol, level = str(index.data(_SYMBOL) or ""), str(index.data(_LEVEL) or "")
        if symbol:
            place = QRect(cell.left(), cell.center().y() - _ICON // 2 + 1, _ICON, _ICON)
            paint_icon(painter, place, symbol, level or "secondary")
            cell.adjust(_ICON + _GAP, 0, 0, 0)
        calm = level in ("", "good", "quiet")
        painter.setPen(QColor(found.text if calm else found.level(level)))
        chosen = font(BODY)
        painter.setFont(chosen)
        line = QFontMetrics(chosen).elidedText(
            str(index.data() or ""), Qt.TextElideMode.ElideRight, cell.width()
        )
        painter.drawText(cell, int(index.data(Qt.ItemDataRole.TextAlignmentRole)), line)
        painter.restore()


class Table(QTableView, Generic[R]):
    """A calm table: no grid, whole rows, Tab leaves it, Enter takes a row."""

    def __init__(self, name: str, columns: Sequence[Column[R]]) -> None:
        """`name` is what a screen reader calls the table."""
        super().__init__()
        self.rows: Rows[R] = Rows(columns, self)
        self.setModel(self.rows)
        self.setItemDelegate(CellDelegate(self))
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_PIXELS)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(32)
        for place, column in enumerate(columns):
            mode = QHeaderView.ResizeMode.Interactive if column.width else None
            header.setSectionResizeMode(place, mode or QHeaderView.ResizeMode.Stretch)
            if column.width:
                self.setColumnWidth(place, column.width)

    @property
    def chosen(self) -> R | None:
        """The selected row; None without one."""
        index = self.currentIndex()
        return self.rows.rows[index.row()] if index.isValid() else None


def inset(widget: QWidget) -> QVBoxLayout:
    """Return a layout around tables in which their text begins where a page's other text does."""
    made = QVBoxLayout()
    made.setContentsMargins(24 - _EDGE, 0, _EDGE, 0)
    made.addWidget(widget)
    return made
