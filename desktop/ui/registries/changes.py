"""Changes: the runs of a registry, and what the chosen one changed and left out."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QStackedLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store import runs
from desktop.store.database import Database
from desktop.store.values import ChangeRow, RunRow, SkippedRow
from desktop.ui.icons import of_kind
from desktop.ui.parts.changes import CHANGE_ICONS, CHANGE_WORDS, name_and_folder
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.state import LEVEL_ICONS
from desktop.ui.parts.table import Column, Table, inset
from desktop.ui.parts.text import label, sentence
from desktop.ui.registries import sentences
from desktop.ui.session import Listed, Session
from desktop.ui.tasks import Latest

MOST = 2_000
"""So many lines of one run are shown; a first run adds everything there is."""


@dataclass(frozen=True)
class RunDetail:
    """What a run changed and what it left out, as far as it is shown."""

    run: RunRow
    changes: tuple[ChangeRow, ...]
    skipped: tuple[SkippedRow, ...]


def run_detail(db: Database, run: RunRow) -> RunDetail:
    """Read it; not for the window's thread."""
    changes = runs.changes_of(db, run=run.id, limit=MOST)
    return RunDetail(run, tuple(changes), tuple(runs.skipped_of(db, run.id)[:MOST]))


class ChangesTab(QWidget):
    """Runs above, newest first; below what the chosen one did."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._entry: Listed | None = None
        self._listing = Latest()
        self._detailing = Latest()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(0)
        self._runs = Table(self.tr("Synchronizations"), self._run_columns())
        self._runs.setObjectName("runs")
        self._runs.selectionModel().currentRowChanged.connect(lambda *_rows: self._show_detail())
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self._runs)
        splitter.addWidget(self._detail())
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        splitter.setSizes([220, 400])
        self._empty = EmptyPlace(
            "history",
            self.tr("No synchronizations yet"),
            self.tr("Each one is listed here, with what it changed and what it could not read."),
        )
        below = QWidget()
        self._layers = QStackedLayout(below)
        self._layers.addWidget(splitter)
        self._layers.addWidget(self._empty)
        column.addLayout(inset(below), 1)
        session.run_ended.connect(lambda event: self._ended(event.registry_id))

    def _run_columns(self) -> list[Column[RunRow]]:
        session = self._session

        def number(count: int) -> str:
            return f"{count:,}" if count else ""

        return [
            Column(self.tr("When"), lambda run: sentences.moment(run.started, session.now()), 112),
            Column(
                self.tr("Outcome"),
                lambda run: sentences.OUTCOMES[run.outcome][0],
                122,
                level=lambda run: sentences.OUTCOMES[run.outcome][1],
                symbol=lambda run: LEVEL_ICONS[sentences.OUTCOMES[run.outcome][1]],
            ),
            Column(self.tr("Added"), lambda run: number(run.added), 56, number=True),
            Column(self.tr("Changed"), lambda run: number(run.changed), 68, number=True),
            Column(self.tr("Removed"), lambda run: number(run.removed), 70, number=True),
            Column(self.tr("Skipped"), lambda run: number(run.skipped), 64, number=True),
            Column(
                self.tr("Took"),
                lambda run: sentences.took(run, session.now()),
                56,
                number=True,
            ),
            Column(
                self.tr("Requests"),
                lambda run: f"{run.requests + run.document_requests:,}",
                70,
                number=True,
            ),
            Column(self.tr("Received"), lambda run: words.size(run.bytes), number=True),
        ]

    def _detail(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 16, 0, 0)
        column.setSpacing(8)
        words_column = QVBoxLayout()
        words_column.setContentsMargins(8, 0, 16, 0)
        words_column.setSpacing(4)
        self._title = label("", "section", wrap=True)
        self._summary = label("", "secondary", wrap=True, select=True)
        self._problem = ProblemCard()
        for part in (self._title, self._summary, self._problem):
            words_column.addWidget(part)
        column.addLayout(words_column)
        self._changes = Table(self.tr("What this run changed"), self._change_columns())
        self._changes.setObjectName("run-changes")
        self._skipped_title = label("", "strong")
        self._skipped_title.setContentsMargins(8, 8, 16, 0)
        self._skipped = Table(self.tr("What this run left out"), self._skipped_columns())
        self._skipped.setObjectName("run-skipped")
        column.addWidget(self._changes, 2)
        column.addWidget(self._skipped_title)
        column.addWidget(self._skipped, 1)
        column.addStretch(0)
        self._column = column
        return made

    def _change_columns(self) -> list[Column[ChangeRow]]:
        def digest(row: ChangeRow) -> str:
            if row.change == "digest-moved":
                return f"{_short(row.old_digest)} → {_short(row.new_digest)}"
            return _short(row.new_digest or row.old_digest)

        def whole(row: ChangeRow) -> str:
            if row.change == "digest-moved":
                return f"{row.old_digest} → {row.new_digest}"
            return row.new_digest or row.old_digest

        return [
            Column(
                self.tr("Change"),
                lambda row: CHANGE_WORDS.get(row.change, row.change),
                136,
                level=lambda row: CHANGE_ICONS.get(row.change, ("", "quiet"))[1],
                symbol=lambda row: CHANGE_ICONS.get(row.change, ("changed", ""))[0],
            ),
            Column(
                self.tr("Artifact"),
                lambda row: " · ".join(part for part in name_and_folder(row.artifact) if part),
                300,
                symbol=lambda row: of_kind(row.kind),
                tip=lambda row: f"{row.kind} {row.artifact}",
            ),
            Column(self.tr("Version"), lambda row: row.version, 120),
            Column(self.tr("Digest"), digest, tip=whole),
        ]

    def _skipped_columns(self) -> list[Column[SkippedRow]]:
        return [
            Column(self.tr("Artifact"), lambda row: row.path, 220),
            Column(self.tr("Version"), lambda row: row.version, 120),
            Column(self.tr("Reason"), lambda row: sentences.reason(row.reason)),
        ]

    # Showing

    def show_registry(self, entry: Listed) -> None:
        before, self._entry = self._entry, entry
        if before is None or before.row != entry.row or before.activity != entry.activity:
            if before is None or before.row.id != entry.row.id:
                self._runs.rows.show_rows([])
            self._ask()

    def _ended(self, registry_id: str) -> None:
        if self._entry is not None and registry_id == self._entry.row.id and self.isVisible():
            self._ask()

    def _ask(self) -> None:
        db, entry = self._session.db, self._entry
        if db is None or entry is None:
            return
        registry = entry.row.id
        self._listing.of(
            self._session.tasks.ask(self, lambda: runs.runs_of(db, registry), self._fill)
        )

    def _fill(self, found: list[RunRow]) -> None:
        chosen = self._runs.chosen
        self._layers.setCurrentIndex(0 if found else 1)
        self._runs.rows.show_rows(found)
        if found:
            ids = [run.id for run in found]
            self._runs.selectRow(ids.index(chosen.id) if chosen and chosen.id in ids else 0)

    def _show_detail(self) -> None:
        db, run = self._session.db, self._runs.chosen
        if db is None or run is None:
            return
        task = self._session.tasks.ask(self, lambda: run_detail(db, run), self._fill_detail)
        self._detailing.of(task)

    def _fill_detail(self, found: RunDetail) -> None:
        run = found.run
        outcome, _ = sentences.OUTCOMES[run.outcome]
        when = words.ago(run.started, self._session.now())
        self._title.setText(f"{sentences.moment(run.started, self._session.now())}: {outcome}")
        self._summary.setText(self._said(found, when))
        self._show_problem(run)
        self._changes.rows.show_rows(found.changes)
        self._changes.setVisible(bool(found.changes))
        self._skipped.rows.show_rows(found.skipped)
        self._skipped.setVisible(bool(found.skipped))
        entries = words.counted(max(run.skipped, len(found.skipped)), "entry", "entries")
        self._skipped_title.setText(self.tr("{entries} could not be read").format(entries=entries))
        self._skipped_title.setVisible(bool(found.skipped))
        bare = not found.changes and not found.skipped
        self._column.setStretch(self._column.count() - 1, 1 if bare else 0)

    def _said(self, found: RunDetail, when: str) -> str:
        run = found.run
        if not found.changes:
            said = self.tr("Nothing changed in this synchronization, {when}.").format(when=when)
            if run.outcome in ("", "failed", "cancelled", "interrupted", "held"):
                said = self.tr("Nothing was changed here, {when}.").format(when=when)
        elif len(found.changes) >= MOST:
            said = self.tr("{When}: {counts}. The newest {most} are listed.").format(
                counts=sentences.counts(run), When=_capital(when), most=f"{MOST:,}"
            )
        else:
            said = self.tr("{When}: {counts}.").format(
                counts=sentences.counts(run), When=_capital(when)
            )
        if run.full:
            said += " " + self.tr("Everything was read anew.")
        if run.documents or run.documents_missing:
            said += " " + self._documents(run)
        return said

    def _documents(self, run: RunRow) -> str:
        fetched = words.counted(run.documents, "document")
        if not run.documents_missing:
            return self.tr("{fetched} downloaded.").format(fetched=fetched)
        return self.tr("{fetched} downloaded; those of {versions} could not be.").format(
            fetched=fetched, versions=words.counted(run.documents_missing, "version")
        )

    def _show_problem(self, run: RunRow) -> None:
        _, level = sentences.OUTCOMES[run.outcome]
        if run.outcome not in ("failed", "held", "partial") or not run.message:
            self._problem.hide()
            return
        self._problem.set_level("bad" if level == "bad" else "attention")
        # What to do now stands in the overview; a run of last week asks for nothing any more.
        message = sentence(_capital(run.message.removeprefix("held:").strip()))
        self._problem.show_problem(Problem(message, run.cause))


def _capital(words_of_time: str) -> str:
    """Return words as they begin a sentence."""
    return words_of_time[:1].upper() + words_of_time[1:]


def _short(digest: str) -> str:
    """Return the beginning of a digest, enough to see that another one is another."""
    algorithm, _, digits = digest.partition(":")
    return digits[:12] or algorithm[:12] or "none"
