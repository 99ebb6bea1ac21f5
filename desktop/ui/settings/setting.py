"""One setting: its name, what it does, its control, and what went wrong with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.ui.forms.fields import Field, make_field
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import label
from registrykit.forms import FieldSpec

WIDEST = 520
_AT_ONCE = ("flag", "choice")


class Setting(QWidget):
    """Shows what is stored, and tells what somebody decided instead.

    A switch or a choice is decided when it is pressed, text when Enter is pressed or the cursor
    goes elsewhere.
    """

    decided = Signal(object)
    """The new value."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self.field: Field = make_field(spec)
        self.field.setMaximumWidth(WIDEST)
        self.field.setObjectName(f"setting-{spec.name}")
        self._stored: Any = self.field.value()
        self._typing = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        name = label(spec.label, "strong")
        name.setBuddy(self.field.entry)
        self._help = label(spec.help, "secondary", wrap=True)
        if self.field.names_itself:
            self._help.setContentsMargins(26, 0, 0, 0)
            column.addWidget(self.field)
            column.addWidget(self._help)
        else:
            column.addWidget(name)
            column.addWidget(self._help)
            column.addSpacing(2)
            # Beside a stretch, since a box that is limited alone is too low for what it wraps.
            line = QHBoxLayout()
            line.addWidget(self.field, 1)
            line.addStretch(0)
            column.addLayout(line)
        self._help.setVisible(bool(spec.help))
        self.below = QVBoxLayout()
        self.below.setSpacing(4)
        column.addLayout(self.below)
        self.trouble = ProblemCard()
        column.addWidget(self.trouble)
        self.field.describe(spec.help)
        self.field.changed.connect(self._changed)
        if spec.kind not in _AT_ONCE:
            self.field.left.connect(self.decide)
            entry = self.field.entry
            if isinstance(entry, QLineEdit):
                entry.returnPressed.connect(self.decide)

    @property
    def value(self) -> Any:
        return self.field.value()

    def show_stored(self, value: Any) -> None:
        """Show what is stored, unless somebody is typing something else."""
        self._stored = value
        if not self._typing:
            self.field.set_value(value)

    def explain(self, text: str) -> None:
        """Say something else of what the setting does."""
        self._help.setText(text)
        self._help.setVisible(bool(text))
        self.field.describe(text)

    def lock(self, why: str) -> None:
        """Let nobody change it, and say why; an empty reason lets everybody."""
        self.field.setEnabled(not why)
        self.field.setToolTip(why)
        self.field.describe(" ".join(part for part in (self._help.text(), why) if part))

    def fail(self, error: Exception, value: Any) -> None:
        """Go back to what is stored, say why, and keep what was typed for another try."""
        self._typing = False
        self.field.set_value(self._stored)

        def again() -> None:
            self.trouble.hide()
            self._typing = True
            self.field.set_value(value)
            self.field.focus()

        text = self.spec.kind not in _AT_ONCE
        self.trouble.show_problem(
            Problem.of(error), ((self.tr("Edit what I entered"), again),) if text else ()
        )

    def decide(self) -> None:
        """Take what was typed, if that is something else than what is stored."""
        if not self._typing:
            return
        self._typing = False
        value = self.field.value()
        if value == self._stored:
            self.trouble.hide()
            return
        self.decided.emit(value)

    def _changed(self) -> None:
        self._typing = True
        if self.spec.kind in _AT_ONCE:
            self.decide()
        elif self.spec.kind == "pem":
            # Where the cursor stands is known when the field has done what it was about to do.
            QTimer.singleShot(0, self, self._decide_certificate)

    def _decide_certificate(self) -> None:
        """Take a certificate that is whole, or that was taken away, without waiting for more."""
        from desktop.ui.forms.certificate import certificates_in

        text = str(self.field.value()).strip()
        is_whole = text.endswith("-----") and bool(certificates_in(text))
        if is_whole or not (text or self.field.entry.hasFocus()):
            self.decide()


def left_aligned(widget: QWidget, column: QVBoxLayout) -> None:
    """Add a widget that is only as wide as it has to be."""
    column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)
