"""How a row of the list is painted: two lines of 44 pixels, and headings between them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.ui import icons
from desktop.ui.parts.progress import THICK, paint_progress
from desktop.ui.parts.state import LEVEL_ICONS
from desktop.ui.registries.arrangement import HIDDEN, Group, Way
from desktop.ui.registries.rows import ENTRY, SYMBOL, TYPE
from desktop.ui.session import Listed
from desktop.ui.theme import BODY, CAPTION, ROW, Colors, colors, font

HEADING = 32
_EDGE, _ICON, _GAP = 12, 20, 10
_LEFT = _EDGE + _ICON + _GAP

Index = QModelIndex | QPersistentModelIndex


class RegistryDelegate(QStyledItemDelegate):
    """Paints entries of `RegistryRows`."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        entry = index.data(ENTRY)
        return QSize(160, ROW if isinstance(entry, Listed) else HEADING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        entry = index.data(ENTRY)
        _background(painter, option, selectable=isinstance(entry, Listed))
        if isinstance(entry, Listed):
            _registry(painter, option, index, entry)
        elif isinstance(entry, Group):
            _heading(painter, option, index, entry)
        elif isinstance(entry, Way):
            _way(painter, option, index)
        painter.restore()


def _background(painter: QPainter, option: QStyleOptionViewItem, *, selectable: bool) -> None:
    found = colors()
    rect = QRectF(option.rect).adjusted(4.5, 0.5, -4.5, -0.5)
    fill = ""
    if option.state & QStyle.StateFlag.State_Selected:
        fill = found.selected
    elif option.state & QStyle.StateFlag.State_MouseOver and selectable:
        fill = found.hover
    if fill:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(rect, 6, 6)
    by_keyboard = getattr(option.widget, "by_keyboard", True)
    if option.state & QStyle.StateFlag.State_HasFocus and by_keyboard:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(found.accent), 1))
        painter.drawRoundedRect(rect, 6, 6)


def _registry(painter: QPainter, option: QStyleOptionViewItem, index: Index, entry: Listed) -> None:
    found = colors()
    rect = option.rect
    quiet = entry.row.hidden
    icons.paint(
        painter,
        QRect(rect.left() + _EDGE, rect.top() + 12, _ICON, _ICON),
        str(index.data(SYMBOL)),
        "faint" if quiet else "secondary",
    )
    left, right = rect.left() + _LEFT, rect.right() - _EDGE
    upper = QRect(left, rect.top() + 5, right - left, 18)
    lower = QRect(left, rect.top() + 23, right - left, 16)
    busy = entry.activity != "idle"
    count = _beside(entry)
    if count:
        painter.setPen(QColor(found.busy if busy else found.faint))
        width = _text(painter, upper, count, CAPTION, right=True)
        upper.setRight(upper.right() - width - 8)
    painter.setPen(QColor(found.secondary if quiet else found.text))
    if "insecure" in entry.conditions:
        name = min(_width(entry.row.name, BODY, strong=True) + 6, upper.width() - 14)
        icons.paint(painter, QRect(upper.left() + name, upper.top() + 3, 12, 12), "unlock", "bad")
        upper.setWidth(name)
    _text(painter, upper, entry.row.name, BODY, strong=True)
    if busy:
        line = QRectF(left, rect.bottom() - 3 - THICK, right - left, THICK)
        paint_progress(painter, line, entry.state.share)
        lower.moveTop(lower.top() - 2)
    _state(painter, lower, str(index.data(TYPE)), entry, found)


def _state(painter: QPainter, rect: QRect, title: str, entry: Listed, found: Colors) -> None:
    level = entry.state.level
    icon = QRect(rect.left(), rect.top() + 2, 12, 12)
    icons.paint(painter, icon, LEVEL_ICONS[level], level)
    rest = rect.adjusted(17, 0, 0, 0)
    calm = level in ("good", "quiet")
    painter.setPen(QColor(found.secondary if calm else found.level(level)))
    # The state comes first: it is what is read when there is no room for both.
    width = _text(painter, rest, entry.state.text, CAPTION)
    rest.setLeft(rest.left() + width)
    if rest.width() > 24:
        painter.setPen(QColor(found.faint))
        _text(painter, rest.adjusted(5, 0, 0, 0), f"· {title}", CAPTION)


def _beside(entry: Listed) -> str:
    """Return the little that stands at the right."""
    if entry.activity != "idle":
        share = entry.state.share
        return "" if share is None else f"{share:.0%}"
    return f"{entry.row.artifacts:,}" if entry.row.artifacts else ""


def _heading(painter: QPainter, option: QStyleOptionViewItem, index: Index, entry: Group) -> None:
    found = colors()
    rect = option.rect.adjusted(_EDGE, 8, -_EDGE, -4)
    folded = not entry.is_open
    symbol = "chevron-right" if folded else "chevron-down"
    icons.paint(painter, QRect(rect.left() + 4, rect.center().y() - 5, 12, 12), symbol, "faint")
    words = rect.adjusted(_ICON + _GAP, 0, 0, 0)
    painter.setPen(QColor(found.faint))
    if entry.key == HIDDEN and folded:
        _text(painter, words, str(index.data()), CAPTION)
        return
    width = _text(painter, words, str(index.data()), CAPTION, strong=True)
    _text(painter, words.adjusted(width + 6, 0, 0, 0), f"{entry.count:,}", CAPTION)


def _way(painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
    painter.setPen(QColor(colors().faint))
    rect = option.rect.adjusted(_LEFT, 8, -_EDGE, -4)
    _text(painter, rect, str(index.data()), CAPTION)


def _width(text: str, size: int, *, strong: bool = False) -> int:
    return QFontMetrics(font(size, strong=strong)).horizontalAdvance(text)


def _text(
    painter: QPainter,
    rect: QRect,
    text: str,
    size: int,
    *,
    strong: bool = False,
    right: bool = False,
) -> int:
    """Paint one line, with an ellipsis where there is no room; returns the width that it took."""
    chosen = font(size, strong=strong)
    painter.setFont(chosen)
    metrics = QFontMetrics(chosen)
    # A name may hold a line break, which would push the rest out of the row.
    line = metrics.elidedText(" ".join(text.split()), Qt.TextElideMode.ElideRight, rect.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), line)
    return metrics.horizontalAdvance(line)
