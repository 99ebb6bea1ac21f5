"""What the window asks of a page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from desktop.ui.destination import Destination
from desktop.ui.session import Session


class Page(QWidget):
    """One of the five places of the navigation; made when it is first gone to."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        # So that the keys of a page work before somebody has chosen a control of it.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def go(self, to: Destination) -> None:
        """Show what the destination names; called each time somebody comes here."""

    def focus_filter(self) -> None:
        """Put the cursor where one filters (Ctrl+F)."""

    def enter(self) -> None:
        """Go from the search field into what it found."""

    def search_field(self) -> QLineEdit | None:
        """Return the search of the window that this page is in."""
        above: QWidget | None = self
        while above is not None and not hasattr(above, "header"):
            above = above.parentWidget()
        return above.header.search if above is not None else None

    def refresh(self) -> None:
        """Do what F5 means here."""


def holds_keyboard(widget: QWidget) -> bool:
    """Say whether something that is visible within a widget has the keyboard."""
    focused = QApplication.focusWidget()
    return focused is not None and focused.isVisible() and widget.isAncestorOf(focused)
