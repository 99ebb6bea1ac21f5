"""The main window: header, navigation, one page at a time."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from desktop.ui.actions import RegistryActions
from desktop.ui.banner import Banner
from desktop.ui.destination import Destination
from desktop.ui.header import Header
from desktop.ui.navigation import PLACES, Navigation
from desktop.ui.parts.notices import Notices
from desktop.ui.parts.page import Page, holds_keyboard
from desktop.ui.parts.problem import Problem
from desktop.ui.popups import AttentionPopup, JobsPopup
from desktop.ui.session import Session
from desktop.ui.shell import NARROW, SIZE, TITLE

COUNT_MILLISECONDS = 100
_PAGES = {
    "home": ("desktop.ui.home.page", "HomePage"),
    "registries": ("desktop.ui.registries.page", "RegistriesPage"),
    "catalog": ("desktop.ui.catalog.page", "CatalogPage"),
    "changes": ("desktop.ui.changes.page", "ChangesPage"),
    "settings": ("desktop.ui.settings.page", "SettingsPage"),
}


UNSEEN_MILLISECONDS = 1000


class MainWindow(QMainWindow):
    """Shows a session; a page is made when it is first gone to."""

    leaving = Signal()
    """The window was closed."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        # Inside of a shell it is a part of that; on its own, a window.
        self.setWindowTitle(TITLE)
        self.session = session
        self.resize(*SIZE)
        self._pages: dict[str, Page] = {}
        self._been: list[Destination] = []
        self._at = -1
        self._cover: QWidget | None = None
        self._painted = False
        self._after_painting: list[Callable[[], object]] = []
        self._unseen = QTimer(self)
        self._unseen.setSingleShot(True)
        self._unseen.setInterval(UNSEEN_MILLISECONDS)
        self._unseen.timeout.connect(self._was_painted)
        self._frame = QWidget()
        column = QVBoxLayout(self._frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.header = Header(session)
        self.banner = Banner(session)
        self.navigation = Navigation()
        self._stack = QStackedWidget()
        below = QHBoxLayout()
        below.setSpacing(0)
        below.addWidget(self.navigation)
        below.addWidget(self._stack, 1)
        column.addWidget(self.header)
        column.addWidget(self.banner)
        column.addLayout(below, 1)
        self._layers = QStackedWidget()
        self._layers.addWidget(self._frame)
        self.setCentralWidget(self._layers)
        self.notices = Notices(self)
        self._actions = RegistryActions(session)
        self._connect()

    def _connect(self) -> None:
        session = self.session
        self.navigation.chosen.connect(lambda page: self.go(Destination(page)))
        self.header.searched.connect(self._search)
        self.header.entered.connect(lambda: self._page().enter())
        self.header.jobs_asked.connect(self._show_jobs)
        self.header.attention_asked.connect(self._show_attention)
        session.going.connect(self.go)
        session.staying.connect(self._remember)
        session.told.connect(self.notices.say)
        session.undoable.connect(lambda text, undo: self.notices.say(text, "Undo", undo))
        session.troubled.connect(self.show_trouble)
        session.ready.connect(self._show_view)
        session.registries_changed.connect(self._show_view)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(COUNT_MILLISECONDS)
        self._counting.timeout.connect(self._count)
        session.registries_changed.connect(self._count_soon)
        session.listed_changed.connect(lambda _registry: self._count_soon())
        # The standard keys may be the others on this system: the same key twice does nothing.
        for keys, act in {keys.toString(): (keys, act) for keys, act in self._shortcuts()}.values():
            shortcut = QShortcut(keys, self)
            shortcut.activated.connect(act)

    def _shortcuts(self) -> list[tuple[QKeySequence, Callable[[], object]]]:
        standard = QKeySequence.StandardKey
        return [
            (QKeySequence(standard.Back), lambda: self._travel(-1)),
            (QKeySequence("Alt+Left"), lambda: self._travel(-1)),
            (QKeySequence(standard.Forward), lambda: self._travel(1)),
            (QKeySequence("Alt+Right"), lambda: self._travel(1)),
            (QKeySequence(standard.Find), lambda: self._page().focus_filter()),
            (QKeySequence("F5"), lambda: self._page().refresh()),
            (QKeySequence("Ctrl+R"), lambda: self._page().refresh()),
            (QKeySequence("Ctrl+,"), lambda: self.go(Destination("settings"))),
            (QKeySequence("Ctrl+N"), lambda: self.go(Destination("registries", adding=True))),
            (QKeySequence("F1"), self._show_help),
        ]

    @property
    def top(self) -> QWidget:
        """The window of the system's that this is, or is in."""
        return self.window()

    def when_painted(self, act: Callable[[], object]) -> None:
        """Do something after the first picture; at once if it is there already.

        Who starts the program out of sight gets no picture: after a second it is done anyway.
        """
        if self._painted:
            act()
            return
        self._after_painting.append(act)
        self._unseen.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._unseen.start(0)

    def _was_painted(self) -> None:
        self._painted = True
        waiting, self._after_painting = self._after_painting, []
        for act in waiting:
            act()

    # Going somewhere

    def go(self, to: Destination) -> None:
        """Show a place and remember it for the way back."""
        self._remember(to)
        self._show(to)

    def _remember(self, to: Destination) -> None:
        if self._at < 0 or self._been[self._at] != to:
            del self._been[self._at + 1 :]
            self._been.append(to)
            self._at = len(self._been) - 1

    def _travel(self, step: int) -> None:
        if 0 <= self._at + step < len(self._been):
            self._at += step
            self._show(self._been[self._at])

    def _show(self, to: Destination) -> None:
        page = self._made(to.page)
        working = self._stack.currentWidget() is page and holds_keyboard(page)
        self._stack.setCurrentWidget(page)
        self.navigation.show_page(to.page)
        if to.page != "catalog" and not to.text:
            self.header.search.clear()
        # Who works on the page already goes on where they are.
        if not working and (to.page != "catalog" or not self.header.search.hasFocus()):
            page.setFocus(Qt.FocusReason.OtherFocusReason)
        page.go(to)

    def _made(self, name: str) -> Page:
        if name not in self._pages:
            module, kind = _PAGES[name]
            # Imported here, so that the first picture waits only for the page that it shows.
            made: Page = getattr(importlib.import_module(module), kind)(self.session)
            made.setAccessibleName(dict(PLACES)[name])
            self._pages[name] = made
            self._stack.addWidget(made)
        return self._pages[name]

    def _page(self) -> Page:
        found = self._stack.currentWidget()
        assert isinstance(found, Page)
        return found

    def _search(self, text: str) -> None:
        here = self._been[self._at] if self._at >= 0 else None
        to = Destination("catalog", text=text)
        if here is not None and here.page == "catalog" and not here.artifact:
            # Typing on is one step of the way, not one for each letter.
            self._been[self._at] = to
        self.go(to)

    def cover(self, widget: QWidget | None) -> None:
        """Put something over everything, such as the first run, or take it away."""
        if self._cover is not None:
            self._layers.removeWidget(self._cover)
            self._cover.deleteLater()
        self._cover = widget
        if widget is not None:
            self._layers.addWidget(widget)
            self._layers.setCurrentWidget(widget)
        else:
            self._layers.setCurrentWidget(self._frame)

    # What is told

    def show_trouble(self, error: Exception) -> None:
        """Show an error that belongs to no place on a page; never in a dialog of its own."""
        from PySide6.QtGui import QGuiApplication

        problem = Problem.of(error)
        sentence = " ".join(part for part in (problem.message, problem.remedy) if part)
        self.notices.say(
            sentence,
            "Copy details",
            lambda: QGuiApplication.clipboard().setText(problem.text),
        )

    def _show_view(self) -> None:
        self.header.show_view()
        self.banner.show_state()

    def _count_soon(self) -> None:
        # News of a hundred registries are counted once.
        if self.isVisible() and not self._counting.isActive():
            self._counting.start()

    def _count(self) -> None:
        listed = self.session.listed()
        busy = sum(entry.activity != "idle" for entry in listed)
        attention = sum(entry.asks for entry in listed)
        self.header.show_counts(busy, attention)

    def _show_jobs(self) -> None:
        rows = {row.id: row for row in self.session.registries(hidden=True)}
        popup = JobsPopup(
            self.session, self.header.jobs, lambda key: self._actions.cancel([rows[key]])
        )
        popup.show()

    def _show_attention(self) -> None:
        AttentionPopup(self.session, self.header.attention).show()

    def _show_help(self) -> None:
        from desktop.ui.keys import KeysDialog

        KeysDialog(self).exec()

    # State that outlives the program

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.navigation.set_narrow(self.width() < NARROW)

    def closeEvent(self, event: QCloseEvent) -> None:
        prefs = self.session.prefs
        prefs.setValue("geometry", self.top.saveGeometry())
        if self._at >= 0:
            here = self._been[self._at]
            prefs.setValue("page", here.page)
            prefs.setValue("registry", here.registry)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._counting.stop()
        self.leaving.emit()
        super().closeEvent(event)
