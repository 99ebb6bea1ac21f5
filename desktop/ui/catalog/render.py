"""One piece of Markdown as a document in our type and colors, with nothing that is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QTextTableFormat,
)

from desktop.ui.theme import BODY, SECTION, TITLE, Colors

CODE = 12
_FEATURES = (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
    | QTextDocument.MarkdownFeature.MarkdownNoHTML
)
_HEADINGS = {1: TITLE, 2: SECTION}
_QUOTE = QTextFormat.Property.BlockQuoteLevel
_ALT = QTextFormat.Property.ImageAltText
_LINE = QTextFormat.Property.BlockTrailingHorizontalRulerWidth
_CODE_LANGUAGE = QTextFormat.Property.BlockCodeLanguage


def render(piece: str, colors: Colors) -> QTextDocument:
    """Return a piece as a document of its own; images have become the text that they show."""
    document = QTextDocument()
    document.setUndoRedoEnabled(False)
    document.setMarkdown(piece, _FEATURES)
    # In one edit: else a block is put in order again after every word.
    edit = QTextCursor(document)
    edit.beginEditBlock()
    for block in list(_blocks(document)):
        _replace_images(document, block)
        _style(document, block, colors)
    edit.endEditBlock()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _style_table(frame, colors)
    _frame_code(document, colors)
    for block in _blocks(document):
        if is_code(block):
            # A long line of code goes on below instead of making the whole text wider.
            shape = block.blockFormat()
            shape.setNonBreakableLines(False)
            QTextCursor(block).setBlockFormat(shape)
    return document


def append(document: QTextDocument, piece: QTextDocument) -> None:
    """Put a rendered piece at the end of a document."""
    first = piece.begin()
    cursor = QTextCursor(document)
    cursor.movePosition(QTextCursor.MoveOperation.End)
    if document.characterCount() > 1:
        cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
    start = cursor.block().blockNumber()
    cursor.insertFragment(QTextDocumentFragment(piece))
    # Qt joins the first block to the one that was there, and forgets what block it was.
    joined = document.findBlockByNumber(start)
    if joined.textList() is None and first.textList() is None:
        QTextCursor(joined).setBlockFormat(first.blockFormat())


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def is_code(block: QTextBlock) -> bool:
    """Say whether a block is a line of code that stands alone."""
    shape = block.blockFormat()
    return shape.nonBreakableLines() or shape.hasProperty(_CODE_LANGUAGE)


def _replace_images(document: QTextDocument, block: QTextBlock) -> None:
    found = []
    place = block.begin()
    while not place.atEnd():
        fragment = place.fragment()
        if fragment.charFormat().isImageFormat():
            found.append((fragment.position(), fragment.length(), fragment.charFormat()))
        place += 1
    for position, length, image in reversed(found):
        said = str(image.property(_ALT) or "").strip() or "picture"
        shown = QTextCharFormat()
        if image.isAnchor():
            shown = QTextCharFormat(image)
            shown.setObjectType(QTextFormat.ObjectTypes.NoObject.value)
            for gone in (QTextFormat.Property.ImageName, _ALT, QTextFormat.Property.ImageTitle):
                shown.clearProperty(gone)
        else:
            shown.setFontItalic(True)
        cursor = QTextCursor(document)
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(said, shown)


def _style(document: QTextDocument, block: QTextBlock, colors: Colors) -> None:
    shape = block.blockFormat()
    words = QTextCharFormat()
    level = shape.headingLevel()
    if is_code(block):
        words.setFontFamilies(["monospace"])
        words.setProperty(QTextFormat.Property.FontPixelSize, CODE)
        shape.setTopMargin(0)
        shape.setBottomMargin(0)
        shape.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    elif level:
        words.setProperty(QTextFormat.Property.FontPixelSize, _HEADINGS.get(level, BODY))
        words.setFontWeight(QFont.Weight.DemiBold)
        shape.setTopMargin(8 if not block.blockNumber() else 24 if level < 3 else 18)
        shape.setBottomMargin(8)
    else:
        words.setProperty(QTextFormat.Property.FontPixelSize, BODY)
        shape.setLineHeight(135, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if block.textList() is None:
            shape.setTopMargin(0)
            shape.setBottomMargin(10)
        else:
            following = block.next()
            last = not following.isValid() or following.textList() is None
            shape.setTopMargin(0)
            shape.setBottomMargin(10 if last else 4)
    if shape.property(_QUOTE):
        shape.setLeftMargin(16.0 * int(shape.property(_QUOTE) or 1))
        words.setForeground(QColor(colors.secondary))
    if shape.hasProperty(_LINE):
        shape.setBackground(QBrush(Qt.BrushStyle.NoBrush))
    QTextCursor(block).setBlockFormat(shape)
    _style_words(document, block, words, colors)


def _style_words(
    document: QTextDocument, block: QTextBlock, words: QTextCharFormat, colors: Colors
) -> None:
    found = []
    place = block.begin()
    while not place.atEnd():
        fragment = place.fragment()
        found.append((fragment.position(), fragment.length(), fragment.charFormat()))
        place += 1
    code = is_code(block)
    for position, length, shape in found:
        shown = QTextCharFormat(shape)
        # A heading is as large as we say, not some steps larger than its surroundings.
        shown.clearProperty(QTextFormat.Property.FontSizeAdjustment)
        shown.merge(words)
        if shape.fontFixedPitch() and not code:
            shown.setFontFamilies(["monospace"])
            shown.setProperty(QTextFormat.Property.FontPixelSize, CODE)
            shown.setBackground(QColor(colors.hover))
        if shape.isAnchor():
            shown.setForeground(QColor(colors.accent))
            shown.setFontUnderline(False)
        elif shape.fontWeight() > QFont.Weight.Normal:
            shown.setFontWeight(QFont.Weight.DemiBold)
        cursor = QTextCursor(document)
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(shown)
    # What an empty line is as tall as, and what a list's mark is drawn with.
    QTextCursor(block).mergeBlockCharFormat(words)


def _style_table(table: QTextTable, colors: Colors) -> None:
    shape = QTextTableFormat(table.format())
    shape.setBorder(1)
    shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    shape.setBorderBrush(QBrush(QColor(colors.hairline)))
    shape.setBorderCollapse(True)
    shape.setCellPadding(6)
    shape.setCellSpacing(0)
    shape.setTopMargin(4)
    shape.setBottomMargin(14)
    shape.setHeaderRowCount(1)
    table.setFormat(shape)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        cursor = cell.firstCursorPosition()
        cursor.setPosition(cell.lastCursorPosition().position(), QTextCursor.MoveMode.KeepAnchor)
        strong = QTextCharFormat()
        strong.setFontWeight(QFont.Weight.DemiBold)
        cursor.mergeCharFormat(strong)
    for block in _cells(table):
        shape_of_block = block.blockFormat()
        shape_of_block.setBottomMargin(0)
        QTextCursor(block).setBlockFormat(shape_of_block)


def _cells(table: QTextTable) -> Iterator[QTextBlock]:
    block = table.firstCursorPosition().block()
    last = table.lastCursorPosition().block().blockNumber()
    while block.isValid() and block.blockNumber() <= last:
        yield block
        block = block.next()


def _frame_code(document: QTextDocument, colors: Colors) -> None:
    """Put lines of code that follow each other onto one soft background."""
    runs: list[tuple[int, int]] = []
    start: QTextBlock | None = None
    last: QTextBlock | None = None
    for block in _blocks(document):
        alone = is_code(block) and block.textList() is None
        if alone:
            start, last = start or block, block
        elif start is not None and last is not None:
            runs.append((start.position(), last.position() + last.length() - 1))
            start = None
    if start is not None and last is not None:
        runs.append((start.position(), last.position() + last.length() - 1))
    shape = QTextFrameFormat()
    shape.setBackground(QColor(colors.hover))
    shape.setPadding(10)
    shape.setTopMargin(4)
    shape.setBottomMargin(14)
    shape.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    for begin, end in reversed(runs):
        cursor = QTextCursor(document)
        cursor.setPosition(begin)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        frame = cursor.insertFrame(shape)
        block = frame.firstCursorPosition().block()
        # Around a frame Qt leaves empty lines, and its first line has lost what it was.
        _style_code(block)
        for beside in (block.previous(), frame.lastCursorPosition().block().next()):
            if beside.isValid() and not beside.text():
                _shrink(beside)


def _style_code(block: QTextBlock) -> None:
    shape = QTextBlockFormat()
    shape.setNonBreakableLines(True)
    shape.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    QTextCursor(block).setBlockFormat(shape)


def _shrink(block: QTextBlock) -> None:
    shape = QTextBlockFormat()
    shape.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
    words = QTextCharFormat()
    words.setProperty(QTextFormat.Property.FontPixelSize, 1)
    cursor = QTextCursor(block)
    cursor.setBlockFormat(shape)
    cursor.setBlockCharFormat(words)
