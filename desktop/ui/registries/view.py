"""The list view: headings fold, rows keep their place under the mouse, keys do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QCursor, QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from desktop.ui.parts.progress import FRAME_MILLISECONDS, moves
from desktop.ui.registries.arrangement import Group, Way, key_of
from desktop.ui.registries.delegate import RegistryDelegate
from desktop.ui.registries.rows import ENTRY, RegistryRows
from desktop.ui.session import Listed

Index = QModelIndex | QPersistentModelIndex


class RegistryView(QListView):
    """Shows `RegistryRows`; a heading can have the focus, but is never selected."""

    turned = Signal(str)
    """A group is to be folded, or shown again."""
    went = Signal(str)
    """Somebody took a last line, such as the one that leads to removed registries."""
    opened = Signal(str)
    """Somebody wants to work with a registry: Enter or a double click."""
    remove_asked = Signal()
    edit_asked = Signal()
    left_upward = Signal()
    """The arrow up was pressed in the first line."""
    cleared = Signal()
    """Esc: the filter is to be emptied."""
    menu_asked = Signal(QPoint)
    """A context menu is wanted at this place of the screen."""

    def __init__(self, model: RegistryRows) -> None:
        super().__init__()
        self._rows = model
        self.by_keyboard = False
        """Where the focus is shows only while somebody works with keys."""
        self.setModel(model)
        self.setItemDelegate(RegistryDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.setAccessibleName(self.tr("Registries"))
        self.setObjectName("registry-list")
        self._frames = QTimer(self)
        self._frames.setInterval(FRAME_MILLISECONDS)
        self._frames.timeout.connect(self._move_bars)
        model.dataChanged.connect(self._run_bars)
        model.modelReset.connect(self._run_bars)
        model.rowsInserted.connect(self._run_bars)

    def _entry(self, index: Index) -> object:
        return index.data(ENTRY) if index.isValid() else None

    # What is chosen

    def chosen(self) -> list[str]:
        """Return the ids of the selected registries, top down."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        entries = self._rows.entries
        return [key_of(entries[row]) for row in rows]

    def choose(self, ids: list[str]) -> None:
        """Select registries, as far as they are shown, and no others."""
        if self.chosen() == [key for key in ids if self._rows.place(key) >= 0]:
            return
        flags = QItemSelectionModel.SelectionFlag
        selection = self.selectionModel()
        places = sorted(place for place in map(self._rows.place, ids) if place >= 0)
        selection.clearSelection()
        for place in places:
            selection.select(self._rows.index(place), flags.Select)
        if places and self.currentIndex().row() not in places:
            selection.setCurrentIndex(self._rows.index(places[0]), flags.NoUpdate)

    def reveal(self, registry_id: str) -> None:
        """Scroll to a registry if it cannot be seen."""
        place = self._rows.place(registry_id)
        if place >= 0:
            self.scrollTo(self._rows.index(place))

    def selectionCommand(
        self, index: Index, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        if isinstance(self._entry(index), (Group, Way)):
            # Whoever walks over a heading keeps what is selected.
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)

    # Staying where one is

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Change the rows inside; what is under the mouse, or at the top, stays where it is."""
        anchors = self._anchors()
        yield
        for key, group, top in anchors:
            place = self._rows.place(key)
            if place >= 0 and self._rows.group_of(place) == group:
                moved = self.visualRect(self._rows.index(place)).top() - top
                if moved:
                    bar = self.verticalScrollBar()
                    bar.setValue(bar.value() + moved)
                return

    def _anchors(self) -> list[tuple[str, str, int]]:
        """Return what may stay: key, group and position; the row under the mouse first."""
        if self.verticalScrollBar().value() == 0 and not self.underMouse():
            return []
        top = self.indexAt(QPoint(20, 1))
        rows = list(range(max(top.row(), 0), self._rows.rowCount()))
        if self.underMouse():
            below = self.indexAt(self.viewport().mapFromGlobal(QCursor.pos()))
            rows = [below.row(), *rows] if below.isValid() else rows
        found = []
        for row in rows:
            rect = self.visualRect(self._rows.index(row))
            if rect.top() > self.viewport().height():
                break
            key = key_of(self._rows.entries[row])
            found.append((key, self._rows.group_of(row), rect.top()))
        return found

    # Bars that move

    def _busy_rows(self) -> list[int]:
        return [
            row
            for row, entry in enumerate(self._rows.entries)
            if isinstance(entry, Listed) and entry.activity != "idle" and entry.state.share is None
        ]

    def _run_bars(self) -> None:
        if self.isVisible() and moves() and self._busy_rows():
            if not self._frames.isActive():
                self._frames.start()
        else:
            self._frames.stop()

    def _move_bars(self) -> None:
        busy = self._busy_rows()
        for row in busy:
            self.viewport().update(self.visualRect(self._rows.index(row)))
        if not busy:
            self._frames.stop()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run_bars()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._frames.stop()

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.by_keyboard = False
        entry = self._entry(self.indexAt(event.position().toPoint()))
        if isinstance(entry, (Group, Way)):
            if event.button() == Qt.MouseButton.LeftButton:
                self._take(entry)
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        entry = self._entry(self.indexAt(event.position().toPoint()))
        if isinstance(entry, Listed) and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(entry.row.id)
        elif isinstance(entry, (Group, Way)):
            self._take(entry)

    def _take(self, entry: Group | Way) -> None:
        (self.turned if isinstance(entry, Group) else self.went).emit(entry.key)

    def focusInEvent(self, event: QFocusEvent) -> None:
        reasons = Qt.FocusReason
        if event.reason() in (reasons.TabFocusReason, reasons.BacktabFocusReason):
            self.by_keyboard = True
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.by_keyboard = True
        if not self._pressed(event):
            super().keyPressEvent(event)

    def _pressed(self, event: QKeyEvent) -> bool:
        """Do what a key means in this list; False where it means what it means everywhere."""
        keys, entry = Qt.Key, self._entry(self.currentIndex())
        enter = event.key() in (keys.Key_Return, keys.Key_Enter)
        if isinstance(entry, (Group, Way)) and (enter or event.key() == keys.Key_Space):
            self._take(entry)
        elif enter and isinstance(entry, Listed):
            self.opened.emit(entry.row.id)
        elif event.key() == keys.Key_Left:
            self._fold(entry)
        elif event.key() == keys.Key_Right and isinstance(entry, Group) and not entry.is_open:
            self._take(entry)
        elif event.key() == keys.Key_Up and self.currentIndex().row() <= 0:
            self.left_upward.emit()
        elif event.key() == keys.Key_Delete:
            self.remove_asked.emit()
        elif event.key() == keys.Key_F2:
            self.edit_asked.emit()
        elif event.key() == keys.Key_Escape:
            self.cleared.emit()
        else:
            return False
        event.accept()
        return True

    def _fold(self, entry: object) -> None:
        """Fold the group of the current line; its heading has the focus then."""
        row = self.currentIndex().row()
        if not isinstance(entry, (Listed, Group)) or (
            isinstance(entry, Group) and not entry.is_open
        ):
            return
        key = f"/{self._rows.group_of(row)}"
        self.setCurrentIndex(self._rows.index(self._rows.place(key)))
        self.turned.emit(key[1:])

    def _menu(self, position: QPoint) -> None:
        index = self.indexAt(position)
        if not self.viewport().rect().contains(position) or not index.isValid():
            # Asked for by the menu key.
            index = self.currentIndex()
            position = self.visualRect(index).center()
        if isinstance(self._entry(index), Listed):
            self.menu_asked.emit(self.viewport().mapToGlobal(position))
