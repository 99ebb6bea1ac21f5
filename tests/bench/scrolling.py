"""P5: a frame while somebody scrolls and jumps in a million rows.

Compared with a table of Qt's own of the same size whose model says the same text everywhere.
"""

from __future__ import annotations

import random
import time
from typing import Any

FRAMES, JUMPS = 900, 400
PART, LIMIT, AGAINST_FLOOR = 0.99, 16.7, 3.0
"""Milliseconds that 99 % of the frames keep; on a slow machine so many times the floor."""


def measure() -> list[Any]:
    from PySide6.QtWidgets import QTableView

    from desktop.ui.catalog.page import CatalogPage
    from desktop.ui.destination import Destination
    from tests.bench.estates import estate
    from tests.bench.measure import Line, share
    from tests.bench.window import open_window, run_events, wait

    with open_window(estate()) as window:
        window.go(Destination("catalog"))
        (page,) = window.findChildren(CatalogPage)
        for chip in (page.facets.every, page.facets.previews, page.facets.deprecated):
            wait(chip.isVisible)
            chip.click()
        # Some registries of the estate are hidden, and so is what they hold.
        wait(lambda: page.rows.rowCount() >= 900_000)
        rows = page.rows.rowCount()
        run_events()
        table = page.table
        measured = {"scroll": _scroll(table), "jump": _jump(table)}
        plain = QTableView()
        plain.setModel(_same_everywhere(page.rows.rowCount(), page.rows.columnCount()))
        plain.setVerticalScrollMode(table.verticalScrollMode())
        plain.verticalHeader().setDefaultSectionSize(table.verticalHeader().defaultSectionSize())
        plain.verticalHeader().hide()
        plain.resize(table.size())
        plain.show()
        run_events()
        floors = {"scroll": _scroll(plain), "jump": _jump(plain)}
        plain.close()
    lines = []
    for name, frames in measured.items():
        value, floor = share(frames, PART), share(floors[name], PART)
        note = f"median {share(frames, 0.5):.1f} ms; a plain table of Qt's: {floor:.1f} ms"
        limit = max(LIMIT, AGAINST_FLOOR * floor)
        lines.append(Line(f"P5 {name} in {rows:,} rows, p99", value, limit, note=note))
    return lines


def _frame(table: Any, value: int) -> float:
    begun = time.perf_counter()
    table.verticalScrollBar().setValue(value)
    table.viewport().repaint()
    return (time.perf_counter() - begun) * 1e3


def _scroll(table: Any) -> list[float]:
    """Turn the wheel: three rows a notch, down and a bit up again."""
    step = 3 * table.verticalHeader().defaultSectionSize()
    start = table.verticalScrollBar().maximum() // 3
    places = [start + (frame - 2 * (frame // 3)) * step for frame in range(FRAMES)]
    return [_frame(table, place) for place in places]


def _jump(table: Any) -> list[float]:
    """Drag the scroll bar anywhere."""
    chance = random.Random(5)
    most = table.verticalScrollBar().maximum()
    return [_frame(table, chance.randrange(most)) for _ in range(JUMPS)]


def _same_everywhere(rows: int, columns: int) -> Any:
    from PySide6.QtCore import QAbstractTableModel, Qt

    class Same(QAbstractTableModel):
        def rowCount(self, parent: Any = None) -> int:
            return rows

        def columnCount(self, parent: Any = None) -> int:
            return columns

        def data(self, index: Any, role: int = 0) -> Any:
            return "cert-manager" if role == Qt.ItemDataRole.DisplayRole else None

    return Same()
