"""The versions of an artifact, newest first; what one rarely wants is behind switches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QDate, QItemSelection, QLocale, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store.pages import VersionLine
from desktop.ui.catalog.chips import Chip
from desktop.ui.parts.table import Column, Table
from desktop.ui.parts.text import label, visible

WITH_DIGEST, WIDTH, LESS = 520, 400, 80
_CREATED, _APP, _DIGEST = 1, 2, 3


def day(text: str) -> str:
    """Return the day of an RFC 3339 time as people here write it; other text as it is."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return visible(text[:10])
    return _written(moment)


def day_of(moment: float) -> str:
    """Return the day of a moment as people here write it."""
    local = datetime.fromtimestamp(moment, UTC).astimezone()
    return _written(local)


def _written(moment: datetime) -> str:
    return QLocale().toString(QDate(moment.year, moment.month, moment.day), "d MMM yyyy")


def short_digest(digest: str) -> str:
    """Return the beginning of a digest, enough to tell two apart."""
    return digest.partition(":")[2][:12] or digest[:12]


class VersionsPanel(QWidget):
    """A table of versions with its switches; tells which version is looked at."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._all: list[VersionLine] = []
        self._latest: int | None = None
        self._wanted = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        switches = QHBoxLayout()
        switches.setContentsMargins(16, 8, 16, 8)
        switches.setSpacing(6)
        self._count = label("", "secondary")
        switches.addWidget(self._count)
        switches.addStretch(1)
        self.previews = Chip("versions-pre-releases", self.tr("Pre-releases"), self._switched)
        self.deprecated = Chip("versions-deprecated", self.tr("Deprecated"), self._switched)
        self.gone = Chip("versions-gone", self.tr("Gone"), self._switched)
        for chip in (self.previews, self.deprecated, self.gone):
            switches.addWidget(chip)
        column.addLayout(switches)
        self.table: Table[VersionLine] = Table(self.tr("Versions"), self._columns())
        self.table.setObjectName("versions")
        self.table.selectionModel().selectionChanged.connect(self._selected)
        column.addWidget(self.table, 1)

    def _columns(self) -> list[Column[VersionLine]]:
        return [
            Column(self.tr("Version"), lambda row: visible(row.version), 116),
            Column(self.tr("Created"), lambda row: day(row.created), 104),
            Column(self.tr("App"), lambda row: visible(row.app_version), 88),
            Column(self.tr("Digest"), lambda row: short_digest(row.digest), 104),
            Column(self.tr("State"), self._state, level=self._level),
        ]

    def _state(self, row: VersionLine) -> str:
        if row.state != "present":
            return self.tr("gone since {0}").format(day_of(row.gone_since or 0))
        said = [self.tr("latest")] if row.id == self._latest else []
        if row.deprecated:
            said.append(self.tr("deprecated"))
        if row.prerelease:
            said.append(self.tr("pre-release"))
        return ", ".join(said)

    def _level(self, row: VersionLine) -> str:
        if row.state != "present" or row.deprecated:
            return "attention"
        return "good" if row.id == self._latest else "quiet"

    def show_versions(self, rows: Sequence[VersionLine], latest: int | None, version: int) -> None:
        """Show these, and take `version` (an id), else the latest."""
        self._all, self._latest = list(rows), latest
        self.table.setColumnHidden(_CREATED, not any(row.created for row in rows))
        self.table.setColumnHidden(_APP, not any(row.app_version for row in rows))
        self._wanted = version or latest or 0
        here = [row for row in rows if row.state == "present"]
        if not any(not row.prerelease and not row.deprecated for row in here):
            # Then they are all there is, and a switch would hide everything.
            self.previews.put(any(row.prerelease for row in here))
            self.deprecated.put(any(row.deprecated for row in here))
            self.gone.put(not here)
        self.previews.show_count(sum(row.prerelease for row in here))
        self.deprecated.show_count(sum(row.deprecated for row in here))
        self.gone.show_count(len(rows) - len(here))
        wanted = next((row for row in rows if row.id == self._wanted), None)
        if wanted is not None:
            self._let_in(wanted)
        self._fill()

    @property
    def wanted_width(self) -> int:
        """The width, in pixels, in which everything of a version but its digest can be read."""
        hidden = sum(self.table.isColumnHidden(place) for place in (_CREATED, _APP))
        return WIDTH - hidden * LESS

    def take(self, version: int) -> None:
        """Look at a version; its switch is set where it would be hidden."""
        row = next((row for row in self._all if row.id == version), None)
        if row is not None:
            self._wanted = version
            self._let_in(row)
            self._fill()

    def _let_in(self, row: VersionLine) -> None:
        for hidden, chip in (
            (row.state != "present", self.gone),
            (row.deprecated, self.deprecated),
            (row.prerelease, self.previews),
        ):
            if hidden:
                chip.put(True)

    def _switched(self, _on: bool) -> None:
        self._fill()

    def _fill(self) -> None:
        shown = [row for row in self._all if self._is_wanted(row)]
        here = sum(row.state == "present" for row in self._all)
        listed = sum(row.state == "present" for row in shown)
        if listed < here:
            self._count.setText(self.tr("{0:,} of {1:,} versions").format(listed, here))
        else:
            self._count.setText(words.counted(here, "version"))
        self.table.rows.show_rows(shown)
        ids = [row.id for row in shown]
        if ids:
            line = ids.index(self._wanted) if self._wanted in ids else 0
            self.table.selectRow(line)
            self.table.scrollTo(self.table.rows.index(line, 0))

    def _is_wanted(self, row: VersionLine) -> bool:
        if row.state != "present":
            return self.gone.isChecked()
        return (not row.prerelease or self.previews.isChecked()) and (
            not row.deprecated or self.deprecated.isChecked()
        )

    def _selected(self, _now: QItemSelection, _before: QItemSelection) -> None:
        row = self.table.chosen if self.table.selectionModel().hasSelection() else None
        if row is not None:
            self._wanted = row.id
            self.chosen.emit(row.id)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # What there is no room for stands among the facts as well.
        self.table.setColumnHidden(_DIGEST, self.width() < WITH_DIGEST)

    def focus(self) -> None:
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
