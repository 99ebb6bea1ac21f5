"""What the catalog is narrowed by: kinds, registries, and switches, in one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.store.browse import Facets
from desktop.ui.catalog.chips import Chip
from desktop.ui.catalog.columns import one_line
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
        """`one` and `many` are the noun of what is chosen, as a title."""
        super().__init__(name, one, lambda _on: None)
        self.setCheckable(False)
        self._one, self._many = one, many
        self._choices: Sequence[Choice] = ()
        self.chosen: set[str] = set()
        self.clicked.connect(self._open)
        self._say()

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
        else:
            said = f"{len(self.chosen)} {self._many.lower()}"
        self.setText(f"{menu_text(said)}  ▾")
        self.setAccessibleName(said)
        self.setDown(False)
        styled(self, "chip-chosen" if self.chosen else "chip")
        self.setVisible(len(self._choices) > 1 or bool(self.chosen))

    def _open(self) -> None:
        popup = ChoicesPopup(self._many, self._choices, self.chosen, self)
        popup.changed.connect(self._changed)
        popup.open_popup()

    def _changed(self) -> None:
        self._say()
        self.changed.emit()


class FacetRow(QWidget):
    """All facets; `changed` tells that something else is wanted."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kinds = FacetButton("facet-kind", self.tr("Kind"), self.tr("Kinds"))
        self.registries = FacetButton("facet-registry", self.tr("Registry"), self.tr("Registries"))
        tell: Callable[[bool], None] = lambda _on: self.changed.emit()  # noqa: E731
        self.deprecated = Chip("deprecated", self.tr("Deprecated"), tell)
        self.previews = Chip("pre-releases", self.tr("Pre-releases"), tell)
        self.every = Chip("every-version", self.tr("Every version"), tell)
        self.every.show_count(None)
        self.clear = button(self.tr("Clear filters"), self._clear, kind="link")
        self.clear.setObjectName("clear-filters")
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 10, 12, 4)
        line.setSpacing(6)
        parts = (self.kinds, self.registries, self.deprecated, self.previews, self.every)
        for part in (*parts, self.clear):
            line.addWidget(part)
        line.addStretch(1)
        # More than one tick in a moment is one question to the store.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.changed)
        self.kinds.changed.connect(self._soon.start)
        self.registries.changed.connect(self._soon.start)
        self.clear.hide()

    @property
    def narrowed(self) -> bool:
        """Whether something is left out that the search would show."""
        return bool(self.kinds.chosen or self.registries.chosen)

    def show_facets(
        self, found: Facets, kinds: Mapping[str, str], names: Mapping[str, str]
    ) -> None:
        """Show what there is; `kinds` and `names` are the titles of kinds and registries."""
        there = {**dict.fromkeys(self.kinds.chosen, 0), **found.kinds}
        self.kinds.show_choices(
            [
                Choice(key, kinds.get(key, one_line(key).capitalize()), count)
                for key, count in sorted(there.items(), key=lambda pair: -pair[1])
            ]
        )
        there = {**dict.fromkeys(self.registries.chosen, 0), **found.registries}
        self.registries.show_choices(
            [
                Choice(key, one_line(names.get(key, key)), count)
                for key, count in sorted(there.items(), key=lambda pair: -pair[1])
            ]
        )
        self.deprecated.show_count(found.deprecated)
        self.previews.show_count(found.prereleases)
        self.clear.setVisible(self.narrowed)

    def _clear(self) -> None:
        self.kinds.choose(set())
        self.registries.choose(set())
        self.changed.emit()
