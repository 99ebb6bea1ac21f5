"""Contents: the registry's part of the catalog."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.store.values import RegistryRow
from desktop.ui.catalog.listing import ArtifactList
from desktop.ui.catalog.saying import Emptiness
from desktop.ui.catalog.table import type_on
from desktop.ui.destination import Destination
from desktop.ui.icons import icon
from desktop.ui.session import Listed, Session
from desktop.ui.sheet import styled

TYPING_MILLISECONDS = 120


class ContentsTab(QWidget):
    """The catalog's list with one registry in it; Enter opens what is chosen in the catalog."""

    left = Signal()
    """Esc was pressed in the list."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._entry: Listed | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(0)
        self._filter = styled(QLineEdit(), "search")
        self._filter.setPlaceholderText(self.tr("Filter contents…"))
        self._filter.setAccessibleName(self.tr("Filter contents"))
        self._filter.setObjectName("contents-filter")
        self._filter.setClearButtonEnabled(True)
        self._filter.addAction(icon("filter"), QLineEdit.ActionPosition.LeadingPosition)
        self._filter.setMaximumWidth(320)
        self._filter.installEventFilter(self)
        top = QHBoxLayout()
        top.setContentsMargins(24, 0, 24, 0)
        top.addWidget(self._filter, 1)
        top.addStretch(1)
        column.addLayout(top)
        self.list = ArtifactList(session, self._rows, self._emptiness, of_one=True)
        self.list.table.setObjectName("contents")
        self.list.table.setAccessibleName(self.tr("Contents"))
        self.list.table.opened.connect(self._open)
        self.list.table.typed.connect(lambda event: type_on(self._filter, event))
        self.list.table.left.connect(self.left)
        self.list.help_asked.connect(self._filter.clear)
        column.addWidget(self.list, 1)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MILLISECONDS)
        self._typing.timeout.connect(lambda: self.list.search(self._filter.text().strip()))
        self._filter.textChanged.connect(lambda _text: self._typing.start())

    def _rows(self) -> list[RegistryRow]:
        return [self._entry.row] if self._entry is not None else []

    def show_registry(self, entry: Listed) -> None:
        other = self._entry is None or self._entry.row.id != entry.row.id
        self._entry = entry
        if other:
            self._filter.clear()
            self._typing.stop()
            self.list.begin_anew()
        self.list.search(self._filter.text().strip())

    def focus_filter(self) -> None:
        self._filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._filter.selectAll()

    def _emptiness(self, text: str, narrowed: bool) -> Emptiness:
        if text:
            return Emptiness(
                self.tr("Nothing matches"),
                self.tr("Nothing in this registry has “{text}” in its name or texts.").format(
                    text=text
                ),
                self.tr("Clear filters") if narrowed else self.tr("Show all"),
            )
        if narrowed:
            return Emptiness(
                self.tr("Nothing is left by these filters"), "", self.tr("Clear filters")
            )
        if self._entry is not None and self._entry.row.last_success is None:
            return Emptiness(
                self.tr("Nothing here yet"),
                self.tr("What the registry holds is listed here once it was synchronized."),
            )
        return Emptiness(
            self.tr("This registry is empty"),
            self.tr("It was read, and listed nothing that this program knows."),
        )

    def _open(self) -> None:
        artifact, version = self.list.chosen
        if artifact:
            self._session.go(Destination("catalog", artifact=artifact, version=version))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._filter and isinstance(event, QKeyEvent):
            if event.type() != QEvent.Type.KeyPress:
                return False
            if event.key() == Qt.Key.Key_Escape and self._filter.text():
                self._filter.clear()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._typing.stop()
                self.list.search(self._filter.text().strip())
                self.list.table.enter(there=self.list.is_current)
                return True
        return False
