"""Removed registries: until when each is kept, back again, or gone for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store.values import RegistryRow
from desktop.ui.actions import RegistryActions
from desktop.ui.parts.buttons import button
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.table import Column, Table, inset
from desktop.ui.parts.text import label
from desktop.ui.registries import sentences, types
from desktop.ui.session import Session
from desktop.ui.sheet import styled

DAY = 24 * 3600.0


class RemovedRegistries(QFrame):
    """A table, and what can be done with the registry that is chosen in it."""

    def __init__(
        self, session: Session, actions: RegistryActions, back: Callable[[], object]
    ) -> None:
        """`back` leads to the registries that are there."""
        super().__init__()
        styled(self, "panel")
        self._session = session
        self._actions = actions
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(4)
        top = QVBoxLayout()
        top.setContentsMargins(24, 0, 24, 8)
        top.setSpacing(4)
        top.addWidget(label(self.tr("Removed registries"), "title"))
        self._line = label("", "secondary", wrap=True)
        top.addWidget(self._line)
        top.addSpacing(8)
        top.addLayout(self._offers(back))
        self._sure = self._question()
        top.addSpacing(4)
        top.addWidget(self._sure)
        column.addLayout(top)
        self._table = Table(self.tr("Removed registries"), self._columns())
        self._table.setObjectName("removed")
        self._table.selectionModel().currentRowChanged.connect(lambda *_rows: self._show_offers())
        self._none = EmptyPlace("trash", self.tr("Nothing is left here"), "")
        below = QWidget()
        self._layers = QStackedLayout(below)
        self._layers.addWidget(self._table)
        self._layers.addWidget(self._none)
        column.addLayout(inset(below), 1)

    def _offers(self, back: Callable[[], object]) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        self._restore = button(self.tr("Restore"), self._bring_back, symbol="undo")
        self._restore.setObjectName("restore")
        self._forget = button(self.tr("Forget now…"), lambda: self._ask(True), kind="danger")
        self._forget.setObjectName("forget")
        line.addWidget(self._restore)
        line.addWidget(self._forget)
        line.addStretch(1)
        line.addWidget(button(self.tr("Back to the list"), back, kind="link"))
        return line

    def _question(self) -> QFrame:
        """The one thing here that cannot be undone is asked for twice."""
        card = styled(QFrame(), "card-bad")
        line = QHBoxLayout(card)
        line.setContentsMargins(12, 10, 12, 10)
        line.setSpacing(8)
        self._asking = label("", wrap=True)
        yes = button(self.tr("Delete for good"), self._delete, kind="danger")
        yes.setObjectName("forget-for-good")
        line.addWidget(self._asking, 1)
        line.addWidget(yes)
        line.addWidget(button(self.tr("Keep it"), lambda: self._ask(False)))
        card.hide()
        return card

    def _columns(self) -> list[Column[RegistryRow]]:
        def removed(row: RegistryRow) -> str:
            return words.ago(row.removed_at, self._session.now())

        return [
            Column(self.tr("Name"), lambda row: row.name, 180),
            Column(self.tr("Type"), lambda row: types.title(self._session, row), 120),
            Column(self.tr("Address"), lambda row: row.endpoint),
            Column(self.tr("Removed"), removed, 96),
            Column(self.tr("Kept until"), self._until, 154),
        ]

    def _until(self, row: RegistryRow) -> str:
        kept = self._session.app.settings.read().kept_days
        return sentences.day((row.removed_at or 0.0) + kept * DAY)

    def show_removed(self, rows: Sequence[RegistryRow]) -> None:
        chosen = self._table.chosen
        days = words.counted(self._session.app.settings.read().kept_days, "day")
        self._line.setText(
            self.tr(
                "They are kept for {days} with their catalog and their secrets, and deleted then."
            ).format(days=days)
        )
        self._table.rows.show_rows(rows)
        self._layers.setCurrentIndex(0 if rows else 1)
        if rows:
            ids = [row.id for row in rows]
            self._table.selectRow(ids.index(chosen.id) if chosen and chosen.id in ids else 0)
        self._show_offers()

    def _show_offers(self) -> None:
        chosen = self._table.chosen is not None and self._session.writable
        self._restore.setEnabled(chosen)
        self._forget.setEnabled(chosen)
        self._sure.hide()

    def _bring_back(self) -> None:
        row = self._table.chosen
        if row is not None:
            self._actions.restore([row])

    def _ask(self, sure: bool) -> None:
        row = self._table.chosen
        if row is None:
            return
        self._asking.setText(
            self.tr(
                "Delete “{name}” with its catalog and its secrets? It cannot come back."
            ).format(name=row.name)
        )
        self._sure.setVisible(sure)
        if not sure:
            self._forget.setFocus(Qt.FocusReason.OtherFocusReason)

    def _delete(self) -> None:
        row = self._table.chosen
        if row is not None:
            self._sure.hide()
            self._actions.forget(row, lambda: None)
