"""Deciding about a held run: take away what vanished upstream, or keep it."""

from __future__ import annotations

from desktop.engine.bus import Bus, RunEnded
from desktop.engine.clock import Clock
from desktop.store import registries, runs
from desktop.store.database import Database, Transaction
from desktop.store.values import ChangeRow, HeldRow, RegistryRow, RunRow
from registrykit.errors import NotFound


def held(db: Database, registry: RegistryRow) -> RunRow:
    """Return the run whose removals wait; raises NotFound where none does."""
    run = runs.held_run(db, registry.id)
    if run is None:
        raise NotFound(
            f"Nothing of {registry.name} is held.",
            cause="its last synchronization wanted to remove nothing unusual",
            remedy="See what happened in its history (history NAME).",
            code="nothing-held",
        )
    return run


def what_would_vanish(db: Database, registry: RegistryRow) -> list[ChangeRow]:
    return runs.held_removals(db, held(db, registry).id)


def what_would_stay(db: Database, registry: RegistryRow) -> list[HeldRow]:
    """Return versions before and after, for each artifact that would lose some; cheap.

    Raises NotFound where nothing is held.
    """
    return runs.held_counts(db, held(db, registry).id)


def accept(db: Database, clock: Clock, bus: Bus, registry: RegistryRow) -> RunRow:
    """Apply the held removals, with what the run remembered."""
    run = held(db, registry)
    now = clock.now()
    with db.write() as tx:
        runs.apply_removals(tx, run.id, registry.id, now)
        runs.keep_memory(tx, run.id, registry.id, "9999")
        _decide(tx, registry, run, now, "ok", "removals-accepted", "Removals were accepted.")
    return _told(db, bus, registry, run)


def discard(db: Database, clock: Clock, bus: Bus, registry: RegistryRow) -> RunRow:
    """Keep what the run wanted to remove, and read everything anew next time."""
    run = held(db, registry)
    now = clock.now()
    with db.write() as tx:
        runs.drop_removals(tx, registry.id)
        runs.forget(tx, registry.id)
        _decide(
            tx,
            registry,
            run,
            now,
            "partial",
            "removals-discarded",
            "Removals were discarded; what vanished upstream is kept here.",
        )
    return _told(db, bus, registry, run)


def _decide(
    tx: Transaction,
    registry: RegistryRow,
    run: RunRow,
    now: float,
    outcome: str,
    code: str,
    message: str,
) -> None:
    finished = run.finished if run.finished is not None else now
    runs.end(
        tx, run.id, registry.id, outcome, finished, code=code, message=message, cause="", remedy=""
    )
    registries.update_registry(
        tx, registry.id, last_outcome=outcome, code=code, message=message, remedy=""
    )
    registries.record(tx, now, code, registry.name, f"run {run.id}")


def _told(db: Database, bus: Bus, registry: RegistryRow, run: RunRow) -> RunRow:
    (row,) = runs.runs_by_id(db, [run.id])
    bus.publish(RunEnded(registry.id, row.id, row.outcome))
    return row
