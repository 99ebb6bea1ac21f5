"""Notices: what was done, shown for a while at the bottom, with a way back where there is one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QWidget
from shiboken6 import isValid

from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled

SHORT, LONG = 4_000, 12_000
BELOW = 64
"""Room below a notice, for the buttons that a form has there."""


class Notices(QFrame):
    """The one notice that is shown; a newer one replaces it. Ctrl+Z presses its Undo."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        styled(self, "notice")
        self._act: Callable[[], object] | None = None
        self._is_undo = False
        line = QHBoxLayout(self)
        line.setContentsMargins(14, 8, 8, 8)
        line.setSpacing(12)
        self._text = label()
        self._button = button("Undo", self._pressed)
        # A click leaves the cursor where somebody works.
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._before: QWidget | None = None
        line.addWidget(self._text, 1)
        line.addWidget(self._button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._over)
        undo = QShortcut(QKeySequence.StandardKey.Undo, window)
        undo.activated.connect(self._undo)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_moved)
        window.installEventFilter(self)
        self.hide()

    def say(self, sentence: str, action: str = "", act: Callable[[], object] | None = None) -> None:
        """Show a sentence; with an action it stays longer."""
        self._act = act
        self._text.setText(sentence)
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._is_undo = action == "Undo"
        self._button.setToolTip("Ctrl+Z" if self._is_undo else "")
        self.setAccessibleName(sentence)
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()
        self._timer.start(LONG if act else SHORT)
        # Imported here: nothing is said before the first picture.
        from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))

    def _pressed(self) -> None:
        act, self._act = self._act, None
        if act is not None and self.isVisible():
            self._leave()
            act()

    def _undo(self) -> None:
        if self._is_undo:
            self._pressed()

    def _focus_moved(self, old: QWidget | None, new: QWidget | None) -> None:
        if new is self._button:
            self._before = old

    def _leave(self) -> None:
        """Hide, and give the keyboard back to what had it."""
        before, self._before = self._before, None
        if self._button.hasFocus() and before is not None and isValid(before):
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()

    def _over(self) -> None:
        if self.underMouse() or self._button.hasFocus():
            self._timer.start(SHORT)
        else:
            self._act = None
            self.hide()

    def _place(self) -> None:
        window = self._window
        width = min(self.sizeHint().width(), window.width() - 48)
        self.resize(width, self.sizeHint().height())
        self.move((window.width() - width) // 2, window.height() - self.height() - BELOW)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
