"""The ledger as a list: a line for each run, below it its artifacts; read on as one scrolls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.engine import words
from desktop.store.news import Line, RunNews
from desktop.ui.parts.changes import CHANGE_WORDS, how_many
from desktop.ui.parts.text import tooltip, visible

BATCH = 20
Index = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    ROW = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class Row:
    """One row: a run where `line` is None and nothing is left out, else a part of it."""

    run: RunNews
    line: Line | None = None
    more: int = 0


class ChangesModel(QAbstractListModel):
    """Rows of runs; `more` is asked for the next ones when the end comes into sight."""

    def __init__(self, more: Callable[[int | None], None], parent: QObject) -> None:
        super().__init__(parent)
        self._ask = more
        self._rows: list[Row] = []
        self._last: int | None = None
        self._ended = True
        self._asked = False
        self.now = 0.0

    def begin(self, runs: list[RunNews], now: float) -> None:
        """Show these first runs instead of what was there."""
        self.beginResetModel()
        self.now = now
        self._rows = _rows(runs)
        self._remember(runs)
        self.endResetModel()

    def go_on(self, runs: list[RunNews]) -> None:
        """Add the next runs."""
        rows = _rows(runs)
        if rows:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._rows += rows
            self.endInsertRows()
        self._remember(runs)

    def _remember(self, runs: list[RunNews]) -> None:
        self._asked = False
        self._ended = len(runs) < BATCH
        if runs:
            self._last = runs[-1].run_id

    def row(self, index: Index) -> Row | None:
        return self._rows[index.row()] if index.isValid() else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and not self._ended and not self._asked

    def fetchMore(self, parent: Index) -> None:
        self._asked = True
        self._ask(self._last)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Role.ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.sentence(row)
        if role == Qt.ItemDataRole.ToolTipRole and row.line is not None:
            return tooltip(whole_name(row.line))
        return None

    def sentence(self, row: Row) -> str:
        """Return the row as a screen reader says it."""
        if row.line is not None:
            said = CHANGE_WORDS[row.line.change]
            return f"{whole_name(row.line)} {versions_of(row.line)} {said}"
        if row.more:
            return words.counted(row.more, "more artifact")
        return f"{row.run.registry}, {words.ago(row.run.at, self.now)}: {how_many(row.run.counts)}"


def whole_name(line: Line) -> str:
    """Return a line's artifact so that it cannot be taken for another one."""
    return f"{line.kind} {visible(line.artifact)}"


def versions_of(line: Line) -> str:
    """Return which version a line is about, or how many."""
    return line.version if line.versions == 1 else words.counted(line.versions, "version")


def _rows(runs: list[RunNews]) -> list[Row]:
    rows: list[Row] = []
    for run in runs:
        rows.append(Row(run))
        rows += [Row(run, line) for line in run.lines]
        if run.artifacts > len(run.lines):
            rows.append(Row(run, more=run.artifacts - len(run.lines)))
    return rows
