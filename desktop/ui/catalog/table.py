"""The catalog's table: painted by hand, so that a million rows scroll like ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from desktop.store.browse import Sort
from desktop.ui.catalog.columns import CatalogColumn, Row, second_name
from desktop.ui.catalog.model import CatalogModel
from desktop.ui.icons import of_kind, pixmap
from desktop.ui.theme import Colors, colors

ROW_PIXELS = 32
ICON = 16
LEAST_REST = 140
MARKS = {
    "compliant": ("shield-check", "good"),
    "not_compliant": ("shield-alert", "attention"),
    "conflicting": ("shield-alert", "attention"),
}
"""Icon and color of a FIPS status behind a name; each has an icon of its own, not just a color."""
_SELECTED = QStyle.StateFlag.State_Selected
_FOCUSED = QStyle.StateFlag.State_HasFocus


class RowPainter(QStyledItemDelegate):
    """Paints a cell with one question to the model, and nothing that a style would add."""

    def __init__(self, table: CatalogTable) -> None:
        super().__init__(table)
        self._table = table
        self._pictures: dict[tuple[str, str], QPixmap] = {}
        self._colors: Colors = colors()
        self._metrics = QFontMetrics(table.font())

    def prepare(self) -> None:
        """Read the colors and the font of the moment, once for a picture of the whole table."""
        self._colors = colors()
        self._metrics = QFontMetrics(self._table.font())

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        model = self._table.rows
        place, column = index.row(), index.column()
        rect: QRect = option.rect
        state = option.state
        if state & _SELECTED:
            painter.fillRect(rect, QColor(self._colors.selected))
        elif place == self._table.hovered:
            painter.fillRect(rect, QColor(self._colors.hover))
        text, second = model.text(place, column), ""
        left = rect.left() + 8
        shown = model.columns[column]
        if column == 0:
            left = rect.left() + 12
            row = model.row_at(place)
            second = second_name(row) if row is not None else ""
            if row is not None:
                top = rect.top() + (rect.height() - ICON) // 2
                painter.drawPixmap(left, top, self._picture(of_kind(row.kind)))
            left += ICON + 8
        if not text:
            return
        faded = model.is_faded(place)
        width = rect.right() - left - (8 if shown.number else 4)
        if column == 0 and (mark := MARKS.get(model.mark(place))) is not None:
            width -= ICON + 6
            top = rect.top() + (rect.height() - ICON) // 2
            painter.drawPixmap(left + width + 6, top, self._picture(*mark))
        painter.setPen(QColor(self._color(shown, faded)))
        side = Qt.AlignmentFlag.AlignRight if shown.number else Qt.AlignmentFlag.AlignLeft
        painter.drawText(
            left,
            rect.top(),
            width,
            rect.height(),
            int(side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
            self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width),
        )
        if second and (room := width - self._metrics.horizontalAdvance(text) - 8) > ICON:
            painter.setPen(QColor(self._colors.faint))
            painter.drawText(
                rect.adjusted(left - rect.left() + width - room, 0, 0, 0),
                int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
                self._metrics.elidedText(second, Qt.TextElideMode.ElideRight, room),
            )

    def _color(self, column: CatalogColumn, faded: bool) -> str:
        if faded and column.key in ("description", "state"):
            return self._colors.attention
        return self._colors.secondary if column.quiet or faded else self._colors.text

    def _picture(self, symbol: str, color: str = "secondary") -> QPixmap:
        key = (symbol, getattr(self._colors, color))
        if key not in self._pictures:
            self._pictures[key] = pixmap(symbol, ICON, color, 2.0)
        return self._pictures[key]


def fitting(columns: Sequence[CatalogColumn], width: int) -> frozenset[int]:
    """Return the places of the columns that fit into a width in pixels.

    Those of the highest rank go first, the last of them before the others.
    """
    places = list(range(len(columns)))
    for place in sorted(places, key=lambda place: (-columns[place].rank, -place)):
        if sum(columns[each].width or LEAST_REST for each in places) <= width:
            break
        if columns[place].rank:
            places.remove(place)
    return frozenset(places)


class CatalogTable(QTableView):
    """Keyboard and mouse of the table; what they mean is the page's business."""

    chosen = Signal()
    """Another row is the current one, or none is."""
    opened = Signal()
    """Enter or a double click."""
    copied = Signal()
    typed = Signal(object)
    """A key that belongs into the search: a `QKeyEvent`."""
    left = Signal()
    """Esc."""
    menu_asked = Signal(object)
    """A place on the screen for the menu of the chosen row."""
    widened = Signal()
    """Somebody gave a column another width; `widths` has it."""
    sorted_by = Signal(object, bool)
    """A `CatalogColumn` and whether descending; None for the order of relevance."""

    def __init__(self, model: CatalogModel) -> None:
        super().__init__()
        self.rows = model
        self.hovered = -1
        self._entering = False
        self._fitted: tuple[Sequence[CatalogColumn], frozenset[int]] = ((), frozenset())
        self._fitting = False
        self.widths: dict[str, int] = {}
        """In pixels, by the keys of columns to which somebody gave another width."""
        self.setObjectName("catalog")
        self.setAccessibleName(self.tr("Catalog"))
        self._painter = RowPainter(self)
        self.setItemDelegate(self._painter)
        self.setModel(model)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(ROW_PIXELS)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(ROW_PIXELS)
        self.verticalHeader().setDefaultSectionSize(ROW_PIXELS)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(True)
        header.setMinimumSectionSize(48)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self._header_clicked)
        header.sectionResized.connect(self._section_resized)
        self.activated.connect(lambda _index: self.opened.emit())

    def fit_columns(self) -> None:
        """Give every column its width; what there is no room for is left out.

        What is left over has the last column, or else the names.
        """
        wished = [replace(c, width=self._width(c)) for c in self.rows.columns]
        shown = fitting(wished, self.viewport().width())
        if (self.rows.columns, shown) == self._fitted:
            return
        self._fitted = (self.rows.columns, shown)
        header = self.horizontalHeader()
        mode = QHeaderView.ResizeMode
        self._fitting = True
        rest = max((place for place in shown if not self.rows.columns[place].width), default=0)
        for place, column in enumerate(self.rows.columns):
            self.setColumnHidden(place, place not in shown)
            header.setSectionResizeMode(place, mode.Stretch if place == rest else mode.Interactive)
            if place != rest and column.width:
                self.setColumnWidth(place, self._width(column))
        self._fitting = False

    def _width(self, column: CatalogColumn) -> int:
        return self.widths.get(column.key, column.width) if column.width else 0

    def _section_resized(self, place: int, _before: int, width: int) -> None:
        """Remember a width that somebody chose; the column that has the rest follows by itself."""
        by_hand = QHeaderView.ResizeMode.Interactive
        header, columns = self.horizontalHeader(), self.rows.columns
        if self._fitting or place >= len(columns) or header.isSectionHidden(place):
            return
        if header.sectionResizeMode(place) == by_hand and width != self._width(columns[place]):
            self.widths[columns[place].key] = width
            self.widened.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()

    def show_sort(self, sort: Sort, column: str, descending: bool) -> None:
        """Show by what the rows are sorted, without telling that it was chosen."""
        header = self.horizontalHeader()
        keys = [(each.sort, each.column) for each in self.rows.columns]
        place = keys.index((sort, column)) if (sort, column) in keys else -1
        header.blockSignals(True)
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(place, order)
        header.blockSignals(False)
        header.viewport().update()

    def _header_clicked(self, place: int, order: Qt.SortOrder) -> None:
        there = 0 <= place < len(self.rows.columns) and self.rows.columns[place].sort
        column = self.rows.columns[place] if there else None
        self.sorted_by.emit(column, order == Qt.SortOrder.DescendingOrder)

    @property
    def row(self) -> Row | None:
        """The chosen row; None without one."""
        index = self.currentIndex()
        if not index.isValid() or not self.selectionModel().isSelected(index):
            return None
        return self.rows.row_at(index.row())

    @property
    def top_id(self) -> int:
        """The id of the first row in sight; 0 without one."""
        place, ids = max(self.rowAt(0), 0), self.rows.ids
        return ids[place] if place < len(ids) else 0

    def stay(self, chosen: int, top: int) -> None:
        """Be where one was, by the ids of two rows, as far as they are still there."""
        place = self.rows.place_of(chosen) if chosen else -1
        if place >= 0:
            self.blockSignals(True)
            self.go_to(place)
            self.blockSignals(False)
        place = self.rows.place_of(top) if top else -1
        if place >= 0:
            self.scrollTo(self.rows.index(place, 0), self.ScrollHint.PositionAtTop)

    def enter(self, *, there: bool) -> None:
        """Take the keyboard and choose the first row; where it is not `there` yet, once it is."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._entering = not there
        if there and self.rows.ids:
            self.go_to(0)

    def arrived(self) -> None:
        """Do what `enter` asked for: what is shown now is the answer to the search."""
        if self._entering and self.rows.ids:
            self._entering = False
            self.go_to(0)

    def go_to(self, place: int) -> None:
        """Choose a row and bring it into sight."""
        self.setCurrentIndex(self.rows.index(place, 0))

    # Qt's calls

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.chosen.emit()

    def paintEvent(self, event: object) -> None:
        self._painter.prepare()
        super().paintEvent(event)  # type: ignore[arg-type]

    def mouseMoveEvent(self, event: object) -> None:
        super().mouseMoveEvent(event)  # type: ignore[arg-type]
        self._hover(self.rowAt(event.position().toPoint().y()))  # type: ignore[attr-defined]

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        place = self.visualRect(self.currentIndex()).bottomLeft() if by_key else event.pos()
        self.menu_asked.emit(self.viewport().mapToGlobal(place))

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)  # type: ignore[arg-type]
        self._hover(-1)

    def _hover(self, place: int) -> None:
        if place != self.hovered:
            self.hovered = place
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.ShiftModifier,
        )
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copied.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.row is not None:
                self.opened.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Home and self.rows.ids:
            self.go_to(0)
        elif event.key() == Qt.Key.Key_End and self.rows.ids:
            self.go_to(len(self.rows.ids) - 1)
        elif plain and (
            (event.text().strip().isprintable() and event.text().strip())
            or event.key() == Qt.Key.Key_Backspace
        ):
            self.typed.emit(event)
        else:
            super().keyPressEvent(event)


def type_on(field: QLineEdit, event: QKeyEvent) -> None:
    """Go on in a field with a key that was pressed somewhere else."""
    field.setFocus(Qt.FocusReason.OtherFocusReason)
    field.end(False)
    key = QKeyEvent(QEvent.Type.KeyPress, event.key(), event.modifiers(), event.text())
    QApplication.sendEvent(field, key)
