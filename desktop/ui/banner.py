"""One line below the header where the whole program is in a special state."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import Elided
from desktop.ui.session import Session
from desktop.ui.sheet import styled


class Banner(QFrame):
    """Demo, offline, or data that another program writes; hidden in the ordinary state."""

    own_asked = Signal()
    """Somebody wants to leave the demo and set up registries of their own."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        styled(self, "banner")
        self._session = session
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 6, 16, 6)
        self._text = Elided()
        self._button = button("", self._pressed, kind="link")
        self._act: Callable[[], object] | None = None
        line.addWidget(self._text, 1)
        line.addWidget(self._button)
        self.show_state()

    def show_state(self) -> None:
        session = self._session
        text, action, act = "", "", None
        if session.demo:
            text = "Demo · built-in servers on this machine · nothing is kept"
            action, act = "Set up my own", self.own_asked.emit
        elif session.is_ready and not session.writable:
            text = (
                "Another Registry Desktop has this data open, so nothing can be changed here; "
                "what was synchronized can be read."
            )
        elif session.is_ready and session.app.network().offline:
            text = "Offline · nothing is contacted; what was synchronized before can be read"
        self._text.setText(text)
        self._text.update()
        self._act = act
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self.setVisible(bool(text))
        self.setAccessibleName(text)

    def _pressed(self) -> None:
        if self._act is not None:
            self._act()
