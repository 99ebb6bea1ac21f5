"""The left half of the page: filter, add, and the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from desktop.ui.icons import icon
from desktop.ui.parts.buttons import button
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.registries import types
from desktop.ui.registries.arrangement import (
    HIDDEN,
    Group,
    Wish,
    arranged,
    headings,
    neighbor,
)
from desktop.ui.registries.rows import RegistryRows
from desktop.ui.registries.view import RegistryView
from desktop.ui.session import Listed, Session
from desktop.ui.sheet import styled

_CLOSED = "registries/turned"
_TEXT = "registries/filter"


class RegistryListPanel(QFrame):
    """Keeps what is chosen, even where a filter or a folded group hides it for a while."""

    chosen_changed = Signal(list)
    """Somebody chose other registries; their ids."""
    add_asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setMinimumWidth(240)
        self._session = session
        self._listed: dict[str, Listed] = {}
        self._removed = 0
        self._chosen: list[str] = []
        self._applying = False
        turned = str(session.prefs.value(_CLOSED, "")).split()
        self._wish = Wish(str(session.prefs.value(_TEXT, "")), frozenset(turned))
        self.rows = RegistryRows(
            lambda entry: types.symbol(session, entry.row),
            lambda entry: types.title(session, entry.row),
            self,
        )
        self.view = RegistryView(self.rows)
        self._build()
        self.view.selectionModel().selectionChanged.connect(self._selected)
        self.view.turned.connect(self._turn)
        self.view.left_upward.connect(self.focus_filter)
        self.view.cleared.connect(self.filter.clear)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        top = QHBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.setSpacing(8)
        self.filter = styled(QLineEdit(self._wish.text), "search")
        self.filter.setPlaceholderText(self.tr("Filter…"))
        self.filter.setAccessibleName(self.tr("Filter registries"))
        self.filter.setObjectName("registry-filter")
        self.filter.setClearButtonEnabled(True)
        self.filter.addAction(icon("filter"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.textChanged.connect(self._typed)
        self.filter.installEventFilter(self)
        self.add = button(self.tr("Add"), self.add_asked.emit, symbol="plus")
        self.add.setObjectName("add-registry")
        self.add.setAccessibleName(self.tr("Add a registry"))
        self.add.setToolTip(self.tr("Add a registry (Ctrl+N)"))
        top.addWidget(self.filter, 1)
        top.addWidget(self.add)
        column.addLayout(top)
        self._nothing = EmptyPlace(
            "filter", self.tr("Nothing matches"), "", self.tr("Clear the filter"), self.filter.clear
        )
        self._none = EmptyPlace("registries", self.tr("No registries"))
        below = QWidget()
        self._layers = QStackedLayout(below)
        for layer in (self.view, self._nothing, self._none):
            self._layers.addWidget(layer)
        column.addWidget(below, 1)

    # What there is

    def show_listed(self, listed: Sequence[Listed], removed: int) -> None:
        """Show these registries, hidden ones among them."""
        before, had = list(self.rows.entries), self._chosen
        self._listed = {entry.row.id: entry for entry in listed}
        self._removed = removed
        self._apply()
        left = [key for key in had if key in self._listed]
        if left == had:
            return
        if not left:
            there = {key for key in self._listed if self.rows.place(key) >= 0}
            found = neighbor(before, had, there)
            left = [found] if found else []
        self.choose(left)

    def show_news(self, entries: Iterable[Listed]) -> None:
        """Show what is new about a few registries."""
        self._listed.update((entry.row.id, entry) for entry in entries)
        self._apply()

    def look_again(self) -> None:
        """Show what is known of types now."""
        self.rows.touch_all()
        self._apply()

    def _apply(self) -> None:
        entries = arranged(
            self._listed.values(),
            self._wish,
            self._session.now(),
            title=lambda entry: types.title(self._session, entry.row),
            tenants=self._tenants(),
            removed=self._removed,
        )
        self._applying = True
        try:
            with self.view.staying():
                self.rows.show_entries(entries)
            self.view.choose(self._chosen)
        finally:
            self._applying = False
        if entries:
            self._layers.setCurrentWidget(self.view)
        elif self._wish.text and self._listed:
            self._nothing.set_words(
                self.tr("Nothing matches"),
                self.tr("No registry has “{text}” in its name, address, type or state.").format(
                    text=self._wish.text
                ),
            )
            self._layers.setCurrentWidget(self._nothing)
        else:
            self._layers.setCurrentWidget(self._none)

    def _tenants(self) -> dict[str, str]:
        session = self._session
        if not session.is_ready or session.environment is None:
            ids = {entry.row.tenant_id for entry in self._listed.values()}
            return {tenant: tenant for tenant in ids if tenant}
        found = session.app.environments.tenants(session.environment)
        return {tenant.id: tenant.name for tenant in found}

    # What is chosen

    @property
    def chosen(self) -> list[str]:
        return list(self._chosen)

    def choose(self, ids: list[str]) -> None:
        """Select registries without a word to anybody."""
        self._chosen = list(ids)
        if ids and self.rows.place(ids[0]) < 0:
            self._uncover(ids[0])
        self._applying = True
        self.view.choose(ids)
        self._applying = False
        if ids:
            self.view.reveal(ids[0])

    def _uncover(self, registry_id: str) -> None:
        """Show a registry that the filter or a folded group hides; somebody asked for it."""
        entry = self._listed.get(registry_id)
        if entry is None:
            return
        if self._wish.text:
            self.filter.clear()
        above = headings(entry, self._session.now())
        for group in list(self.rows.entries):
            if isinstance(group, Group) and not group.is_open and group.key in above:
                self._turn(group.key)

    def _selected(self) -> None:
        if self._applying:
            return
        self._chosen = self.view.chosen()
        self.chosen_changed.emit(self.chosen)

    # Filter and groups

    def focus_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _typed(self, text: str) -> None:
        self._wish = Wish(text.strip(), self._wish.turned)
        self._session.prefs.setValue(_TEXT, self._wish.text)
        self._apply()

    def _turn(self, group: str) -> None:
        if self._wish.text and group != HIDDEN:
            return
        self._wish = Wish(self._wish.text, self._wish.turned ^ {group})
        self._session.prefs.setValue(_CLOSED, " ".join(sorted(self._wish.turned)))
        self._apply()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.filter and isinstance(event, QKeyEvent):
            if event.type() != QEvent.Type.KeyPress:
                return False
            if event.key() == Qt.Key.Key_Escape and self.filter.text():
                self.filter.clear()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._enter_list()
                return True
        return False

    def _enter_list(self) -> None:
        """Go from the filter to the first registry that is shown."""
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        shown = [self.rows.place(key) for key in self._chosen]
        if not any(place >= 0 for place in shown):
            first = next(
                (at for at, entry in enumerate(self.rows.entries) if isinstance(entry, Listed)), -1
            )
            if first >= 0:
                self.view.setCurrentIndex(self.rows.index(first))
