"""Buttons, each with the words that a screen reader says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from desktop.ui.icons import icon
from desktop.ui.parts.clearing import clear
from desktop.ui.sheet import styled


def button(
    text: str,
    clicked: Callable[[], object] | None = None,
    *,
    kind: str = "",
    symbol: str = "",
) -> QPushButton:
    """Return a button; `kind` is primary, link or danger, `symbol` the name of an icon."""
    made = QPushButton(text)
    if symbol:
        made.setIcon(icon(symbol, "on_accent" if kind == "primary" else ""))
        if text:
            made.setIconSize(QSize(20, 16))
    made.setAutoDefault(False)
    if kind == "link":
        made.setCursor(Qt.CursorShape.PointingHandCursor)
    if clicked is not None:
        made.clicked.connect(lambda _checked=False: clicked())
    return styled(made, kind) if kind else made


def icon_button(
    symbol: str, name: str, clicked: Callable[[], object] | None = None, *, shortcut: str = ""
) -> QToolButton:
    """Return a button that is only an icon; `name` is its tooltip and its accessible name."""
    made = QToolButton()
    made.setIcon(icon(symbol))
    made.setIconSize(QSize(16, 16))
    made.setAccessibleName(name)
    made.setToolTip(f"{name} ({shortcut})" if shortcut else name)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if clicked is not None:
        made.clicked.connect(lambda _checked=False: clicked())
    return made


def menu_button(text: str, menu: QMenu, *, symbol: str = "", kind: str = "") -> QPushButton:
    """Return a button that opens a menu."""
    made = button(text, kind=kind, symbol=symbol)
    made.setMenu(menu)
    return made


class CopyButton(QToolButton):
    """Copies a text, and says so."""

    def __init__(self, what: str, text: Callable[[], str]) -> None:
        """`what` is what is copied, such as `digest`."""
        super().__init__()
        self._text = text
        self._name = f"Copy {what}"
        self.setIconSize(QSize(14, 14))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(1500)
        self._timer.timeout.connect(self._rest)
        self.clicked.connect(self._copy)
        self._rest()

    def _rest(self) -> None:
        self.setIcon(icon("copy"))
        self.setAccessibleName(self._name)
        self.setToolTip(self._name)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text())
        self.setIcon(icon("check", "good"))
        self.setAccessibleName("Copied")
        self.setToolTip("Copied")
        self._timer.start()


class ButtonRow(QWidget):
    """Buttons beside each other, or below each other where there is no room for that."""

    def __init__(self) -> None:
        super().__init__()
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(8)
        self._line.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def show_buttons(self, made: Sequence[QPushButton]) -> None:
        """Hold these buttons instead of those before."""
        clear(self._line)
        for one in made:
            self._line.addWidget(one)
        self._arrange()

    def _arrange(self) -> None:
        found = [self._line.itemAt(place) for place in range(self._line.count())]
        needed = sum(one.sizeHint().width() for one in found if one is not None)
        fits = needed + self._line.spacing() * (len(found) - 1) <= self.width()
        directions = QBoxLayout.Direction
        self._line.setDirection(directions.LeftToRight if fits else directions.TopToBottom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
