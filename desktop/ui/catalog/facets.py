"""Facets: a button for each, that opens what can be chosen with how much there is of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.catalog.chips import Chip
from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import menu_text
from desktop.ui.sheet import styled
from desktop.ui.theme import colors

MOST_WITHOUT_FILTER = 8
ROW_PIXELS = 28
SHOWN_ROWS = 14
COUNT = Qt.ItemDataRole.UserRole
_SELECTED = QStyle.StateFlag.State_Selected
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Choice:
    """Something that can be ticked; `count` is how many rows it would leave."""

    key: str
    title: str
    count: int


class Choices(QAbstractListModel):
    """Ticked and unticked choices."""

    ticked = Signal()

    def __init__(self, chosen: set[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._all: list[Choice] = []
        self._shown: list[Choice] = []
        self.chosen = chosen

    def show_choices(self, choices: Sequence[Choice], text: str = "") -> None:
        self.beginResetModel()
        self._all = list(choices)
        self._narrow(text)
        self.endResetModel()

    def narrow(self, text: str) -> None:
        self.beginResetModel()
        self._narrow(text)
        self.endResetModel()

    def _narrow(self, text: str) -> None:
        wanted = text.casefold()
        self._shown = [choice for choice in self._all if wanted in choice.title.casefold()]

    def toggle(self, place: int) -> None:
        if 0 <= place < len(self._shown):
            self.chosen ^= {self._shown[place].key}
            index = self.index(place)
            self.dataChanged.emit(index, index)
            self.ticked.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        choice = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return choice.title
        if role == COUNT:
            return f"{choice.count:,}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{choice.title}, {choice.count:,}"
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, ROW_PIXELS)
        if role == Qt.ItemDataRole.CheckStateRole:
            there = choice.key in self.chosen
            return Qt.CheckState.Checked if there else Qt.CheckState.Unchecked
        return None


class _ChoicePainter(QStyledItemDelegate):
    """Puts the count to the right of what it counts."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        count = str(index.data(COUNT))
        place = option.rect
        shown = QStyleOptionViewItem(option)
        width = option.fontMetrics.horizontalAdvance(count) + 16
        super().paint(painter, shown, index)
        background = colors().selected if option.state & _SELECTED else colors().window
        painter.fillRect(place.adjusted(place.width() - width, 0, 0, 0), QColor(background))
        painter.setPen(QColor(colors().secondary))
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(place.adjusted(0, 0, -8, 0), right, count)


class ChoiceList(QListView):
    """A list of which Space, Enter and a click tick the row."""

    ticked = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.ticked.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)


class ChoicesPopup(QFrame):
    """A list of choices below its button; Space ticks, Esc closes."""

    changed = Signal()

    def __init__(self, title: str, choices: Sequence[Choice], chosen: set[str], below: QWidget):
        super().__init__(below.window(), Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        styled(self, "card")
        self.setAccessibleName(title)
        self.setFixedWidth(300)
        self._below = below
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.model = Choices(chosen, self)
        self.model.show_choices(choices)
        self.model.ticked.connect(self.changed)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Filter…"))
        self.field.setAccessibleName(self.tr("Filter {0}").format(title))
        self.field.textChanged.connect(self.model.narrow)
        self.field.setVisible(len(choices) > MOST_WITHOUT_FILTER)
        self.list = ChoiceList()
        self.list.setAccessibleName(title)
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_ChoicePainter(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(lambda index: self.model.toggle(index.row()))
        self.list.ticked.connect(self.model.toggle)
        self.list.setFixedHeight(ROW_PIXELS * min(len(choices), SHOWN_ROWS) + 4)
        column.addWidget(self.field)
        column.addWidget(self.list)
        column.addWidget(button(self.tr("Show all"), self._clear, kind="link"))
        self.setFocusProxy(self.field if self.field.isVisibleTo(self) else self.list)

    def open_popup(self) -> None:
        """Show the list under its button."""
        self.adjustSize()
        corner = self._below.mapToGlobal(QPoint(0, self._below.height() + 4))
        window = self._below.window()
        edge = window.mapToGlobal(QPoint(window.width() - 8, 0))
        corner.setX(min(corner.x(), edge.x() - self.width()))
        self.move(corner)
        self.show()
        (self.list if self.field.isHidden() else self.field).setFocus()
        if self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0))

    def _clear(self) -> None:
        self.model.chosen.clear()
        self.changed.emit()
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            # From the field into what it found.
            self.list.setFocus()
            if self.model.rowCount() and not self.list.currentIndex().isValid():
                self.list.setCurrentIndex(self.model.index(0))
        else:
            super().keyPressEvent(event)


class FacetButton(Chip):
    """A chip that opens the choices of one facet and says what was chosen."""

    changed = Signal()

    def __init__(self, name: str, one: str, many: str) -> None:
        """`one` and `many` are the noun of what is chosen, as a title; `many` may be unknown."""
        super().__init__(name, one, lambda _on: None)
        self.setCheckable(False)
        self._one, self._many = one, many
        self._choices: Sequence[Choice] = ()
        self.chosen: set[str] = set()
        self.clicked.connect(self._open)
        self._say()

    @property
    def title(self) -> str:
        return self._one

    def show_choices(self, choices: Sequence[Choice]) -> None:
        self._choices = choices
        self._say()

    def choose(self, keys: set[str]) -> None:
        """Choose without telling that somebody did."""
        self.chosen = keys
        self._say()

    def keep(self, keys: Iterable[str]) -> None:
        """Choose no longer what cannot be chosen any more."""
        if not self.chosen <= (there := set(keys)):
            self.choose(self.chosen & there)

    def _say(self) -> None:
        titles = [choice.title for choice in self._choices if choice.key in self.chosen]
        if not self.chosen:
            said = self._one
        elif len(self.chosen) == 1 and titles:
            said = f"{self._one}: {titles[0]}"
        elif self._many:
            said = f"{len(self.chosen)} {self._many.lower()}"
        else:
            said = self.tr("{0}: {1} chosen").format(self._one, len(self.chosen))
        self.setText(f"{menu_text(said)}  ▾")
        self.setAccessibleName(said)
        self.setDown(False)
        styled(self, "chip-chosen" if self.chosen else "chip")
        self.setVisible(len(self._choices) > 1 or bool(self.chosen))

    def _open(self) -> None:
        popup = ChoicesPopup(self._many or self._one, self._choices, self.chosen, self)
        popup.changed.connect(self._changed)
        popup.open_popup()

    def _changed(self) -> None:
        self._say()
        self.changed.emit()
