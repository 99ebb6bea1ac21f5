"""The Registries page: the list, and beside it what is chosen in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSplitter, QStackedWidget, QWidget

from desktop.store import registries as stored
from desktop.store.values import RegistryRow
from desktop.ui.destination import Destination
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.page import Page, holds_keyboard
from desktop.ui.registries.commands import Command, RegistryCommands, fill
from desktop.ui.registries.detail import RegistryDetail
from desktop.ui.registries.listing import RegistryListPanel
from desktop.ui.session import Listed, Session

if TYPE_CHECKING:
    from desktop.ui.registries.removed import RemovedRegistries
    from desktop.ui.registries.several import SeveralRegistries

VISIT_MILLISECONDS = 400
"""Who stays this long has been somewhere; who runs through the list with an arrow key has not."""
MANY = 8
_REST = 100_000
_SPLITTER = "registries/splitter"
_SELECTED = "registries/selected"


class RegistriesPage(Page):
    """Shows nothing, one registry, several, removed ones, or the form for a new one."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._listed: dict[str, Listed] = {}
        self._changed: set[str] = set()
        self._stale = True
        self._settled = False
        self._begun: list[Destination] = []
        self._gone: list[str] = []
        self._several: SeveralRegistries | None = None
        self._removed: RemovedRegistries | None = None
        self._adding: Any = None
        self._commands = RegistryCommands(session, self._show_place, self)
        self.panel = RegistryListPanel(session)
        self.detail = RegistryDetail(session, self._commands, self._went_somewhere)
        self._empty = EmptyPlace(
            "registries",
            "",
            "",
            self.tr("Add a registry"),
            self._add,
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.detail)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(self.panel)
        self._splitter.addWidget(self._stack)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._splitter)
        self._restore()
        self._connect()

    def _restore(self) -> None:
        state = self.session.prefs.value(_SPLITTER)
        # What is left goes to the stack, however wide the window is.
        if state is None or not self._splitter.restoreState(state):
            self._splitter.setSizes([300, _REST])
        self._splitter.splitterMoved.connect(
            lambda *_: self.session.prefs.setValue(_SPLITTER, self._splitter.saveState())
        )
        selected = str(self.session.prefs.value(_SELECTED, ""))
        self._wanted = [selected] if selected else []

    def _connect(self) -> None:
        panel, view, session = self.panel, self.panel.view, self.session
        panel.chosen_changed.connect(self._chose)
        panel.add_asked.connect(self._add)
        view.opened.connect(self._open)
        self.detail.left.connect(lambda: view.setFocus(Qt.FocusReason.OtherFocusReason))
        view.clicked.connect(lambda _index: self._come_back())
        view.went.connect(lambda _key: self._show_removed())
        view.remove_asked.connect(lambda: self._do(self._commands.remove(self._chosen())))
        view.menu_asked.connect(self._show_menu)
        edit = QShortcut(QKeySequence("F2"), self)
        edit.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        edit.activated.connect(self._edit)
        session.ready.connect(self._became_ready)
        session.registries_changed.connect(self._all_changed)
        session.listed_changed.connect(self._one_changed)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._take_changes)
        self._visit = QTimer(self)
        self._visit.setSingleShot(True)
        self._visit.setInterval(VISIT_MILLISECONDS)
        self._visit.timeout.connect(self._tell_where)

    # Where somebody goes

    def go(self, to: Destination) -> None:
        """Show a registry and a tab of it; `check` and `edit` begin that at once."""
        self._visit.stop()
        self._read()
        if to.adding:
            self._show_form(to.text)
        elif to.registry:
            self._choose([to.registry])
            # Whoever comes back to where a check began does not ask for another one.
            again = any(to is begun for begun in self._begun)
            self._show_place(to.registry, "connection" if again else to.tab)
            if to.tab in ("check", "edit") and not again:
                self._begun.append(to)
        elif self._stack.currentWidget() is self._adding:
            self._show_chosen()
        if not to.adding and not holds_keyboard(self._stack):
            self.panel.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_filter(self) -> None:
        self.panel.focus_filter()

    def refresh(self) -> None:
        """Synchronize what is chosen (F5)."""
        chosen = self._chosen()
        if chosen:
            self._do(self._commands.sync(chosen))

    def _show_place(self, registry_id: str, tab: str) -> None:
        if registry_id not in self._listed:
            self._read()
        if self.panel.chosen != [registry_id] or self._stack.currentWidget() is not self.detail:
            self._choose([registry_id])
        if self._stack.currentWidget() is not self.detail:
            return
        if tab == "check":
            self.detail.check_now()
        elif tab == "edit":
            self.detail.edit_now()
        elif tab:
            self.detail.show_tab(tab)

    def _went_somewhere(self) -> None:
        if self.isVisible():
            self._visit.start()

    def _tell_where(self) -> None:
        """Make where we are a place that one can come back to."""
        chosen = self.panel.chosen
        if self._stack.currentWidget() is self.detail and len(chosen) == 1:
            self.session.stay(Destination("registries", chosen[0], self.detail.tab))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._visit.stop()

    # What there is

    def _became_ready(self) -> None:
        self._stale = True
        self.panel.look_again()

    def _all_changed(self) -> None:
        self._stale = True
        self._soon.start()

    def _one_changed(self, registry_id: str) -> None:
        self._changed.add(registry_id)
        self._soon.start()

    def _take_changes(self) -> None:
        if not self.isVisible():
            self._stale = True
            return
        if self._stale or len(self._changed) > MANY:
            self._read()
            self._show_chosen_again()
            return
        found = [self.session.one(key) for key in self._changed if key in self._listed]
        news = {entry.row.id: entry for entry in found if entry is not None}
        self._listed.update(news)
        self.panel.show_news(news.values())
        if self._changed & set(self.panel.chosen):
            self._show_chosen_again()
        self._changed.clear()

    def _read(self) -> None:
        """Read the whole list again."""
        self._stale = False
        self._changed.clear()
        listed = self.session.listed(hidden=True)
        if listed:
            title = self.tr("Your registries, in one list")
            text = self.tr(
                "Choose one to see what it holds, what changed, and what keeps it from working."
            )
        else:
            title = self.tr("No registries yet")
            text = self.tr(
                "Add one to see what it holds, what changed, and what keeps it from working."
            )
        self._empty.set_words(title, text)
        self._listed = {entry.row.id: entry for entry in listed}
        self._gone = [k for k in self.panel.chosen if k not in self._listed] or self._gone
        before = self.panel.chosen
        self.panel.show_listed(listed, len(self._removed_rows()))
        if self.panel.chosen != before:
            self._show_chosen_again()
        back = [key for key in self._gone if key in self._listed]
        if back:
            # Whoever undoes a removal goes on with what was removed.
            self._gone = []
            if self._stack.currentWidget() not in (self._removed, self._adding):
                self._choose(back)
        if self._wanted and self._wanted[0] in self._listed and not self.panel.chosen:
            self._choose(self._wanted)
        self._wanted = []
        if self.session.is_ready and not self._settled:
            # Only now is it known which group the registry of the last time stands in.
            self._settled = True
            for chosen in self.panel.chosen[:1]:
                self.panel.view.reveal(chosen)

    def _removed_rows(self) -> list[RegistryRow]:
        session = self.session
        if session.db is None:
            return []
        environment = session.environment.id if session.environment else None
        return [
            row
            for row in stored.registries(session.db, environment, removed=True)
            if session.tenant is None or row.tenant_id in (None, session.tenant.id)
        ]

    # What is chosen

    def _chosen(self) -> list[Listed]:
        return [self._listed[key] for key in self.panel.chosen if key in self._listed]

    def _choose(self, ids: list[str]) -> None:
        self.panel.choose([key for key in ids if key in self._listed])
        self._show_chosen()
        if ids and not self.panel.chosen:
            self._show_gone(ids[0])

    def _chose(self, ids: list[str]) -> None:
        self._show_chosen()
        if len(ids) == 1:
            self._went_somewhere()

    def _show_chosen(self) -> None:
        chosen = self._chosen()
        if len(chosen) == 1:
            self.session.prefs.setValue(_SELECTED, chosen[0].row.id)
            self._stack.setCurrentWidget(self.detail)
            self.detail.show_registry(self._as_of_now(chosen[0]))
        elif chosen:
            self._stack.setCurrentWidget(self._made_several())
            self._made_several().show_several(chosen)
        else:
            self._stack.setCurrentWidget(self._empty)

    def _as_of_now(self, listed: Listed) -> Listed:
        """Return what is chosen as it is by now; the list and the detail say the same of it."""
        fresh = self.session.one(listed.row.id)
        if fresh is None or fresh == listed:
            return listed
        self._listed[fresh.row.id] = fresh
        self.panel.show_news([fresh])
        return fresh

    def _show_chosen_again(self) -> None:
        """Show what is new of what is shown; a form that is being filled in stays."""
        shown = self._stack.currentWidget()
        if shown is not None and shown is self._removed:
            self._show_removed()
        elif shown is not self._adding or shown is None:
            self._show_chosen()

    def _made_several(self) -> SeveralRegistries:
        if self._several is None:
            from desktop.ui.registries.several import SeveralRegistries

            self._several = SeveralRegistries(self.session, self._commands)
            self._stack.addWidget(self._several)
        return self._several

    # Removed registries

    def _show_removed(self) -> None:
        if not self.session.is_ready:
            return
        if self._removed is None:
            from desktop.ui.registries.removed import RemovedRegistries

            self._removed = RemovedRegistries(
                self.session, self._commands.actions, self._show_chosen
            )
            self._stack.addWidget(self._removed)
        self._stack.setCurrentWidget(self._removed)
        self._removed.show_removed(self._removed_rows())

    def _show_gone(self, registry_id: str) -> None:
        """Somebody came to a registry that is no longer in the list."""
        if any(row.id == registry_id for row in self._removed_rows()):
            self._show_removed()

    # Doing something

    def _do(self, command: Command) -> None:
        if command.why_not:
            self.session.tell(command.why_not)
        else:
            command.act()

    def _open(self, registry_id: str) -> None:
        """Go on with a registry: into its tabs."""
        if self.panel.chosen != [registry_id]:
            self._choose([registry_id])
        self.detail.take_focus()

    def _come_back(self) -> None:
        """Somebody clicked what is chosen already: away from a form or from what was removed."""
        if self.panel.chosen and self._stack.currentWidget() in (self._adding, self._removed):
            self._show_chosen()

    def _edit(self) -> None:
        chosen = self._chosen()
        if len(chosen) == 1:
            self._do(self._commands.edit(chosen[0]))

    def _show_menu(self, position: QPoint) -> None:
        chosen = self._chosen()
        if chosen:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            fill(menu, self._commands.for_menu(chosen))
            menu.popup(position)

    # Adding

    def _add(self) -> None:
        self.session.go(Destination("registries", adding=True))

    def _show_form(self, url: str) -> None:
        if self._adding is not None and not url:
            # Somebody only had a look at another registry meanwhile.
            self._stack.setCurrentWidget(self._adding)
            self._adding.focus_first()
            return
        from desktop.ui.registries.adding import AddPanel

        self._let_form_go()
        form = AddPanel(self.session, url)
        form.added.connect(self._added)
        form.closed.connect(self._closed_form)
        self._adding = form
        self._stack.addWidget(form)
        self._stack.setCurrentWidget(form)
        form.focus_first()

    def _added(self, registry_id: str) -> None:
        self._closed_form()
        self.session.go(Destination("registries", registry_id, "overview"))

    def _closed_form(self) -> None:
        self._let_form_go()
        self._show_chosen()
        self.panel.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _let_form_go(self) -> None:
        form, self._adding = self._adding, None
        if isinstance(form, QWidget):
            self._stack.removeWidget(form)
            form.deleteLater()
