"""Settings: sections in a quiet list, of which one is shown."""

from __future__ import annotations

import importlib

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
)

from desktop.ui.destination import Destination
from desktop.ui.icons import icon
from desktop.ui.parts.page import Page
from desktop.ui.session import Session
from desktop.ui.settings.section import Section
from desktop.ui.sheet import styled

WIDTH, HEIGHT = 160, 34
_SECTIONS = {
    "appearance": ("sun", "desktop.ui.settings.appearance", "AppearanceSection"),
    "environments": ("environment", "desktop.ui.settings.environments", "EnvironmentsSection"),
    "schedule": ("clock", "desktop.ui.settings.schedule", "ScheduleSection"),
    "network": ("globe", "desktop.ui.settings.network", "NetworkSection"),
    "storage": ("database", "desktop.ui.settings.storage", "StorageSection"),
    "security": ("shield", "desktop.ui.settings.security", "SecuritySection"),
    "plugins": ("plug", "desktop.ui.settings.plugins", "PluginsSection"),
    "about": ("info", "desktop.ui.settings.about", "AboutSection"),
}
NAMES = tuple(_SECTIONS)


class SettingsPage(Page):
    """A section is made when it is first gone to."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._made: dict[str, Section] = {}
        self._list = QListWidget()
        styled(self._list, "sections")
        self._list.setObjectName("settings-sections")
        self._list.setAccessibleName(self.tr("Sections of the settings"))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setIconSize(QSize(16, 16))
        titles = {
            "appearance": self.tr("Appearance"),
            "environments": self.tr("Environments"),
            "schedule": self.tr("Schedule"),
            "network": self.tr("Network"),
            "storage": self.tr("Storage"),
            "security": self.tr("Security"),
            "plugins": self.tr("Plugins"),
            "about": self.tr("About"),
        }
        for name in NAMES:
            entry = QListWidgetItem(icon(_SECTIONS[name][0]), titles[name], self._list)
            entry.setSizeHint(QSize(0, HEIGHT))
        side = styled(QFrame(), "list")
        side.setFixedWidth(WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(8, 16, 8, 8)
        column.addWidget(self._list)
        self._stack = QStackedWidget()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(side)
        line.addWidget(self._stack, 1)
        self._list.currentRowChanged.connect(self._show)
        self.setFocusProxy(self._list)

    def go(self, to: Destination) -> None:
        """Show a section; without one that of the last time."""
        place = NAMES.index(to.tab) if to.tab in NAMES else max(self._list.currentRow(), 0)
        same = place == self._list.currentRow()
        # Who is given the keyboard makes the first row the current one, but does not choose it.
        self._list.setCurrentRow(place)
        if same:
            self._show(place)
        section = self._stack.currentWidget()
        if to.text and isinstance(section, Section):
            section.reveal(to.text)

    def focus_filter(self) -> None:
        """Put the keyboard on the list of sections; there is nothing to filter."""
        self._list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def refresh(self) -> None:
        section = self._stack.currentWidget()
        if isinstance(section, Section):
            section.refresh()

    def _show(self, place: int) -> None:
        name = NAMES[place]
        if name not in self._made:
            _, module, kind = _SECTIONS[name]
            # What nobody looks at is not imported.
            made: Section = getattr(importlib.import_module(module), kind)(self.session)
            self._made[name] = made
            self._stack.addWidget(made)
        section = self._made[name]
        self._stack.setCurrentWidget(section)
        section.show_stored()
