"""Settings: where things lie, and how large they are."""

from __future__ import annotations

import shutil
from pathlib import Path

from desktop.engine import words
from desktop.store import registries as stored
from desktop.store.browse import KeptRegistry, Storage, storage
from desktop.store.database import FILE, Database
from desktop.ui.destination import Destination
from desktop.ui.parts.buttons import button
from desktop.ui.parts.facts import Fact, Facts
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.table import ROW_PIXELS, Column, Table
from desktop.ui.parts.text import label, visible
from desktop.ui.session import Session
from desktop.ui.settings.places import LOG, Places
from desktop.ui.settings.saving import stored_settings
from desktop.ui.settings.section import Section
from desktop.ui.settings.setting import left_aligned
from desktop.ui.sheet import styled
from desktop.ui.tasks import Latest

MOST_ROWS = 12


class StorageSection(Section):
    """Places, sizes by registry, and what is kept of removed ones."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            self.tr("Storage"),
            self.tr(
                "Everything lies in one folder on this computer, readable for you alone. "
                "Passwords are not in it."
            ),
        )
        self._latest = Latest()
        data = session.data_dir
        places = Places(
            session,
            [
                (self.tr("Data"), data / FILE),
                (self.tr("Log"), data / LOG),
                (self.tr("Window"), Path(session.prefs.fileName())),
            ],
        )
        self.add(places, gap=12)
        self.add_part(self.tr("Sizes"))
        self._sizes = Facts()
        self._trouble = ProblemCard()
        self.column.addWidget(self._sizes)
        self.column.addWidget(self._trouble)
        self._table = Table(
            self.tr("Size of each registry"),
            [
                Column[KeptRegistry](self.tr("Registry"), _name),
                Column[KeptRegistry](
                    self.tr("Artifacts"), lambda row: f"{row.artifacts:,}", 72, True
                ),
                Column[KeptRegistry](
                    self.tr("Versions"), lambda row: f"{row.versions:,}", 72, True
                ),
                Column[KeptRegistry](self.tr("Documents"), _documents, 88, True),
            ],
        )
        styled(self._table, "plain")
        self.column.addSpacing(8)
        self.column.addWidget(self._table)
        self.add_part(self.tr("Removed registries"))
        self._removed = label("", "secondary", wrap=True)
        self._show_removed = button(
            self.tr("Show in Registries"),
            lambda: session.go(Destination("registries")),
            kind="link",
        )
        self._show_removed.setObjectName("show-removed")
        self.column.addWidget(self._removed)
        left_aligned(self._show_removed, self.column)
        self.column.addStretch(1)
        for signal in (session.registries_changed, session.run_ended):
            signal.connect(self._heard)

    def show_stored(self) -> None:
        super().show_stored()
        db = self.session.db
        if db is None:
            return
        removed = stored.registries(db, removed=True)
        self._tell_removed(len(removed))
        if not self._table.rows.rows:
            self._sizes.show_facts([Fact(self.tr("Database"), self.tr("measuring…"))])
        self._latest.of(
            self.session.tasks.ask(self, lambda: _measured(db), self._tell, self._failed)
        )

    def _tell(self, found: tuple[Storage, int]) -> None:
        kept, free = found
        self._trouble.hide()
        self._sizes.show_facts(
            [
                Fact(self.tr("Database"), words.size(kept.file_bytes)),
                Fact(self.tr("Documents in it"), words.size(kept.document_bytes)),
                Fact(self.tr("Free on the disk"), words.size(free)),
            ]
        )
        rows = sorted(
            kept.registries, key=lambda row: (-row.document_bytes, -row.versions, row.name)
        )
        if list(self._table.rows.rows) != rows:
            self._table.rows.show_rows(rows)
        self._table.setVisible(bool(rows))
        # A header, then as many rows as are shown without scrolling.
        self._table.setFixedHeight((min(len(rows), MOST_ROWS) + 1) * ROW_PIXELS + 8)

    def _failed(self, error: Exception) -> None:
        self._sizes.show_facts([])
        self._trouble.show_problem(Problem.of(error))

    def _tell_removed(self, count: int) -> None:
        days = words.counted(stored_settings(self.session).kept_days, "day")
        if count:
            text = self.tr("{registries} can be restored until {days} after the removal.")
        else:
            text = self.tr("There are none. What you remove can be restored for {days}.")
        registries = words.counted(count, "registry", "registries")
        self._removed.setText(text.format(registries=registries, days=days))
        self._show_removed.setVisible(bool(count))


def _name(row: KeptRegistry) -> str:
    name = visible(row.name)
    return f"{name} (removed)" if row.removed else name


def _documents(row: KeptRegistry) -> str:
    return words.size(row.document_bytes or None)


def _measured(db: Database) -> tuple[Storage, int]:
    """Return what is stored, and how many bytes are free beside it."""
    return storage(db), shutil.disk_usage(db.path.parent).free
