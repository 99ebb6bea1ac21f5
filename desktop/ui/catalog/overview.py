"""What a version needs, and what changed about its artifact."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal

from desktop.store.values import ChangeRow
from desktop.ui.catalog.looking import Dependency
from desktop.ui.catalog.versions import day_of, short_digest
from desktop.ui.parts.changes import CHANGE_ICONS, CHANGE_WORDS
from desktop.ui.parts.table import Column, Table
from desktop.ui.parts.text import visible


class DependenciesTab(Table[Dependency]):
    """What a version needs; Enter goes to what is in the catalog. Empty columns are left out."""

    asked = Signal(int)
    """The artifact of this id is to be shown."""

    def __init__(self) -> None:
        super().__init__(
            "Dependencies",
            [
                Column(
                    "Name",
                    lambda row: visible(row.name),
                    190,
                    level=lambda row: "busy" if row.artifact else "",
                ),
                Column("Version", lambda row: visible(row.version), 140),
                Column("Needed", lambda row: "optional" if row.is_optional else "required", 80),
                Column("Condition", lambda row: visible(row.condition), 110),
                Column("Repository", lambda row: visible(row.repository), 150),
                Column(
                    "In the catalog",
                    lambda row: row.registry if row.artifact else "not here",
                    level=lambda row: "busy" if row.artifact else "quiet",
                ),
            ],
        )
        self.activated.connect(lambda _index: self._ask())

    def show_dependencies(self, rows: Sequence[Dependency]) -> None:
        self.rows.show_rows(list(rows))
        said = (any(row.is_optional for row in rows), any(row.condition for row in rows))
        for place, has in zip((2, 3, 4), (*said, any(r.repository for r in rows)), strict=True):
            self.setColumnHidden(place, not has)

    def _ask(self) -> None:
        row = self.chosen
        if row is not None and row.artifact:
            self.asked.emit(row.artifact)


class HistoryTab(Table[ChangeRow]):
    """What the ledger says of an artifact."""

    def __init__(self) -> None:
        def digests(row: ChangeRow) -> str:
            if row.change != "digest-moved":
                return short_digest(row.new_digest or row.old_digest)
            return f"{short_digest(row.old_digest)} → {short_digest(row.new_digest)}"

        super().__init__(
            "History",
            [
                Column("Seen", lambda row: day_of(row.at), 104),
                Column(
                    "Change",
                    lambda row: CHANGE_WORDS.get(row.change, row.change),
                    140,
                    level=lambda row: CHANGE_ICONS.get(row.change, ("changed", "quiet"))[1],
                    symbol=lambda row: CHANGE_ICONS.get(row.change, ("changed", "quiet"))[0],
                ),
                Column("Version", lambda row: visible(row.version), 130),
                Column("Digest", digests, 0),
            ],
        )
