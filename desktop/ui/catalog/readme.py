"""A README of a stranger, shown so that it can load nothing, open nothing and freeze nothing."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QEvent, QPoint, QTimer, QUrl, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, Qt, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QTextBrowser, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.catalog.find import FindBar
from desktop.ui.catalog.links import LinkBar, judged
from desktop.ui.catalog.markdown import pieces, slug
from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled
from desktop.ui.theme import colors

PART_CHARS = 200_000
MARGIN, LINE_WIDTH = 20, 740


class _Browser(QTextBrowser):
    """Never loads anything: neither images nor style sheets, from nowhere."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        return None

    def doSetSource(self, name: QUrl | str, kind: object = None) -> None:
        return None


class ReadmeView(QWidget):
    """Markdown in a column of readable width; grows while it is being read."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._rest: Iterator[str] = iter(())
        self._painted = ""
        self._scroll_to = 0
        self.browser = _Browser()
        self.browser.setObjectName("readme")
        self.browser.setOpenLinks(False)
        self.browser.setUndoRedoEnabled(False)
        self.browser.setAcceptDrops(False)
        self.browser.document().setDocumentMargin(MARGIN)
        self.browser.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.browser.anchorClicked.connect(self._clicked)
        self.browser.highlighted.connect(self._hovered)
        self.browser.resized.connect(self._fit)
        self.link = LinkBar()
        self._hover = QLabel(self.browser)
        self._hover.setTextFormat(Qt.TextFormat.PlainText)
        styled(self._hover, "hover")
        self._hover.hide()
        self._more = QFrame()
        line = QHBoxLayout(self._more)
        line.setContentsMargins(MARGIN, 6, MARGIN, 6)
        self._said = label(kind="secondary")
        line.addWidget(self._said)
        self.all = button("Show all", self._show_all, kind="link")
        self.all.setObjectName("show-all")
        line.addWidget(self.all)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.finder = FindBar(self.browser)
        column.addWidget(self.finder)
        column.addWidget(self.browser, 1)
        column.addWidget(self._more)
        column.addWidget(self.link)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._grow)
        self.setFocusProxy(self.browser)
        self.show_text("", "README")

    def show_text(self, text: str, name: str) -> None:
        """Show Markdown from its beginning; `name` is what a screen reader calls it."""
        self.browser.setAccessibleName(name)
        if text == self._text and self._painted:
            return
        self._text = text
        self._scroll_to = 0
        self._begin(text[:PART_CHARS])

    @property
    def finished(self) -> bool:
        """Say whether everything that is to be shown is there."""
        return not self._timer.isActive()

    def _begin(self, text: str) -> None:
        self.link.hide()
        self._painted = colors().window
        self.browser.clear()
        self._fit()
        partly = len(text) < len(self._text)
        if partly:
            size, whole = words.size(len(text)), words.size(len(self._text))
            self._said.setText(f"The first {size} of {whole} are shown.")
        self._more.setVisible(partly)
        self._rest = pieces(text)
        self._grow()
        self._timer.start()

    def _show_all(self) -> None:
        self._scroll_to = self.browser.verticalScrollBar().value()
        self._begin(self._text)

    def _grow(self) -> None:
        """Add one piece; more than one at a time would hold up the window."""
        from desktop.ui.catalog.render import append, render

        piece = next(self._rest, None)
        if piece is None:
            self._timer.stop()
        else:
            first = self.browser.document().isEmpty()
            append(self.browser.document(), render(piece, colors()))
            if first:
                # It was carried along to the end of the text, and would be scrolled to.
                self.browser.moveCursor(QTextCursor.MoveOperation.Start)
        bar = self.browser.verticalScrollBar()
        if self._scroll_to and (piece is None or bar.maximum() >= self._scroll_to):
            bar.setValue(self._scroll_to)
            self._scroll_to = 0

    # Links

    def _clicked(self, url: QUrl) -> None:
        link = judged(url)
        if link.kind == "anchor":
            self._go_to(link.address)
        else:
            self.link.show_link(url)

    def _go_to(self, anchor: str) -> None:
        block = self.browser.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and slug(block.text()) == anchor.lower():
                self.browser.setTextCursor(QTextCursor(block))
                place = self.browser.cursorRect().top()
                bar = self.browser.verticalScrollBar()
                bar.setValue(bar.value() + place - MARGIN)
                return
            block = block.next()

    def _hovered(self, url: QUrl) -> None:
        link = judged(url)
        self._hover.setVisible(bool(link.address) and link.kind != "anchor")
        room = self.browser.viewport().width() - 2 * MARGIN
        shown = self._hover.fontMetrics().elidedText(
            link.address, Qt.TextElideMode.ElideMiddle, max(room, 100)
        )
        self._hover.setText(shown)
        self._hover.adjustSize()
        self._hover.move(QPoint(0, self.browser.height() - self._hover.height()))
        self._hover.raise_()

    # The widget

    def _fit(self) -> None:
        width = self.browser.viewport().width()
        self.browser.setLineWrapColumnOrWidth(max(200, min(width, LINE_WIDTH + 2 * MARGIN)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.link.isVisible():
            self.link.hide()
            self.browser.setFocus()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # Colors are part of the document: paint it again in those of the moment.
        if event.type() == QEvent.Type.PaletteChange and self._painted != colors().window:
            self._scroll_to = self.browser.verticalScrollBar().value()
            self._begin(self._text if self._more.isHidden() else self._text[:PART_CHARS])
