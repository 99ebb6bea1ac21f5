"""Facts: a name, a value, and a button that copies the value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from desktop.ui.parts.buttons import CopyButton
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.text import Elided, label

LONG_WORD = 48


@dataclass(frozen=True)
class Fact:
    """`copy` puts a button beside the value; `level` colors it as a `words.Level`."""

    name: str
    value: str
    copy: bool = False
    level: str = ""


class Facts(QWidget):
    """A list of facts in two columns; facts without a value are left out."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._shown: list[Fact] = []
        self.show_facts(facts)

    def show_facts(self, facts: Iterable[Fact]) -> None:
        wanted = [_fitting(fact) for fact in facts if fact.value]
        if wanted == self._shown:
            return  # what somebody selects or is about to copy stays
        self._shown = wanted
        clear(self._grid)
        top = Qt.AlignmentFlag.AlignTop
        for line, fact in enumerate(wanted):
            name = label(fact.name, "secondary")
            name.setMinimumWidth(112)
            # Where the first line of a value is, which may have several.
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            middle = Qt.AlignmentFlag.AlignVCenter
            self._grid.addWidget(name, line, 0, middle if fact.copy else top)
            value: QWidget = (
                _with_copy(fact)
                if fact.copy
                else label(fact.value, fact.level, wrap=True, select=True)
            )
            value.setMinimumWidth(1)
            value.setAccessibleName(f"{fact.name}: {fact.value}")
            self._grid.addWidget(value, line, 1, top)


def _fitting(fact: Fact) -> Fact:
    """Let what is one long word be shortened in its middle, and copied, instead of pushing."""
    if fact.copy or "\n" in fact.value or max(map(len, fact.value.split()), default=0) < LONG_WORD:
        return fact
    return replace(fact, copy=True)


def _in_words(name: str) -> str:
    """Return a name as it stands within a sentence; abbreviations stay what they are."""
    return name if name.isupper() else name[:1].lower() + name[1:]


def _with_copy(fact: Fact) -> QWidget:
    """Return a value on one line, with the button right behind it."""
    made = QWidget()
    line = QHBoxLayout(made)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(4)
    value = Elided(fact.value, fact.level, Qt.TextElideMode.ElideMiddle)
    value.setMaximumWidth(value.fontMetrics().horizontalAdvance(fact.value) + 4)
    copy = CopyButton(_in_words(fact.name), partial(str, fact.value))
    copy.setFixedSize(24, 22)
    line.addWidget(value, 1)
    line.addWidget(copy)
    line.addStretch(0)
    return made
