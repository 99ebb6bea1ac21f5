"""One row of a form: the label, the field, what helps, and what is wrong with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.forms.fields import Field, make_field
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import label, menu_text
from desktop.ui.sheet import styled
from registrykit.forms import FieldSpec, Problem

LABEL_WIDTH = 128
GAP = 16
WIDEST = 528
"""With label and gap as wide as a form, whose rows would stand in its middle otherwise."""
NARROW = 440
"""Below this width labels stand above their fields."""
LEAST = 220


class Labelled(QWidget):
    """A label and what it is for: beside each other, or below where there is little room."""

    def __init__(self, text: str = "", drop: int = 0) -> None:
        """`drop` is how far below the top the first line of the right part stands, in pixels."""
        super().__init__()
        self.setMinimumWidth(LEAST)
        self._drop = drop
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self.label = label(menu_text(text), "secondary", wrap=True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column = QVBoxLayout()
        self.column.setSpacing(3)
        self._row.addWidget(self.label, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addLayout(self.column, 1)
        self._narrow: bool | None = None
        self._arrange(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(self.width() < NARROW)

    def _arrange(self, narrow: bool) -> None:
        if narrow == self._narrow:
            return
        self._narrow = narrow
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
        self._row.setSpacing(3 if narrow else GAP)
        self.label.setMinimumWidth(0 if narrow else LABEL_WIDTH)
        self.label.setMaximumWidth(WIDEST if narrow else LABEL_WIDTH)
        self.label.setContentsMargins(0, 0 if narrow else self._drop, 0, 0)
        self.label.setVisible(bool(self.label.text()) or not narrow)


class FieldRow(Labelled):
    """Shows a field; a problem only once somebody entered something, left it, or submitted."""

    changed = Signal()

    def __init__(self, spec: FieldSpec) -> None:
        self.field: Field = make_field(spec)
        super().__init__("" if self.field.names_itself else spec.label, self.field.label_drop)
        self.spec = spec
        self.is_locked = False
        self.field.setMaximumWidth(WIDEST)
        self.field.setObjectName(f"field-{spec.name}")
        self._problem: Problem | None = None
        self._edited = self._left = self._submitted = False
        self.label.setBuddy(self.field.entry)
        self._help = label(kind="caption", wrap=True)
        self._help.setMaximumWidth(WIDEST)
        self.column.addWidget(self.field)
        self.column.addWidget(self._help)
        self.column.addWidget(self._trouble())
        self.say(spec)
        self.field.changed.connect(self._changed)
        self.field.left.connect(self._went)

    def _trouble(self) -> QWidget:
        self._wrong = QWidget()
        self._wrong.setMaximumWidth(WIDEST)
        line = QHBoxLayout(self._wrong)
        line.setContentsMargins(0, 1, 0, 0)
        line.setSpacing(6)
        picture = Picture("circle-alert", 16, "bad")
        column = QVBoxLayout()
        column.setSpacing(1)
        self._message = label(kind="bad", wrap=True)
        self._remedy = label(kind="secondary", wrap=True)
        for part in (self._message, self._remedy, self._help):
            # A word without an end pushes nothing apart.
            part.setMinimumWidth(1)
        column.addWidget(self._message)
        column.addWidget(self._remedy)
        line.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(column, 1)
        self._wrong.hide()
        return self._wrong

    def say(self, spec: FieldSpec) -> None:
        """Use the words of a field of the same kind."""
        if not self.field.names_itself:
            self.label.setText(menu_text(spec.label))
            self.field.call(spec.label, spec.placeholder)
        required = self.tr("Required.") if spec.required and not self.is_locked else ""
        each = self.tr("One on each line.") if spec.kind == "list" else ""
        self._hint = " ".join(part for part in (required, spec.help, each) if part)
        self._show()

    def lock(self) -> None:
        """Show the field, but let nobody change it."""
        self.is_locked = True
        self.field.lock()
        self.say(self.spec)

    @property
    def is_wrong(self) -> bool:
        """Whether there is a problem, shown or not."""
        return self._problem is not None

    def show_problem(self, problem: Problem | None) -> None:
        """Take what is wrong with the field; it is shown when it disturbs nobody's typing."""
        self._problem = problem
        self._show()

    def submit(self) -> None:
        """From now on show whatever is wrong, also what is only missing."""
        self._submitted = True
        self._show()

    def _changed(self) -> None:
        self._edited = True
        self._show()
        self.changed.emit()

    def _went(self) -> None:
        self._left = self._left or self._edited
        self._show()

    @property
    def _disturbs(self) -> bool:
        """Whether the problem would be told too early."""
        if self._submitted or self._left:
            return False
        return not self._edited or self.field.is_blank

    def _show(self) -> None:
        problem = None if self._disturbs else self._problem
        self._wrong.setVisible(problem is not None)
        self._message.setText(problem.message if problem else "")
        self._remedy.setText(problem.remedy if problem else "")
        self._remedy.setVisible(bool(problem and problem.remedy))
        self.field.set_wrong(problem is not None)
        self._help.setText(self._hint)
        styled(self._help, "attention" if self.field.warns else "caption")
        self._help.setVisible(bool(self._hint))
        told = (problem.message, problem.remedy) if problem else ()
        self.field.describe(" ".join(part for part in (*told, self._hint) if part))
