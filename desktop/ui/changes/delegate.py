"""Paints a row of the changes: a run in bold, its artifacts below with icon and words."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.engine import words
from desktop.ui import icons
from desktop.ui.changes.model import ChangesModel, Role, Row, versions_of
from desktop.ui.parts.changes import CHANGE_ICONS, CHANGE_WORDS, how_many, name_and_folder
from desktop.ui.theme import BODY, CAPTION, colors, font

HEAD, LINE, INDENT = 44, 28, 24
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


class ChangesDelegate(QStyledItemDelegate):
    """Two heights: runs are 44 px high, lines 28."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: Row | None = index.data(Role.ROW)
        head = row is not None and row.line is None and not row.more
        return QSize(200, HEAD if head else LINE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row | None = index.data(Role.ROW)
        model = index.model()
        if row is None or not isinstance(model, ChangesModel):
            return
        c = colors()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(c.selected))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(c.hover))
        inside = rect.adjusted(12, 0, -16, 0)
        if row.line is not None:
            _paint_line(painter, inside.adjusted(INDENT, 0, 0, 0), row)
        elif row.more:
            said = words.counted(row.more, "more artifact") + " …"
            _text(painter, inside.adjusted(INDENT + 26, 0, 0, 0), said, c.accent)
        else:
            _paint_head(painter, inside, row, model.now)
        painter.restore()


def _paint_head(painter: QPainter, rect: QRect, row: Row, now: float) -> None:
    c = colors()
    line = rect.adjusted(0, 12, 0, 0)
    when = words.ago(row.run.at, now)
    _text(painter, line, when, c.faint, size=CAPTION, align=_RIGHT)
    width = _text(painter, line.adjusted(0, 0, -110, 0), row.run.registry, c.text, strong=True)
    _text(painter, line.adjusted(width + 12, 0, -110, 0), how_many(row.run.counts), c.secondary)
    painter.setPen(QColor(c.hairline))
    painter.drawLine(rect.left(), rect.top() + 6, rect.right(), rect.top() + 6)


def _paint_line(painter: QPainter, rect: QRect, row: Row) -> None:
    assert row.line is not None
    c = colors()
    symbol, level = CHANGE_ICONS.get(row.line.change, ("changed", "quiet"))
    icons.paint(painter, QRect(rect.left(), rect.center().y() - 7, 16, 16), symbol, level)
    kind = QRect(rect.left() + 26, rect.center().y() - 7, 16, 16)
    icons.paint(painter, kind, icons.of_kind(row.line.kind), "secondary")
    left = rect.adjusted(50, 0, 0, 0)
    name, folder = name_and_folder(row.line.artifact)
    said = CHANGE_WORDS.get(row.line.change, row.line.change)
    left.adjust(_text(painter, left, name, c.text) + 10, 0, 0, 0)
    left.adjust(_text(painter, left, versions_of(row.line), c.secondary) + 10, 0, 0, 0)
    left.adjust(_text(painter, left, said, c.level(level)) + 10, 0, 0, 0)
    if row.line.change == "digest-moved" and row.line.versions == 1:
        moved = f"{_short(row.line.old_digest)} → {_short(row.line.new_digest)}"
        left.adjust(_text(painter, left, moved, c.faint, size=CAPTION) + 10, 0, 0, 0)
    _text(painter, left, folder, c.faint, size=CAPTION)


def _text(
    painter: QPainter,
    rect: QRect,
    text: str,
    color: str,
    *,
    size: int = BODY,
    strong: bool = False,
    align: Qt.AlignmentFlag = _LEFT,
) -> int:
    """Paint one line of text; returns how wide it is."""
    chosen = font(size, strong=strong)
    metrics = QFontMetrics(chosen)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(rect.width(), 0))
    painter.setFont(chosen)
    painter.setPen(QColor(color))
    painter.drawText(rect, int(align), shown)
    return metrics.horizontalAdvance(shown)


def _short(digest: str) -> str:
    algorithm, _, digits = digest.partition(":")
    return digits[:12] or algorithm[:12] or "none"
