"""What needs attention, each with the button that ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.icons import pixmap
from desktop.ui.parts.buttons import button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.state import LEVEL_ICONS
from desktop.ui.parts.text import hairline, label
from desktop.ui.session import Listed

if TYPE_CHECKING:
    from desktop.engine.attention import Attention

MOST = 6
_BUTTONS = {
    "review": "Review…",
    "sign-in": "Sign in…",
    "check": "Check connection",
    "sync": "Synchronize",
    "edit": "Edit…",
    "plugins": "Plugins",
    "none": "Show",
}


class AttentionList(QWidget):
    """One row for each registry that needs something of the user, worst first."""

    def __init__(self, act: Callable[[Attention], None], more: Callable[[], object]) -> None:
        """`more` leads to where all of them are."""
        super().__init__()
        self._act = act
        self._more = more
        self._shown: tuple[object, ...] | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def show_attention(self, found: Sequence[Attention], listed: Mapping[str, Listed]) -> None:
        shown = tuple((entry, listed.get(entry.registry_id)) for entry in found)
        if shown == self._shown:
            return  # what somebody is about to press stays where it is
        self._shown = shown
        clear(self._column)
        self.setVisible(bool(found))
        if not found:
            return
        self._column.addWidget(label(self.tr("Needs attention"), "section"))
        for entry in found[:MOST]:
            row = listed.get(entry.registry_id)
            if row is not None:
                self._column.addWidget(self._row(entry, row))
                self._column.addWidget(hairline())
        if len(found) > MOST:
            more = words.counted(len(found) - MOST, "more registry", "more registries")
            self._column.addSpacing(8)
            left = Qt.AlignmentFlag.AlignLeft
            self._column.addWidget(button(more, self._more, kind="link"), 0, left)

    def _row(self, entry: Attention, listed: Listed) -> QWidget:
        row = QFrame()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 10, 0, 10)
        line.setSpacing(12)
        symbol = QLabel()
        level = listed.state.level
        symbol.setPixmap(pixmap(LEVEL_ICONS[level], 20, level))
        symbol.setFixedWidth(20)
        column = QVBoxLayout()
        column.setSpacing(2)
        name = listed.row.name
        column.addWidget(
            label(
                self.tr("{name}: {what}").format(name=name, what=_lowered(entry.what)),
                "strong",
                wrap=True,
            )
        )
        for text in (entry.why, entry.remedy):
            if text:
                column.addWidget(label(text, "secondary", wrap=True))
        action = button(self.tr(_BUTTONS.get(entry.action, "Show")), lambda: self._act(entry))
        action.setAccessibleName(f"{action.text().rstrip('…')} {name}")
        line.addWidget(symbol)
        line.addLayout(column, 1)
        line.addWidget(action)
        return row


def _lowered(sentence: str) -> str:
    """Return a sentence as it goes on behind a colon."""
    first, rest = sentence[:1], sentence[1:]
    return (first if rest[:1].isupper() else first.lower()) + rest.removesuffix(".")
