"""A question beside what it is about; answered there, with Esc for no."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.parts.buttons import button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled


class Question(QFrame):
    """Hidden until something is asked; the keyboard then waits on Cancel."""

    def __init__(self) -> None:
        super().__init__()
        styled(self, "card-attention")
        self._act: Callable[[], object] | None = None
        self._asker: QWidget | None = None
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 12, 12, 12)
        line.setSpacing(10)
        column = QVBoxLayout()
        column.setSpacing(8)
        self._text = label(wrap=True)
        self._yes = button("", self._answered, kind="danger")
        self._yes.setObjectName("confirm")
        self._no = button(self.tr("Cancel"), self.withdraw)
        self._no.setObjectName("cancel")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._yes)
        buttons.addWidget(self._no)
        buttons.addStretch(1)
        column.addWidget(self._text)
        column.addLayout(buttons)
        line.addWidget(Picture("warning", 18, "attention"), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(column, 1)
        self.hide()

    def ask(
        self, text: str, yes: str, act: Callable[[], object], asker: QWidget, *, kind: str = ""
    ) -> None:
        """Ask; `act` is done for a yes, and the focus goes back to `asker` in any case."""
        self._act, self._asker = act, asker
        self._text.setText(text)
        styled(self._yes, kind)
        self._yes.setText(yes)
        self._yes.setAccessibleDescription(text)
        self._no.setAccessibleDescription(text)
        self.setAccessibleName(text)
        self.show()
        self._no.setFocus(Qt.FocusReason.OtherFocusReason)

    def withdraw(self) -> None:
        """Take it for a no."""
        had_focus = self.isAncestorOf(self.focusWidget()) if self.focusWidget() else False
        self.hide()
        if self._asker is not None and had_focus:
            self._asker.setFocus(Qt.FocusReason.OtherFocusReason)
        self._act = None

    def _answered(self) -> None:
        act = self._act
        self.withdraw()
        if act is not None:
            act()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.withdraw()
        else:
            super().keyPressEvent(event)
