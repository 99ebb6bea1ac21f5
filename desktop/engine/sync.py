"""One synchronization, from its beginning to what the user reads afterwards.

A worker yields what the registry holds now. Every prefix that it completes is stored at once, in
one transaction; what vanished is taken away only at the end, after the guard has judged the run.
Documents follow when the listing is safe, and never decide its outcome.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import registrykit
from desktop.engine import documents, words
from desktop.engine.arrivals import MOST_WORDS, Arrivals, packed
from desktop.engine.bus import Bus, PrefixStored, RunEnded, RunProgressed, RunStarted
from desktop.engine.calls import Job, Traffic
from desktop.engine.clock import Clock, rfc3339
from desktop.engine.guard import reason_to_hold
from desktop.engine.workers import Worker, Workers
from desktop.store import catalog, commits, registries, runs, staging
from desktop.store.database import Database, Transaction
from desktop.store.values import RegistryRow, RunRow
from registrykit.errors import Cancelled, Offline, PluginFault, RegistryError, Throttled
from registrykit.events import (
    Complete,
    Document,
    Found,
    Known,
    Note,
    Progress,
    Skip,
    SyncEvent,
    Unchanged,
)

MOST_NOTES = 20
_FUTURE = 24 * 3600.0


class Control(Protocol):
    """How whoever started the run can end it: `attach` gets the worker that is to be ended."""

    def attach(self, worker: Worker) -> None: ...


@dataclass(frozen=True)
class Parts:
    """What a synchronization works with."""

    db: Database
    clock: Clock
    bus: Bus
    workers: Workers
    mask: Callable[[str], str] = str
    """Takes secrets out of texts that came from outside, before they are stored or shown."""


@dataclass
class _Pending:
    """Events of the batch that are not staged yet, kind by kind, in the order of their arrival."""

    found: list[Found] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    unchanged: list[tuple[str, bytes | None]] = field(default_factory=list)


class _StoredRows:
    """What the worker may ask about the registry while it runs."""

    def __init__(self, db: Database, registry_id: str) -> None:
        self._db = db
        self._registry_id = registry_id

    def known(self, prefix: str) -> Iterator[Known]:
        return runs.known(self._db, self._registry_id, prefix)

    def memory(self, prefix: str) -> dict[str, Any] | None:
        return runs.memory(self._db, self._registry_id, prefix)


def synchronize(
    parts: Parts,
    registry: RegistryRow,
    make_job: Callable[[], Job],
    control: Control,
    *,
    full: bool = False,
    accept_held: bool = False,
) -> RunRow:
    """Synchronize one registry and return the run; errors are in the run, never raised.

    `make_job` gives what the worker must know; it fails where a secret or the plugin is missing.
    A run that was interrupted or cancelled is gone on with, under its number. With `accept_held`
    the guard's question is answered with yes in advance.
    """
    job: Job | RegistryError
    try:
        job = make_job()
        if job.settings.offline:
            job = Offline(f"{registry.name} was not synchronized.", cause="the network is off")
    except RegistryError as error:
        job = error
    with parts.db.write() as tx:
        begun = runs.begin(
            tx,
            registry.id,
            parts.clock.now(),
            full=full,
            source=source_of(registry),
            # What is remembered was read by this plugin through this SDK.
            plugin_version=f"{job.plugin} {registrykit.__version__}"
            if isinstance(job, Job)
            else "",
        )
    parts.bus.publish(RunStarted(registry.id, begun.id))
    run = _Run(parts, registry, begun.id)
    try:
        if isinstance(job, RegistryError):
            raise job
        job = job.resumed(begun.completed)
        with parts.workers.start(job.plugin, job) as worker:
            control.attach(worker)
            run.read_listing(worker, job)
            outcome = run.end_listing(accept_held=accept_held)
            run.read_documents(worker, job, retry_missing=outcome != "unchanged")
    except Cancelled:
        run.stop("cancelled", "Cancelled; what was stored before stays.", None)
    except RegistryError as error:
        run.stop("failed", str(error), error)
    except Exception as error:
        fault = PluginFault("The synchronization failed.", cause=type(error).__name__)
        run.stop("failed", str(fault), fault)
    return run.row()


class _Run:
    """The run while it goes on."""

    def __init__(self, parts: Parts, registry: RegistryRow, run_id: int) -> None:
        self._db = parts.db
        self._clock = parts.clock
        self._bus = parts.bus
        self._mask = parts.mask
        self._registry = registry
        self._id = run_id
        self._traffic = Traffic()
        self._notes: list[str] = []
        self._arrivals = Arrivals()
        self._room: int | None = None
        self._listed = False

    # The listing

    def read_listing(self, worker: Worker, job: Job) -> None:
        stored = _StoredRows(self._db, self._registry.id)
        for events in worker.sync(job, stored, self._traffic):
            pending = _Pending()
            for event in events:
                self._take(event, pending)
            self._flush(pending)

    def _take(self, event: SyncEvent, pending: _Pending) -> None:
        self._arrivals.check(event)
        if isinstance(event, Found):
            pending.found.append(event)
        elif isinstance(event, Unchanged):
            pending.unchanged.append((event.prefix.strip("/"), packed(event.memory)))
        elif isinstance(event, Skip):
            pending.skips.append(Skip(event.ref, self._mask(event.reason)[:MOST_WORDS]))
        elif isinstance(event, Document):
            if self._has_room(event):
                pending.documents.append(event)
        elif isinstance(event, Complete):
            self._flush(pending)
            self._complete(event)
        elif isinstance(event, Note):
            if len(self._notes) < MOST_NOTES:
                self._notes.append(self._mask(event.message)[:500])
        elif isinstance(event, Progress):
            self._progress("listing", event.done, event.total, event.unit)

    def _has_room(self, document: Document) -> bool:
        """Say whether a document that came with the listing still fits into the space for them."""
        if self._room is None:
            self._room = documents.BUDGET - catalog.document_bytes(self._db, self._registry.id)
        self._room -= len(document.text)
        return self._room >= 0

    def _flush(self, pending: _Pending) -> None:
        if pending.found or pending.skips or pending.documents or pending.unchanged:
            with self._db.scratch() as tx:
                staging.stage(tx, self._id, pending.found)
                staging.stage_skips(tx, self._id, pending.skips)
                staging.stage_documents(tx, self._id, pending.documents)
                for prefix, _ in pending.unchanged:
                    staging.keep_prefix(tx, self._id, prefix)
        remembered = [(prefix, m) for prefix, m in pending.unchanged if m is not None]
        if remembered:
            # Those without anything to remember are cheap to find unchanged once more.
            with self._db.write() as tx:
                commits.commit_unchanged(tx, self._id, self._registry.id, remembered)
        pending.__init__()  # type: ignore[misc]

    def _complete(self, event: Complete) -> None:
        prefix = event.prefix.strip("/")
        with self._db.write() as tx:
            commits.commit_prefix(
                tx,
                self._id,
                self._registry.id,
                prefix,
                self._clock.now(),
                complete=True,
                memory=packed(event.memory),
                as_of=event.as_of,
            )
        self._arrivals.done(prefix)
        self._bus.publish(PrefixStored(self._registry.id, prefix))

    # The end of the listing

    def end_listing(self, *, accept_held: bool) -> str:
        """Judge the run, take away what vanished or hold it, and write the outcome."""
        now = self._clock.now()
        with self._db.write() as tx:
            incomplete = self._store_incomplete(tx, now)
            commits.carry_skips(tx, self._id, self._registry.id)
            why_held = "" if accept_held else self._reason_to_hold(tx, now)
            if why_held:
                outcome, message, code = "held", why_held, "held"
                remedy = "Review what would vanish, then accept or discard it."
                runs.drop_removals(tx, self._registry.id, keep_run=self._id)
            else:
                removed = runs.apply_removals(tx, self._id, self._registry.id, now)
                runs.drop_removals(tx, self._registry.id)
                latest = rfc3339(now + _FUTURE) or ""
                runs.keep_memory(tx, self._id, self._registry.id, latest)
                outcome, message, code, remedy = self._outcome(tx, removed, incomplete)
            self._end(tx, outcome, code, message, "", remedy)
        self._listed = True
        return outcome

    def _store_incomplete(self, tx: Transaction, now: float) -> bool:
        """Store what lies under no completed prefix; nothing of it can be missed."""
        left = tx.one("SELECT count(*) FROM stage WHERE run = ?", (self._id,))
        skips = tx.one("SELECT count(*) FROM stage_skip WHERE run = ?", (self._id,))
        if left or skips:
            commits.commit_prefix(tx, self._id, self._registry.id, "", now, complete=False)
        return bool(left)

    def _reason_to_hold(self, tx: Transaction, now: float) -> str:
        before, lost, prefixes = runs.losses(tx, self._id)
        back = runs.went_back(tx, self._id, self._registry.id, rfc3339(now) or "")
        return reason_to_hold(before, lost, prefixes, went_back=back)

    def _outcome(
        self, tx: Transaction, removed: int, incomplete: bool
    ) -> tuple[str, str, str, str]:
        added, changed, new_skips = runs.counts(tx, self._id)
        note = " ".join(self._notes)
        if new_skips or incomplete:
            gaps = tx.one("SELECT count(*) FROM skipped WHERE run_id = ?", (self._id,))
            said = "1 gap" if gaps == 1 else f"{gaps} gaps"
            message = f"Synchronized with {said}."
            if not gaps:
                message = "Synchronized, but the plugin did not say that it was done."
            name = f"history {self._registry.name} --run {self._id}"
            remedy = f"What could not be read is listed with the run ({name})."
            return "partial", f"{message} {note}".strip(), "partial", remedy
        if added or changed or removed:
            return "ok", note, "", ""
        return "unchanged", note, "", ""

    def _end(
        self, tx: Transaction, outcome: str, code: str, message: str, cause: str, remedy: str
    ) -> None:
        """Write the outcome to the run and, unless the network was off, to the registry."""
        message, cause, remedy = map(self._mask, (message, cause, remedy))
        now = self._clock.now()
        runs.end(
            tx,
            self._id,
            self._registry.id,
            outcome,
            now,
            requests=self._traffic.requests,
            bytes=self._traffic.bytes,
            code=code,
            message=message,
            cause=cause,
            remedy=remedy,
        )
        if code != Offline.default_code:
            said = f"{message} {words.sentence(cause)}".strip()
            columns = _after(outcome, now, code, said, remedy)
            registries.update_registry(tx, self._registry.id, **columns)
        runs.prune(tx, self._registry.id)

    def stop(self, outcome: str, message: str, error: RegistryError | None) -> None:
        """End a run that did not reach its end; prefixes that it completed stay."""
        now = self._clock.now()
        code = error.code if error else outcome
        cause, remedy = (error.cause, error.remedy) if error else ("", "Synchronize again.")
        with self._db.write() as tx:
            if self._listed:
                # Only the documents were cut short, and those never decide the outcome.
                return
            if outcome == "failed":
                tx.sql("DELETE FROM removal WHERE run_id = ?", (self._id,))
            self._end(tx, outcome, code, message, cause, remedy)
            if outcome == "failed" and not isinstance(error, Offline):
                failures = tx.one(
                    "SELECT failures FROM registry WHERE id = ?", (self._registry.id,)
                )
                wait = error.retry_after if isinstance(error, Throttled) else None
                registries.update_registry(
                    tx,
                    self._registry.id,
                    failures=failures + 1,
                    retry_at=now + wait if wait else None,
                )

    # The documents

    def read_documents(self, worker: Worker, job: Job, *, retry_missing: bool) -> None:
        fetched = documents.fetch_wanted(
            self._db,
            self._clock,
            self._registry,
            worker,
            job,
            retry_missing=retry_missing or job.settings.full,
            progress=lambda done, total: self._progress("documents", done, total, "documents"),
        )
        if fetched.documents or fetched.missing or fetched.traffic.requests:
            with self._db.write() as tx:
                runs.add_documents(
                    tx,
                    self._id,
                    self._clock.now(),
                    fetched.documents,
                    fetched.missing,
                    fetched.traffic.requests,
                )

    # What others see

    def _progress(self, phase: str, done: int, total: int | None, unit: str) -> None:
        self._bus.publish(RunProgressed(self._registry.id, phase, done, total, unit))

    def row(self) -> RunRow:
        (row,) = runs.runs_by_id(self._db, [self._id])
        self._bus.publish(RunEnded(self._registry.id, row.id, row.outcome))
        return row


def _after(outcome: str, now: float, code: str, message: str, remedy: str) -> dict[str, Any]:
    """Return what a run with this outcome changes on its registry."""
    columns: dict[str, Any] = {
        "last_outcome": outcome,
        "last_attempt": now,
        "code": code,
        "message": message,
        "remedy": remedy,
    }
    if outcome in ("ok", "unchanged", "partial", "held"):
        columns |= {"last_success": now, "failures": 0, "retry_at": None}
    return columns


def source_of(registry: RegistryRow) -> str:
    """Return a hash of where and as whom the registry is read; no secret is in it."""
    beside = ("description", "documents")
    said = {key: value for key, value in registry.config.items() if key not in beside}
    text = json.dumps([registry.type, registry.endpoint, said, registry.secrets], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
