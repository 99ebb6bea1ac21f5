"""A short list in which every line has one thing that can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import Elided, label, visible


@dataclass(frozen=True)
class ActionLine:
    """`key` is what the line keeps while its words change, `name` what the button is called.

    With `why_not` the button cannot be pressed.
    """

    key: str
    text: str
    said: str
    action: str
    name: str
    act: Callable[[], object] = field(compare=False)
    why_not: str = ""


class Lines(QWidget):
    """Says something else where there are none."""

    def __init__(self, none: str) -> None:
        super().__init__()
        self._shown: dict[str, tuple[ActionLine, QWidget, QPushButton]] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._none = label(none, "secondary", wrap=True)
        self._column.addWidget(self._none)

    def show_lines(self, lines: Sequence[ActionLine]) -> None:
        """Show these; the focus goes on to the next line where its own is gone."""
        order = list(self._shown)
        lost = next((key for key in order if self._shown[key][2].hasFocus()), "")
        place = order.index(lost) if lost else 0
        keys = [line.key for line in lines]
        if {line.key: line for line in lines} != {k: v[0] for k, v in self._shown.items()}:
            for _, row, _ in self._shown.values():
                row.hide()
                row.deleteLater()
            self._shown = {}
            for line in lines:
                row, pressed = self._row(line)
                self._shown[line.key] = (line, row, pressed)
                self._column.addWidget(row)
        self._none.setVisible(not lines)
        if lost and keys:
            chosen = lost if lost in keys else keys[min(place, len(keys) - 1)]
            self._shown[chosen][2].setFocus(Qt.FocusReason.OtherFocusReason)

    def _row(self, line: ActionLine) -> tuple[QWidget, QPushButton]:
        row = QWidget()
        across = QHBoxLayout(row)
        across.setContentsMargins(0, 4, 0, 4)
        across.setSpacing(12)
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addWidget(Elided(visible(line.text), "strong"))
        column.addWidget(Elided(visible(line.said), "caption"))
        across.addLayout(column, 1)
        pressed = button(line.action, line.act, kind="link")
        pressed.setAccessibleName(visible(line.name))
        pressed.setToolTip(line.why_not)
        pressed.setEnabled(not line.why_not)
        across.addWidget(pressed)
        return row, pressed
