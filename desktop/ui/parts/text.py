"""Labels: always plain text, in one of the styles of the sheet."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from desktop.engine.words import sentence as sentence
from desktop.ui.sheet import styled

# Line ends and tabs, spaces of every width, and the joiners that emoji and some scripts need.
_KEPT = frozenset("\n\t\r\u200c\u200d\u00a0\u202f\u205f\u3000") | {
    chr(c) for c in range(0x2000, 0x200B)
}


def label(text: str = "", kind: str = "", *, wrap: bool = False, select: bool = False) -> QLabel:
    """Return a label; `kind` is title, section, strong, secondary, caption, group or a level."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if select:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # Selectable by keyboard would put every label into the tab order.
        made.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    return styled(made, kind) if kind else made


def tooltip(text: str) -> str:
    """Return a text as a tooltip shows it literally, whatever tags it holds."""
    if "<" not in text:
        return text
    import html

    return f"<span style='white-space: pre-wrap'>{html.escape(text)}</span>"


def menu_text(text: str) -> str:
    """Return a text as a menu or a button shows it literally."""
    return text.replace("&", "&&")


def hairline(parent: QWidget | None = None) -> QFrame:
    """Return a line between two parts."""
    return styled(QFrame(parent), "hairline")


class Elided(QLabel):
    """A line of text that ends in an ellipsis where there is no room for it."""

    def __init__(
        self,
        text: str = "",
        kind: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._mode = mode
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Preferred)
        if kind:
            styled(self, kind)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fits = QFontMetrics(self.font()).horizontalAdvance(self.text()) <= self.width()
        self.setToolTip("" if fits else tooltip(self.text()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = QFontMetrics(self.font()).elidedText(self.text(), self._mode, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(
            self.rect(), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown
        )
        painter.end()


def visible(text: str) -> str:
    """Return text from outside with nothing in it that cannot be seen.

    Characters that turn the direction of writing, hide, or control a terminal are spelled out, so
    that a name cannot pass for another one. Line breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else f"⟨U+{ord(c):04X}⟩" for c in text)
