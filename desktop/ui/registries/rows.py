"""The model of the list: headings, registries, and a last line that leads to removed ones.

One registry's news touch one row. Rows move, come and go one by one, so that the view keeps what
is selected and where it was scrolled to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop.engine import words
from desktop.ui.parts.text import tooltip
from desktop.ui.registries.arrangement import (
    ATTENTION,
    DEFAULTS,
    HIDDEN,
    OWN,
    SYSTEM,
    Entry,
    Group,
    Way,
    key_of,
)
from desktop.ui.session import Listed

ENTRY = Qt.ItemDataRole.UserRole + 1
SYMBOL = Qt.ItemDataRole.UserRole + 2
TYPE = Qt.ItemDataRole.UserRole + 3

Index = QModelIndex | QPersistentModelIndex


class RegistryRows(QAbstractListModel):
    """The entries that are shown now, top down."""

    def __init__(
        self,
        symbol: Callable[[Listed], str],
        title: Callable[[Listed], str],
        parent: QObject | None = None,
    ) -> None:
        """`symbol` names the icon of a registry's type, `title` is that type in words."""
        super().__init__(parent)
        self._symbol = symbol
        self._title = title
        self._entries: list[Entry] = []

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    def place(self, key: str) -> int:
        """Return the row of an entry, -1 where it is not shown."""
        for place, entry in enumerate(self._entries):
            if key_of(entry) == key:
                return place
        return -1

    def group_of(self, row: int) -> str:
        """Return the key of the heading that a row stands under."""
        for entry in reversed(self._entries[: row + 1]):
            if isinstance(entry, Group):
                return entry.key
        return ""

    # What is shown

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Become this list, in as few steps as that takes."""
        if not self._entries:
            self.beginResetModel()
            self._entries = list(entries)
            self.endResetModel()
            return
        wanted = {key_of(entry) for entry in entries}
        for row in range(len(self._entries) - 1, -1, -1):
            if key_of(self._entries[row]) not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._entries[row]
                self.endRemoveRows()
        for row, entry in enumerate(entries):
            self._put(row, entry)

    def _put(self, row: int, entry: Entry) -> None:
        """Make `entry` stand at `row`; everything above stands where it belongs already."""
        key = key_of(entry)
        found = next(
            (at for at in range(row, len(self._entries)) if key_of(self._entries[at]) == key), -1
        )
        if found < 0:
            self.beginInsertRows(QModelIndex(), row, row)
            self._entries.insert(row, entry)
            self.endInsertRows()
            return
        if found != row:
            self.beginMoveRows(QModelIndex(), found, found, QModelIndex(), row)
            self._entries.insert(row, self._entries.pop(found))
            self.endMoveRows()
        self._replace(row, entry)

    def _replace(self, row: int, entry: Entry) -> None:
        if self._entries[row] != entry:
            self._entries[row] = entry
            index = self.index(row)
            self.dataChanged.emit(index, index)

    def touch_all(self) -> None:
        """Say that every row may look different: icons and titles of types are known now."""
        if self._entries:
            self.dataChanged.emit(self.index(0), self.index(len(self._entries) - 1))

    # What Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._entries)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        if isinstance(self._entries[index.row()], Listed):
            flags |= Qt.ItemFlag.ItemIsSelectable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == ENTRY:
            return entry
        if not isinstance(entry, Listed):
            if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
                return self._heading(entry, aloud=role == Qt.ItemDataRole.AccessibleTextRole)
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.row.name
        if role == SYMBOL:
            return self._symbol(entry)
        if role == TYPE:
            return self._title(entry)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(self._said(entry))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip("\n".join(part for part in self._told(entry) if part))
        return None

    def _heading(self, entry: Group | Way, *, aloud: bool) -> str:
        if isinstance(entry, Way):
            return self.tr("Removed ({count})…").format(count=entry.count)
        if entry.key == HIDDEN and not entry.is_open:
            return self.tr("Show hidden ({count})").format(count=entry.count)
        named = {
            ATTENTION: self.tr("Needs attention"),
            OWN: self.tr("Added by you"),
            SYSTEM: self.tr("System console"),
            DEFAULTS: self.tr("Defaults"),
            HIDDEN: self.tr("Hidden"),
        }
        title = named.get(entry.key) or self.tr("Tenant {name}").format(name=entry.tenant)
        if not aloud:
            return title
        count = words.counted(entry.count, "registry", "registries")
        shown = self.tr("shown") if entry.is_open else self.tr("folded")
        return f"{title}, {count}, {shown}"

    def _said(self, entry: Listed) -> list[str]:
        """Return what a screen reader says of a row."""
        said = [entry.row.name, self._title(entry), entry.state.text]
        if entry.row.artifacts:
            said.append(words.counted(entry.row.artifacts, "artifact"))
        if "insecure" in entry.conditions:
            said.append(self.tr("certificate is not verified"))
        return said

    def _told(self, entry: Listed) -> list[str]:
        """Return what the tooltip of a row says, line by line."""
        row = entry.row
        held = ""
        if row.artifacts:
            artifacts = words.counted(row.artifacts, "artifact")
            held = f"{artifacts}, {words.counted(row.versions, 'version')}"
        unverified = ""
        if "insecure" in entry.conditions:
            unverified = self.tr("The certificate of its server is not verified.")
        return [
            row.name,
            f"{self._title(entry)} · {entry.state.text}",
            row.endpoint,
            held,
            unverified,
        ]
