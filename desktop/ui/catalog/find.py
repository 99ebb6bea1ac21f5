"""Find a text inside a document that is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QTextEdit

from desktop.ui.parts.buttons import icon_button
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled

MOST_COUNTED = 1_000


class FindBar(QFrame):
    """A field above a document: Enter goes on, Shift+Enter back, Esc closes it."""

    closed = Signal()

    def __init__(self, editor: QTextEdit | QPlainTextEdit) -> None:
        super().__init__()
        styled(self, "header")
        self._editor = editor
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 6, 8, 6)
        line.setSpacing(6)
        self.field = QLineEdit()
        self.field.setObjectName("find-in-text")
        self.field.setPlaceholderText(self.tr("Find in this text"))
        self.field.setAccessibleName(self.tr("Find in this text"))
        self.field.setMaximumWidth(280)
        self.field.textEdited.connect(self._begin)
        self._count = label(kind="secondary")
        line.addWidget(self.field, 1)
        line.addWidget(
            icon_button("chevron-up", self.tr("Previous match"), lambda: self._step(True))
        )
        line.addWidget(icon_button("chevron-down", self.tr("Next match"), lambda: self._step()))
        line.addWidget(self._count)
        line.addStretch(1)
        line.addWidget(icon_button("cancel", self.tr("Close"), self.close_bar))
        self.hide()

    def open_bar(self) -> None:
        """Show the field with what is selected in the document."""
        selected = self._editor.textCursor().selectedText()
        if selected and "\u2029" not in selected:
            self.field.setText(selected)
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def close_bar(self) -> None:
        self.hide()
        self._editor.setFocus()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._step(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            super().keyPressEvent(event)

    def _begin(self) -> None:
        cursor = self._editor.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self._editor.setTextCursor(cursor)
        self._step()

    def _step(self, back: bool = False) -> None:
        text = self.field.text()
        styled(self.field, "")
        if not text:
            self._count.clear()
            return
        document = self._editor.document()
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        found = document.find(text, self._editor.textCursor(), flags)
        if found.isNull():
            # Around the end, like everywhere.
            start = QTextCursor(document)
            if back:
                start.movePosition(QTextCursor.MoveOperation.End)
            found = document.find(text, start, flags)
        if found.isNull():
            styled(self.field, "wrong")
            self._count.setText(self.tr("Not in this text"))
            return
        self._editor.setTextCursor(found)
        self._tell(document.toPlainText(), text, found.selectionStart())

    def _tell(self, whole: str, text: str, place: int) -> None:
        whole, text = whole.casefold(), text.casefold()
        number, total = whole.count(text, 0, place) + 1, whole.count(text)
        if total > MOST_COUNTED:
            self._count.setText(self.tr("more than {0:,}").format(MOST_COUNTED))
        else:
            self._count.setText(self.tr("{0} of {1}").format(min(number, total), total))
