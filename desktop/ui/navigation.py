"""The navigation at the left: five places."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton, QVBoxLayout

from desktop.ui.icons import icon
from desktop.ui.parts.text import hairline
from desktop.ui.sheet import styled

WIDE, NARROW = 156, 60
PLACES = (
    ("home", "Home"),
    ("registries", "Registries"),
    ("catalog", "Catalog"),
    ("changes", "Changes"),
    ("settings", "Settings"),
)


class Navigation(QFrame):
    """Five buttons of which one is down; Ctrl+1 to Ctrl+5 press them."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        styled(self, "sidebar")
        self.setFixedWidth(WIDE)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 12, 10, 12)
        column.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for number, (page, title) in enumerate(PLACES, 1):
            if page == "settings":
                column.addStretch(1)
                column.addWidget(hairline())
                column.addSpacing(6)
            column.addWidget(self._button(number, page, title))

    def _button(self, number: int, page: str, title: str) -> QToolButton:
        made = styled(QToolButton(), "navigation")
        made.setText(title)
        made.setIcon(icon(page))
        made.setIconSize(QSize(18, 18))
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setCheckable(True)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        made.setToolTip(f"{title} (Ctrl+{number})")
        made.setAccessibleName(title)
        made.clicked.connect(lambda: self.chosen.emit(page))
        self._group.addButton(made)
        self._buttons[page] = made
        shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(lambda: self.chosen.emit(page))
        return made

    def set_narrow(self, narrow: bool) -> None:
        """Show icons alone where the window has no room for words."""
        style = Qt.ToolButtonStyle
        self.setFixedWidth(NARROW if narrow else WIDE)
        for made in self._buttons.values():
            made.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )

    def show_page(self, page: str) -> None:
        self._buttons[page].setChecked(True)
        # Tab stops where one is; the arrow keys lead to the other places from there.
        policies = Qt.FocusPolicy
        for name, made in self._buttons.items():
            here = name == page
            made.setFocusPolicy(policies.StrongFocus if here else policies.ClickFocus)
