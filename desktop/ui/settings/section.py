"""A section of the settings: a column of settings that scrolls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.parts.text import hairline, label
from desktop.ui.session import Session
from desktop.ui.settings.saving import Saving, stored_settings, why_locked
from desktop.ui.settings.setting import Setting

WIDEST = 680


class Section(QScrollArea):
    """Made when it is first gone to; `show_stored` is called whenever something else is stored."""

    def __init__(self, session: Session, title: str, said: str = "") -> None:
        super().__init__()
        self.session = session
        self.saving = Saving(session, self)
        self.saving.idle.connect(self.show_stored)
        self.settings: list[Setting] = []
        self.setAccessibleName(title)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Its controls take the keys; what they do not want scrolls.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        inner.setMaximumWidth(WIDEST + 64)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(32, 20, 32, 32)
        self.column.setSpacing(8)
        name = label(title, "title")
        # As high as a button beside it, so that titles stand where they stood.
        name.setMinimumHeight(32)
        self.head = QHBoxLayout()
        self.head.addWidget(name, 1)
        self.column.addLayout(self.head)
        if said:
            self.column.addWidget(label(said, "secondary", wrap=True))
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(inner, 1)
        line.addStretch(0)
        self.setWidget(holder)
        for signal in (session.ready, session.settings_changed):
            signal.connect(self._heard)

    # What it is made of

    def add(self, widget: QWidget, *, gap: int = 16) -> None:
        self.column.addSpacing(gap)
        self.column.addWidget(widget)

    def add_part(self, title: str, said: str = "") -> None:
        """Begin another part, below a line."""
        self.column.addSpacing(16)
        self.column.addWidget(hairline())
        self.column.addSpacing(8)
        self.column.addWidget(label(title, "section"))
        if said:
            self.column.addWidget(label(said, "secondary", wrap=True))

    def add_setting(self, setting: Setting, stored_as: str = "") -> None:
        """Add a setting; with `stored_as` its value is kept under that name of `Settings`."""
        self.settings.append(setting)
        # A margin, unlike a gap, goes where the setting goes when it is hidden.
        setting.setContentsMargins(0, 8, 0, 0)
        self.column.addWidget(setting)
        if stored_as:
            setting.decided.connect(lambda value: self.keep(setting, value, **{stored_as: value}))

    # What is stored

    def show_stored(self) -> None:
        """Show what is stored, and what may be changed."""
        why = why_locked(self.session)
        stored = stored_settings(self.session)
        for setting in self.settings:
            setting.lock(why)
            if hasattr(stored, setting.spec.name):
                setting.show_stored(getattr(stored, setting.spec.name))

    def keep(self, setting: Setting, entered: Any, **values: Any) -> None:
        """Change settings of the program; on an error the setting goes back and says why."""
        self.change(
            lambda: self.session.app.settings.change(**values),
            lambda _settings: setting.trouble.hide(),
            lambda error: setting.fail(error, entered),
        )

    def change(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Change something of what is stored, after the changes before it."""
        self.saving.make(work, done, failed)

    def reveal(self, what: str) -> None:
        """Go to one thing in the section, which a destination named."""

    def refresh(self) -> None:
        """Read everything again (F5)."""
        self.show_stored()

    def _heard(self) -> None:
        if self.isVisible() and not self.saving.busy:
            self.show_stored()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.session.writable:
            for setting in self.settings:
                setting.decide()
