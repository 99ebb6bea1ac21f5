"""Values, schemas and the like: plain text in one width, quick at any size."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QColor, QFontDatabase, QSyntaxHighlighter, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.ui.catalog.find import FindBar
from desktop.ui.parts.text import visible
from desktop.ui.sheet import styled
from desktop.ui.theme import colors

LONGEST_LINE = 1_000
PIECE_LINES = 1_000


class CodeView(QWidget):
    """A text that is read, searched and copied, never changed; nothing wraps."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: str | None = None
        self._rest: Iterator[str] = iter(())
        self.editor = QPlainTextEdit()
        self.editor.setReadOnly(True)
        self.editor.setUndoRedoEnabled(False)
        self.editor.setFrameShape(QFrame.Shape.NoFrame)
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.editor.setTabChangesFocus(True)
        styled(self.editor, "document")
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPixelSize(12)
        self.editor.document().setDefaultFont(fixed)
        self.editor.document().setDocumentMargin(16)
        self._comments = _Comments(self.editor.document())
        self.finder = FindBar(self.editor)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.finder)
        column.addWidget(self.editor, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._grow)
        self.setFocusProxy(self.editor)

    def show_text(self, text: str, name: str) -> None:
        """Show a text; `name` is what a screen reader calls it."""
        self.editor.setAccessibleName(name)
        if text == self._shown:
            return
        self._shown = text
        self.editor.clear()
        self._rest = _pieces(visible(text))
        self._grow()
        self._timer.start()

    @property
    def finished(self) -> bool:
        """Say whether all of the text is there; a long one arrives piece by piece."""
        return not self._timer.isActive()

    def _grow(self) -> None:
        piece = next(self._rest, None)
        if piece is None:
            self._timer.stop()
            return
        end = QTextCursor(self.editor.document())
        end.movePosition(QTextCursor.MoveOperation.End)
        first = self.editor.document().isEmpty()
        end.insertText(piece)
        if first:
            # It was carried along to the end of the text, and would be scrolled to.
            self.editor.moveCursor(QTextCursor.MoveOperation.Start)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._shown:
            text, self._shown = self._shown, None
            self.show_text(text, self.editor.accessibleName())


def _pieces(text: str) -> Iterator[str]:
    """Yield a text piece by piece; lines that take long to lay out are broken."""
    piece: list[str] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            piece.append("\n")
        cut = range(0, max(len(line), 1), LONGEST_LINE)
        for start in cut:
            piece.append(
                "\n" + line[start : start + LONGEST_LINE] if start else line[:LONGEST_LINE]
            )
            if len(piece) >= PIECE_LINES:
                yield "".join(piece)
                piece.clear()
    yield "".join(piece)


class _Comments(QSyntaxHighlighter):
    """Dims comments, which are most of what stands in a file of values."""

    def highlightBlock(self, text: str) -> None:
        if text.lstrip()[:1] == "#":
            shape = QTextCharFormat()
            shape.setForeground(QColor(colors().faint))
            self.setFormat(0, len(text), shape)
