"""Contents: the registry's part of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from desktop.store import catalog
from desktop.store.values import ArtifactRow
from desktop.ui.destination import Destination
from desktop.ui.icons import icon
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.table import LEFT, Column, Rows, Table, inset
from desktop.ui.parts.text import label
from desktop.ui.registries import types
from desktop.ui.session import Listed, Session
from desktop.ui.sheet import styled
from desktop.ui.tasks import Latest

PAGE = 300
TYPING_MILLISECONDS = 120
Index = QModelIndex | QPersistentModelIndex


class ArtifactRows(Rows[ArtifactRow | None]):
    """As many rows as there are artifacts; what was not read yet is asked for when it is seen."""

    wanted = Signal(int)
    """The page that begins at this row is to be read."""

    def __init__(self, columns: Sequence[Column[ArtifactRow]], parent: QObject) -> None:
        super().__init__(cast("Sequence[Column[ArtifactRow | None]]", columns), parent)
        self._asked: set[int] = set()

    def show_page(self, offset: int, total: int, rows: Sequence[ArtifactRow]) -> None:
        """Begin anew with one page of what there is."""
        self._asked = {offset}
        before = [None] * min(offset, total)
        after = [None] * (total - len(before) - len(rows))
        self.show_rows([*before, *rows, *after])

    def add_page(self, offset: int, rows: Sequence[ArtifactRow]) -> None:
        """Show a page that was asked for."""
        self._rows[offset : offset + len(rows)] = rows
        last = self.index(offset + len(rows) - 1, self.columnCount() - 1)
        self.dataChanged.emit(self.index(offset, 0), last)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if self._rows[index.row()] is not None:
            return super().data(index, role)
        page = index.row() - index.row() % PAGE
        if role == Qt.ItemDataRole.DisplayRole and page not in self._asked:
            self._asked.add(page)
            self.wanted.emit(page)
        return int(LEFT) if role == Qt.ItemDataRole.TextAlignmentRole else None


class ContentsTab(QWidget):
    """A table of the registry's artifacts; Enter opens one in the catalog."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._entry: Listed | None = None
        self._shown: tuple[str, str] | None = None
        self._asked = Latest()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(8)
        self._filter = styled(QLineEdit(), "search")
        self._filter.setPlaceholderText(self.tr("Filter contents…"))
        self._filter.setAccessibleName(self.tr("Filter contents"))
        self._filter.setObjectName("contents-filter")
        self._filter.setClearButtonEnabled(True)
        self._filter.addAction(icon("filter"), QLineEdit.ActionPosition.LeadingPosition)
        self._filter.setMaximumWidth(320)
        self._filter.installEventFilter(self)
        self._count = label("", "secondary")
        top = QHBoxLayout()
        top.setContentsMargins(24, 0, 24, 0)
        top.addWidget(self._filter, 1)
        top.addSpacing(8)
        top.addWidget(self._count)
        top.addStretch(1)
        column.addLayout(top)
        columns = self._columns()
        self._rows = ArtifactRows(columns, self)
        self._rows.wanted.connect(self._ask_page)
        self._table = Table(self.tr("Contents"), self._rows.columns, self._rows)
        self._table.setObjectName("contents")
        self._table.activated.connect(self._open)
        self._empty = EmptyPlace("catalog", "", "")
        below = QWidget()
        self._layers = QStackedLayout(below)
        self._layers.addWidget(self._table)
        self._layers.addWidget(self._empty)
        column.addLayout(inset(below), 1)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MILLISECONDS)
        self._typing.timeout.connect(self._ask)
        self._filter.textChanged.connect(lambda _text: self._typing.start())
        session.catalog_changed.connect(self._changed)

    def _columns(self) -> list[Column[ArtifactRow]]:
        def latest(row: ArtifactRow) -> str:
            return row.latest if row.latest_is_stable else f"{row.latest} ({self.tr('newest')})"

        def said(row: ArtifactRow) -> str:
            gone = self.tr("Deprecated. ") if row.deprecated else ""
            return f"{gone}{row.description}"

        return [
            Column(self.tr("Name"), lambda row: row.display_name or row.name, 220),
            Column(self.tr("Kind"), lambda row: row.kind, 72),
            Column(self.tr("Latest"), latest, 120),
            Column(self.tr("Versions"), lambda row: f"{row.versions:,}", 72, number=True),
            Column(
                self.tr("Description"),
                said,
                level=lambda row: "attention" if row.deprecated else "",
            ),
        ]

    def show_registry(self, entry: Listed) -> None:
        other = self._entry is None or self._entry.row.id != entry.row.id
        self._entry = entry
        if other:
            self._filter.clear()
            self._ask()
        elif not self._rows.rows:
            self._show_empty()

    def focus_filter(self) -> None:
        self._filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._filter.selectAll()

    def _changed(self, registry_id: str) -> None:
        if self._entry is not None and registry_id == self._entry.row.id:
            # Not with every prefix of a big registry: what is typed comes first.
            self._typing.start()

    def _ask(self) -> None:
        """Read what is in sight, and how much there is."""
        db, registry, text = self._session.db, self._registry_id, self._filter.text().strip()
        if db is None or not registry:
            return
        again = self._shown == (registry, text)
        first = max(self._table.rowAt(0), 0) if again else 0
        offset = first - first % PAGE

        def question() -> tuple[int, list[ArtifactRow]]:
            if not text:
                return catalog.list_artifacts(db, registry, limit=PAGE, offset=offset)
            from desktop.store.search import search

            found = search(db, text, [registry], limit=PAGE)
            return len(found.hits), list(found.hits)

        def answered(found: tuple[int, list[ArtifactRow]]) -> None:
            self._fill(0 if text else offset, *found, text)

        self._asked.of(self._session.tasks.ask(self, question, answered))

    def _ask_page(self, offset: int) -> None:
        db, shown = self._session.db, self._shown
        if db is None or shown is None:
            return

        def answered(found: tuple[int, list[ArtifactRow]]) -> None:
            total, rows = found
            if shown != self._shown:
                return
            if total == len(self._rows.rows):
                self._rows.add_page(offset, rows)
            else:
                self._ask()

        registry, _ = shown
        self._session.tasks.ask(
            self,
            lambda: catalog.list_artifacts(db, registry, limit=PAGE, offset=offset),
            answered,
        )

    def _fill(self, offset: int, total: int, rows: list[ArtifactRow], text: str) -> None:
        chosen, scrolled = self._table.chosen, self._table.verticalScrollBar().value()
        again = self._shown == (self._registry_id, text)
        self._shown = (self._registry_id, text)
        self._rows.show_page(offset, total, rows)
        if again:
            if chosen in rows:
                self._table.selectRow(offset + rows.index(chosen))
            self._table.verticalScrollBar().setValue(scrolled)
        self._count.setText(self._counted(total, text) if total else "")
        if total:
            self._layers.setCurrentWidget(self._table)
        else:
            self._show_empty()

    @property
    def _registry_id(self) -> str:
        return self._entry.row.id if self._entry else ""

    def _counted(self, total: int, text: str) -> str:
        assert self._entry is not None
        if text and total >= PAGE:
            return self.tr("The first {count} that match").format(count=f"{PAGE:,}")
        said = types.contents(self._session, self._entry.row, total)
        return self.tr("{contents} match").format(contents=said) if text else said

    def _show_empty(self) -> None:
        text = self._filter.text().strip()
        if text:
            self._empty.set_words(
                self.tr("Nothing matches"),
                self.tr("Nothing in this registry has “{text}” in its name or texts.").format(
                    text=text
                ),
            )
        elif self._entry is not None and self._entry.row.last_success is None:
            self._empty.set_words(
                self.tr("Nothing here yet"),
                self.tr("What the registry holds is listed here once it was synchronized."),
            )
        else:
            self._empty.set_words(
                self.tr("This registry is empty"),
                self.tr("It was read, and listed nothing that this program knows."),
            )
        self._layers.setCurrentWidget(self._empty)

    def _open(self, index: QModelIndex) -> None:
        row = self._rows.rows[index.row()]
        if row is not None:
            self._session.go(Destination("catalog", artifact=row.id))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._filter and isinstance(event, QKeyEvent):
            if event.type() != QEvent.Type.KeyPress:
                return False
            if event.key() == Qt.Key.Key_Escape and self._filter.text():
                self._filter.clear()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._table.setFocus(Qt.FocusReason.OtherFocusReason)
                if self._table.chosen is None and self._rows.rows:
                    self._table.selectRow(0)
                return True
        return False
