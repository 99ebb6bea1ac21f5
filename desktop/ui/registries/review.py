"""Review: what a held run would remove, before and after, and the decision about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QSplitter, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store import runs
from desktop.store.database import Database
from desktop.store.values import ChangeRow, HeldRow, RunRow
from desktop.ui.actions import RegistryActions
from desktop.ui.parts.buttons import button
from desktop.ui.parts.table import Column, Table, inset
from desktop.ui.parts.text import label
from desktop.ui.registries import sentences
from desktop.ui.session import Listed, Session
from desktop.ui.tasks import Latest


class ReviewTab(QWidget):
    """Artifacts above, the versions of the chosen one that would vanish below."""

    def __init__(self, session: Session, actions: RegistryActions) -> None:
        super().__init__()
        self._session = session
        self._actions = actions
        self._entry: Listed | None = None
        self._asked = Latest()
        self._vanishing: dict[tuple[str, str], list[ChangeRow]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 20, 0, 0)
        column.setSpacing(12)
        top = QVBoxLayout()
        top.setContentsMargins(24, 0, 24, 0)
        top.setSpacing(4)
        self._title = label("", "section", wrap=True)
        self._why = label("", "secondary", wrap=True, select=True)
        top.addWidget(self._title)
        top.addWidget(self._why)
        top.addSpacing(8)
        top.addLayout(self._choices())
        column.addLayout(top)
        self._artifacts = Table(self.tr("Artifacts that would lose versions"), self._held())
        self._artifacts.setObjectName("held-artifacts")
        self._artifacts.selectionModel().currentRowChanged.connect(lambda *_: self._show_versions())
        self._versions = Table(self.tr("Versions that would vanish"), self._version_columns())
        self._versions.setObjectName("held-versions")
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self._artifacts)
        splitter.addWidget(self._versions)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        column.addLayout(inset(splitter), 1)

    def _choices(self) -> QGridLayout:
        """Both decisions, each with what it means."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self._accept = button(self.tr("Accept removals"), lambda: self._decide(True))
        self._accept.setObjectName("accept-removals")
        self._keep = button(self.tr("Keep what vanished"), lambda: self._decide(False))
        self._keep.setObjectName("keep-vanished")
        self._accept_means = label("", "secondary", wrap=True)
        self._keep_means = label(
            self.tr(
                "They stay in the catalog here. The next synchronization reads everything anew, "
                "and asks again if they are still missing upstream."
            ),
            "secondary",
            wrap=True,
        )
        for line, (choice, means) in enumerate(
            ((self._accept, self._accept_means), (self._keep, self._keep_means))
        ):
            grid.addWidget(choice, line, 0)
            grid.addWidget(means, line, 1)
        return grid

    def _held(self) -> list[Column[HeldRow]]:
        def lost(row: HeldRow) -> str:
            if row.after == 0:
                said = self.tr("all of its {versions} would vanish")
                return said.format(versions=words.counted(row.before, "version"))
            said = self.tr("{lost} of {versions} would vanish")
            return said.format(
                lost=f"{row.before - row.after:,}", versions=words.counted(row.before, "version")
            )

        return [
            Column(self.tr("Artifact"), lambda row: row.path, 240),
            Column(self.tr("Kind"), lambda row: row.kind, 72),
            Column(self.tr("Before"), lambda row: f"{row.before:,}", 72, number=True),
            Column(self.tr("After"), lambda row: f"{row.after:,}", 72, number=True),
            Column("", lost, level=lambda row: "bad" if row.after == 0 else "attention"),
        ]

    def _version_columns(self) -> list[Column[ChangeRow]]:
        return [
            Column(self.tr("Version that would vanish"), lambda row: row.version, 240),
            Column(self.tr("Digest"), lambda row: row.old_digest),
        ]

    def show_registry(self, entry: Listed) -> None:
        before, self._entry = self._entry, entry
        self._show_choices()
        if before is None or before.row != entry.row:
            self._ask()

    def _show_choices(self) -> None:
        why_not = "" if self._session.writable else self.tr("Nothing can be changed here now.")
        idle = self._entry is not None and self._entry.activity == "idle"
        for choice in (self._accept, self._keep):
            choice.setEnabled(not why_not and idle)
            choice.setToolTip(why_not)

    def _ask(self) -> None:
        db, entry = self._session.db, self._entry
        if db is None or entry is None:
            return
        registry = entry.row.id
        self._asked.of(
            self._session.tasks.ask(self, lambda: _read(db, registry), lambda f: self._fill(*f))
        )

    def _fill(
        self, run: RunRow | None, held: Sequence[HeldRow], vanishing: Sequence[ChangeRow]
    ) -> None:
        self._vanishing = {}
        for row in vanishing:
            self._vanishing.setdefault((row.kind, row.artifact), []).append(row)
        self._artifacts.rows.show_rows(held)
        self._versions.rows.show_rows([])
        if run is None:
            self._title.setText(self.tr("Nothing is held any more."))
            self._why.setText("")
            return
        count = words.counted(len(vanishing), "version")
        artifacts = words.counted(len(held), "artifact")
        self._title.setText(
            self.tr("{versions} of {artifacts} would vanish").format(
                versions=count, artifacts=artifacts
            )
        )
        self._why.setText(self._reason(run))
        self._accept_means.setText(
            self.tr(
                "{versions} leave the catalog here, and are written down under Changes as removed."
            ).format(versions=count)
        )
        if held:
            self._artifacts.selectRow(0)

    def _reason(self, run: RunRow) -> str:
        when = sentences.moment(run.started, self._session.now())
        if "back in time" in run.message:
            return self.tr(
                "The synchronization of {when} read a listing that is older than the one before, "
                "as from a backup. Nothing has been removed yet."
            ).format(when=when)
        return self.tr(
            "The synchronization of {when} no longer saw them: so many at once are more often a "
            "fault upstream than a wish. Nothing has been removed yet."
        ).format(when=when)

    def _show_versions(self) -> None:
        chosen = self._artifacts.chosen
        rows = self._vanishing.get((chosen.kind, chosen.path), []) if chosen else []
        self._versions.rows.show_rows(rows)

    def _decide(self, accept: bool) -> None:
        if self._entry is None:
            return
        for choice in (self._accept, self._keep):
            choice.setEnabled(False)
        self._actions.decide(self._entry.row, accept=accept, done=self._show_choices)


def _read(db: Database, registry: str) -> tuple[RunRow | None, list[HeldRow], list[ChangeRow]]:
    run = runs.held_run(db, registry)
    if run is None:
        return None, [], []
    return run, runs.held_counts(db, run.id), runs.held_removals(db, run.id)
