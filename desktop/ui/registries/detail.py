"""The right half of the page: one registry with its header and its tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from desktop.ui.registries.commands import RegistryCommands
from desktop.ui.registries.heading import RegistryHeading
from desktop.ui.registries.holdings import Holdings
from desktop.ui.session import Listed, Session
from desktop.ui.sheet import styled

OVERVIEW, CONTENTS, CHANGES, CONNECTION = "overview", "contents", "changes", "connection"
REVIEW = "review"
_ALWAYS = (OVERVIEW, CONTENTS, CHANGES, CONNECTION)


class RegistryDetail(QFrame):
    """Tabs are made when they are first shown; *Review* is there while a run is held."""

    left = Signal()
    """Esc was pressed where it means nothing else."""

    def __init__(
        self,
        session: Session,
        commands: RegistryCommands,
        visited: Callable[[], object],
    ) -> None:
        """`visited` is called when the user went to another tab."""
        super().__init__()
        styled(self, "panel")
        self._session = session
        self._commands = commands
        self._visited = visited
        self._entry: Listed | None = None
        self._made: dict[str, Any] = {}
        self._names: list[str] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._holdings = Holdings(session, self)
        self._holdings.counted.connect(self._counted)
        self.heading = RegistryHeading(session, commands, self._holdings)
        self._bar = QTabBar()
        self._bar.setObjectName("registry-tabs")
        self._bar.setAccessibleName(self.tr("Parts of the registry"))
        self._bar.setDrawBase(False)
        self._bar.setExpanding(False)
        self._bar.setUsesScrollButtons(True)
        self._bar.currentChanged.connect(self._turned)
        holder = QWidget()
        line = QVBoxLayout(holder)
        line.setContentsMargins(24, 4, 24, 0)
        line.addWidget(self._bar)
        self._stack = QStackedWidget()
        column.addWidget(self.heading)
        column.addWidget(holder)
        rule = styled(QFrame(), "hairline")
        column.addWidget(rule)
        column.addWidget(self._stack, 1)
        self._titles = {
            OVERVIEW: self.tr("Overview"),
            CONTENTS: self.tr("Contents"),
            CHANGES: self.tr("Changes"),
            CONNECTION: self.tr("Connection"),
            REVIEW: self.tr("Review"),
        }
        self._show_tabs(())
        for keys, step in (
            ("Ctrl+Tab", 1),
            ("Ctrl+PgDown", 1),
            ("Ctrl+Shift+Tab", -1),
            ("Ctrl+PgUp", -1),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(lambda step=step: self._step(step))

    @property
    def registry_id(self) -> str:
        return self._entry.row.id if self._entry else ""

    @property
    def tab(self) -> str:
        """The name of the tab that is shown."""
        return self._names[self._bar.currentIndex()]

    def show_registry(self, entry: Listed) -> None:
        """Show a registry, or what is new about the one that is shown."""
        self._entry = entry
        held = entry.row.last_outcome == "held" and entry.row.removed_at is None
        self._show_tabs((REVIEW,) if held else ())
        self._holdings.look_at(entry.row.id)
        self.heading.show_registry(entry)
        self._show_current()

    def _counted(self, registry: str) -> None:
        if self._entry is not None and self._entry.row.id == registry:
            self.heading.show_registry(self._entry)
            if OVERVIEW in self._made:
                self._made[OVERVIEW].show_facts()

    def show_tab(self, name: str) -> None:
        if name in self._names:
            self._bar.setCurrentIndex(self._names.index(name))

    def take_focus(self) -> None:
        """Let the keyboard go on here."""
        self._bar.setFocus(Qt.FocusReason.OtherFocusReason)

    def check_now(self) -> None:
        """Go to the connection and check it."""
        self.show_tab(CONNECTION)
        self._made[CONNECTION].check_now()

    def edit_now(self) -> None:
        """Go to the connection and begin to edit it."""
        self.show_tab(CONNECTION)
        self._made[CONNECTION].edit_now()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _show_tabs(self, besides: tuple[str, ...]) -> None:
        """Have these tabs besides the four that are always there, the current one kept."""
        wanted = [*besides, *_ALWAYS]
        if wanted == self._names:
            return
        current = self.tab if self._names else OVERVIEW
        blocked = self._bar.blockSignals(True)
        while self._bar.count():
            self._bar.removeTab(0)
        for name in wanted:
            self._bar.addTab(self._titles[name])
        self._names = wanted
        self._bar.setCurrentIndex(wanted.index(current if current in wanted else OVERVIEW))
        self._bar.blockSignals(blocked)

    def _turned(self) -> None:
        self._show_current()
        self._visited()

    def _step(self, step: int) -> None:
        if self.isVisible():
            self._bar.setCurrentIndex((self._bar.currentIndex() + step) % self._bar.count())

    def _show_current(self) -> None:
        if self._entry is None:
            return
        made = self._tab_of(self.tab)
        self._stack.setCurrentWidget(made)
        made.show_registry(self._entry)

    def _tab_of(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._make(name)
            self._stack.addWidget(self._made[name])
        return self._made[name]

    def _make(self, name: str) -> Any:
        # Imported here: most of them are not needed for the first picture.
        if name == OVERVIEW:
            from desktop.ui.registries.overview import OverviewTab

            return OverviewTab(self._session, self._commands, self.show_tab, self._holdings)
        if name == CONTENTS:
            from desktop.ui.registries.contents import ContentsTab

            made = ContentsTab(self._session)
            made.left.connect(self.left)
            return made
        if name == CHANGES:
            from desktop.ui.registries.changes import ChangesTab

            return ChangesTab(self._session)
        if name == REVIEW:
            from desktop.ui.registries.review import ReviewTab

            return ReviewTab(self._session, self._commands.actions)
        from desktop.ui.registries.connection import ConnectionTab

        return ConnectionTab(self._session)
