"""A few fields that open where something is added or edited, with Save and Cancel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout

from desktop.ui.forms.fields import make_field
from desktop.ui.parts.buttons import button
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled
from registrykit.forms import FieldSpec

WIDEST = 420


class Entering(QFrame):
    """Enter saves, Esc leaves; it stays open, with what is wrong, until it was saved."""

    saved = Signal(object)
    """The values, by name; call `fail` or `finish` when it is known what came of them."""
    left = Signal()
    """Somebody gave it up, or it is done."""

    def __init__(self, specs: Sequence[FieldSpec], save: str) -> None:
        super().__init__()
        styled(self, "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(4)
        self.fields = {spec.name: make_field(spec) for spec in specs}
        self._sayings: list[Callable[[], None]] = []
        for name, field in self.fields.items():
            field.setMaximumWidth(WIDEST)
            field.setObjectName(f"enter-{name}")
            if column.count():
                column.addSpacing(6)
            words = label(field.spec.label, "secondary")
            words.setBuddy(field.entry)
            column.addWidget(words)
            column.addWidget(field)
            if isinstance(field.entry, QLineEdit):
                field.entry.returnPressed.connect(self._save)
        self._said = label("", "caption", wrap=True)
        self._said.hide()
        column.addWidget(self._said)
        self._trouble = ProblemCard()
        column.addWidget(self._trouble)
        self._yes = button(save, self._save, kind="primary")
        self._yes.setObjectName("save")
        cancel = button(self.tr("Cancel"), self.finish)
        cancel.setObjectName("cancel")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._yes)
        line.addWidget(cancel)
        line.addStretch(1)
        column.addSpacing(6)
        column.addLayout(line)
        self.hide()

    def open(self, values: dict[str, Any]) -> None:
        """Begin with these values; the cursor stands in the first field."""
        self._trouble.hide()
        self._yes.setEnabled(True)
        for name, value in values.items():
            self.fields[name].set_value(value)
        for say in self._sayings:
            say()
        self.show()
        first = next(iter(self.fields.values()))
        first.focus()
        if isinstance(first.entry, QLineEdit):
            first.entry.selectAll()

    def say_of(self, name: str, words: Callable[[Any], str]) -> None:
        """Say below the fields what the value of one of them means."""

        def say() -> None:
            text = words(self.fields[name].value())
            self._said.setText(text)
            self._said.setVisible(bool(text))
            self.fields[name].describe(text)

        self._sayings.append(say)
        self.fields[name].changed.connect(say)

    def fail(self, problem: Problem) -> None:
        """Say why it could not be saved; the fields stay as they are."""
        self._yes.setEnabled(True)
        self._trouble.show_problem(problem)

    def finish(self) -> None:
        self.hide()
        self.left.emit()

    def _save(self) -> None:
        if not self._yes.isEnabled():
            return
        self._trouble.hide()
        self._yes.setEnabled(False)
        self.saved.emit({name: field.value() for name, field in self.fields.items()})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.finish()
        else:
            super().keyPressEvent(event)
