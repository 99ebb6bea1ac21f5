"""A million rows: their ids in order, and the rows themselves in pages as they come into sight."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.store import columns as stored
from desktop.store import pages
from desktop.store.columns import Columns
from desktop.store.database import Database
from desktop.store.values import ArtifactRow
from desktop.ui.catalog.columns import CatalogColumn, Row, one_line
from desktop.ui.catalog.kinds import FIPS, in_words, spelled_values
from desktop.ui.parts.text import tooltip

PAGE, MOST_PAGES = 64, 256
Index = QModelIndex | QPersistentModelIndex
_DISPLAY, _TOOLTIP = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole
_ALIGNMENT = Qt.ItemDataRole.TextAlignmentRole
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class CatalogModel(QAbstractTableModel):
    """Artifacts or versions by id; `db` is asked for one page at a time, by primary key."""

    def __init__(self, db: Callable[[], Database | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._db = db
        self._ids: array[int] = array("q")
        self._columns: Sequence[CatalogColumn] = ()
        self._of_versions = False
        self._pages: OrderedDict[int, dict[int, Row]] = OrderedDict()
        self._values: dict[int, Mapping[int, Columns]] = {}
        self.with_fips = False
        """Whether rows are marked with what is declared about FIPS."""

    @property
    def columns(self) -> Sequence[CatalogColumn]:
        return self._columns

    @property
    def ids(self) -> array[int]:
        return self._ids

    @property
    def of_versions(self) -> bool:
        return self._of_versions

    # What is shown

    def show_ids(self, ids: array[int], of_versions: bool) -> bool:
        """Show these rows; says whether the table had to begin anew.

        Ids that go on where those before ended are added below, and the same ids change nothing
        but what the rows say.
        """
        before = self._ids
        same_rows = of_versions == self._of_versions
        if same_rows and len(ids) > len(before) > 0 and ids[: len(before)] == before:
            self.beginInsertRows(QModelIndex(), len(before), len(ids) - 1)
            # The last page was not full.
            self._pages.pop((len(before) - 1) // PAGE, None)
            self._values.pop((len(before) - 1) // PAGE, None)
            self._ids = ids
            self.endInsertRows()
            return False
        if same_rows and ids == before:
            self.read_again()
            return False
        self.beginResetModel()
        self._ids, self._of_versions = ids, of_versions
        self._pages.clear()
        self._values.clear()
        self.endResetModel()
        return True

    def show_columns(self, columns: Sequence[CatalogColumn]) -> bool:
        """Show these columns; says whether they are others than before."""
        if [column.key for column in columns] == [column.key for column in self._columns]:
            return False
        self.beginResetModel()
        self._columns = columns
        self.endResetModel()
        return True

    def read_again(self) -> None:
        """Read what is in sight from the store once more."""
        self._pages.clear()
        self._values.clear()
        if self._ids and self._columns:
            last = self.index(len(self._ids) - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    # Rows

    def row_at(self, place: int) -> Row | None:
        """Return a row; None where it is no longer stored."""
        if not 0 <= place < len(self._ids):
            return None
        number = place // PAGE
        page = self._pages.get(number)
        if page is None:
            page = self._read(number)
        else:
            self._pages.move_to_end(number)
        return page.get(self._ids[place])

    def place_of(self, row_id: int) -> int:
        """Return where a row stands, -1 where it is not among them."""
        try:
            return self._ids.index(row_id)
        except ValueError:
            return -1

    def _read(self, number: int) -> dict[int, Row]:
        db = self._db()
        if db is None:
            return {}
        wanted = self._ids[number * PAGE : (number + 1) * PAGE]
        rows: Sequence[Row] = (
            pages.version_rows(db, wanted) if self._of_versions else pages.artifact_rows(db, wanted)
        )
        page = {row.id: row for row in rows}
        self._pages[number] = page
        if len(self._pages) > MOST_PAGES:
            gone, _ = self._pages.popitem(last=False)
            self._values.pop(gone, None)
        return page

    def text(self, place: int, column: int) -> str:
        """Return what stands in a cell."""
        row = self.row_at(place)
        if row is None:
            return ""
        wanted = self._columns[column]
        if not wanted.fact:
            return wanted.text(row)
        return one_line(spelled_values(wanted.fact, self._shown_of(place).get(wanted.fact, ())))

    def mark(self, place: int) -> str:
        """Return the FIPS status that is declared of a row, where such statuses are marked."""
        found = self._shown_of(place).get(FIPS, ()) if self.with_fips else ()
        return found[0] if found else ""

    def _shown_of(self, place: int) -> Columns:
        """Return what the columns show of a version, or of an artifact's latest one."""
        number = place // PAGE
        if number not in self._values:
            db = self._db()
            read = stored.of_versions if self._of_versions else stored.of_artifacts
            wanted = self._ids[number * PAGE : (number + 1) * PAGE]
            self._values[number] = read(db, wanted) if db is not None else {}
        return self._values[number].get(self._ids[place], {})

    def is_faded(self, place: int) -> bool:
        """Say whether a row is of something that is deprecated or gone."""
        row = self.row_at(place)
        if isinstance(row, ArtifactRow):
            return row.deprecated or not row.versions
        return row is not None and (row.deprecated or row.state != "present")

    # Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        # Qt asks for a dozen roles of every cell; nearly all of them are nobody's.
        if role != _DISPLAY and role != _TOOLTIP and role != _ACCESSIBLE:
            return None
        if not index.isValid():
            return None
        text = self.text(index.row(), index.column())
        if role == _DISPLAY or index.column() != 0:
            return tooltip(text) if role == _TOOLTIP else text
        marked = self.mark(index.row())
        told = self.tr("FIPS: declared {0}").format(in_words(FIPS, marked)) if marked else ""
        if role == _TOOLTIP:
            return tooltip(f"{text}\n{told}".rstrip())
        row = self.row_at(index.row())
        return ", ".join(filter(None, (text, row.kind, told))) if row is not None else ""

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self._columns):
            return None
        if role == _DISPLAY:
            return self._columns[section].title
        if role == _ALIGNMENT:
            return _RIGHT if self._columns[section].number else _LEFT
        return None
