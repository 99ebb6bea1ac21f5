"""A sentence that has to be confirmed before something is done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.parts.text import label
from desktop.ui.sheet import styled


class Consent(QWidget):
    """A box to tick with the sentence beside it, which may be long; hidden without one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        card = styled(QFrame(), "card-attention")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 10, 24, 0)
        outer.addWidget(card)
        self.box = QCheckBox()
        self.box.setObjectName("consent")
        self.box.toggled.connect(lambda _on: self.changed.emit())
        self._sentence = label("", wrap=True)
        self._note = label("", "caption", wrap=True)
        self._sentence.setBuddy(self.box)
        line = QHBoxLayout(card)
        line.setContentsMargins(12, 10, 12, 10)
        line.setSpacing(10)
        line.addWidget(self.box, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._sentence)
        column.addWidget(self._note)
        line.addLayout(column, 1)
        self.hide()

    @property
    def is_given(self) -> bool:
        """Whether nothing has to be confirmed, or it was."""
        return self.isHidden() or self.box.isChecked()

    def ask(self, sentence: str, note: str) -> None:
        """Ask for one sentence, unticked; an empty one asks for nothing."""
        if sentence == self._sentence.text() and self.isHidden() != bool(sentence):
            return
        self.box.setChecked(False)
        self._sentence.setText(sentence)
        self._note.setText(note)
        self.box.setAccessibleName(sentence)
        self.box.setAccessibleDescription(note)
        self.setVisible(bool(sentence))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tick the box wherever in the sentence somebody clicks."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.box.toggle()
            self.box.setFocus(Qt.FocusReason.MouseFocusReason)
