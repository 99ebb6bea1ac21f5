"""Synchronization runs: begin, end, what they changed, and what they may not remove unasked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from desktop.store import derived, staging
from desktop.store.database import Database, Transaction
from desktop.store.values import ChangeRow, HeldRow, RunRow, SkippedRow
from registrykit.events import Known

RESUMABLE_SECONDS = 24 * 3600
KEPT_RUNS = 60
"""How many runs of a registry are kept; of those that changed nothing, the newest five."""

_RUN = "SELECT s.*, r.name AS registry FROM sync_run s JOIN registry r ON r.id = s.registry_id"
_FIELDS = tuple(RunRow.__dataclass_fields__)


@dataclass(frozen=True)
class Begun:
    """A run that has begun; `completed` are the prefixes that it stored before a kill or cancel."""

    id: int
    completed: tuple[str, ...]


def begin(
    tx: Transaction, registry: str, now: float, *, full: bool, source: str, plugin_version: str
) -> Begun:
    """Begin a run, or go on with the last one where that was interrupted or cancelled.

    `source` says where and as whom the registry is read. With another one, or another plugin,
    everything is read anew.
    """
    # One that found no plugin, no password or no network has read nothing, and says nothing about
    # who remembered what.
    last = tx.one(
        "SELECT id, outcome, started, source, plugin_version FROM sync_run WHERE registry_id = ?"
        " AND plugin_version <> '' ORDER BY id DESC LIMIT 1",
        (registry,),
    )
    same = bool(last) and (last[3], last[4]) == (source, plugin_version)
    if last and not full and last[1] in ("interrupted", "cancelled"):
        prefixes = tx.sql("SELECT prefix FROM run_prefix WHERE run_id = ?", (last[0],)).fetchall()
        if prefixes and same and now - last[2] < RESUMABLE_SECONDS:
            # When a killed program ended nobody knows: what it worked is not counted.
            tx.sql(
                "UPDATE sync_run SET outcome = '', finished = NULL, worked_from = ? -"
                " CASE WHEN outcome = 'interrupted' THEN 0 ELSE finished - worked_from END"
                " WHERE id = ?",
                (now, last[0]),
            )
            return Begun(last[0], tuple(prefix for (prefix,) in prefixes))
    if full or (last and plugin_version and not same):
        # What is remembered vouches for another place, or was written by another plugin.
        forget(tx, registry)
    run = tx.sql(
        "INSERT INTO sync_run (registry_id, started, outcome, full, added, changed, removed,"
        " skipped, artifacts, versions, before, documents, documents_missing, requests,"
        " document_requests, bytes, code, message, cause, remedy, source, plugin_version,"
        " worked_from) VALUES (?, ?, '', ?, 0, 0, 0, 0, 0, 0, (SELECT count(*) FROM version v"
        " JOIN artifact a ON a.id = v.artifact_id"
        " WHERE a.registry_id = ? AND v.state = 'present'),"
        " 0, 0, 0, 0, 0, '', '', '', '', ?, ?, ?)",
        (registry, now, full, registry, source, plugin_version, now),
    ).lastrowid
    return Begun(run, ())


def known(db: Database, registry: str, prefix: str) -> Iterator[Known]:
    """Yield the versions that are stored at or under `prefix`."""
    with db.reading() as connection:
        for row in connection.execute(
            "SELECT a.path, v.version, v.tag, v.digest FROM artifact a"
            " JOIN version v ON v.artifact_id = a.id"
            " WHERE a.registry_id = :registry AND v.state = 'present'"
            " AND (:prefix = '' OR a.path = :prefix"
            "   OR (a.path > :prefix || '/' AND a.path < :prefix || '0'))",
            {"registry": registry, "prefix": prefix},
        ):
            yield Known(row[0], row[1], row[2], row[3])


def memory(db: Database, registry: str, prefix: str) -> dict[str, Any] | None:
    """Return what is remembered of a prefix."""
    row = db.row(
        "SELECT memory FROM memory WHERE registry_id = ? AND prefix = ?", (registry, prefix)
    )
    return None if row is None else msgspec.msgpack.decode(row[0], type=dict[str, Any]) or None


def forget(tx: Transaction, registry: str) -> None:
    """Forget validators and hashes: the next run reads everything anew."""
    tx.sql("UPDATE memory SET memory = x'80' WHERE registry_id = ?", (registry,))


def went_back(tx: Transaction, run: int, registry: str, now_text: str) -> bool:
    """Say whether a prefix that loses something gave an older time than it gave before."""
    return bool(
        tx.one(
            "SELECT count(*) FROM run_prefix p JOIN memory m"
            " ON m.registry_id = ? AND m.prefix = p.prefix"
            " WHERE p.run_id = ? AND p.lost > 0 AND p.as_of <> '' AND p.as_of < m.as_of"
            " AND m.as_of <= ?",
            (registry, run, now_text),
        )
    )


def losses(tx: Transaction, run: int) -> tuple[int, int, list[tuple[int, int]]]:
    """Return versions before the run, versions it would lose, and the same for each prefix."""
    before, lost = tx.one(
        "SELECT before, (SELECT count(*) FROM removal WHERE run_id = sync_run.id)"
        " FROM sync_run WHERE id = ?",
        (run,),
    )
    prefixes = tx.sql("SELECT before, lost FROM run_prefix WHERE run_id = ?", (run,)).fetchall()
    return before, lost, [(row[0], row[1]) for row in prefixes]


def apply_removals(tx: Transaction, run: int, registry: str, now: float) -> int:
    """Mark what the run no longer saw as gone, and write it into the ledger."""
    tx.sql("DELETE FROM touched")
    tx.sql(
        "INSERT OR IGNORE INTO touched SELECT v.artifact_id FROM removal r"
        " JOIN version v ON v.id = r.version_id WHERE r.run_id = ?",
        (run,),
    )
    removed: int = tx.sql(
        "INSERT INTO change (registry_id, run_id, at, change, kind, artifact, version,"
        " old_digest, new_digest)"
        " SELECT ?, ?, ?, 'removed', a.kind, a.path, v.version, v.digest, ''"
        " FROM removal r JOIN version v ON v.id = r.version_id"
        " JOIN artifact a ON a.id = v.artifact_id WHERE r.run_id = ? AND v.state = 'present'",
        (registry, run, now, run),
    ).rowcount
    tx.sql(
        "UPDATE version SET state = 'gone', gone_since = ?"
        " WHERE id IN (SELECT version_id FROM removal WHERE run_id = ?)",
        (now, run),
    )
    tx.sql("DELETE FROM removal WHERE run_id = ?", (run,))
    tx.sql("UPDATE sync_run SET removed = removed + ? WHERE id = ?", (removed, run))
    derived.refresh(tx)
    return removed


def drop_removals(tx: Transaction, registry: str, *, keep_run: int = 0) -> None:
    """Forget what runs of the registry, other than `keep_run`, wanted to remove."""
    tx.sql(
        "DELETE FROM removal WHERE run_id IN"
        " (SELECT id FROM sync_run WHERE registry_id = ? AND id <> ?)",
        (registry, keep_run),
    )


def keep_memory(tx: Transaction, run: int, registry: str, latest_as_of: str) -> None:
    """Make what the run remembered valid; times after `latest_as_of` are no reference."""
    tx.sql(
        "INSERT OR REPLACE INTO memory (registry_id, prefix, memory, as_of)"
        " SELECT ?, prefix, memory, CASE WHEN as_of <= ? THEN as_of ELSE '' END"
        " FROM run_prefix WHERE run_id = ? AND memory IS NOT NULL",
        (registry, latest_as_of, run),
    )


def end(tx: Transaction, run: int, registry: str, outcome: str, now: float, **words: Any) -> None:
    """Write the outcome and the counts; `words` are columns of the run."""
    names = {"run": run, "registry": registry, "outcome": outcome, "now": now, **words}
    columns = "".join(f", {column} = :{column}" for column in words)
    tx.sql(
        "UPDATE sync_run SET outcome = :outcome, finished = :now,"
        " skipped = (SELECT count(*) FROM skipped WHERE run_id = :run),"
        " artifacts = (SELECT count(*) FROM artifact"
        "   WHERE registry_id = :registry AND versions > 0),"
        " versions = (SELECT ifnull(sum(versions), 0) FROM artifact"
        f"   WHERE registry_id = :registry){columns} WHERE id = :run",
        names,
    )
    tx.sql(
        "UPDATE registry SET (artifacts, versions) ="
        " (SELECT artifacts, versions FROM sync_run WHERE id = ?) WHERE id = ?",
        (run, registry),
    )
    if outcome in ("ok", "unchanged", "partial", "failed"):
        tx.sql("DELETE FROM run_prefix WHERE run_id = ?", (run,))
    if outcome in ("ok", "unchanged", "partial", "held"):
        tx.sql(
            "DELETE FROM run_prefix WHERE run_id IN"
            " (SELECT id FROM sync_run WHERE registry_id = ? AND id <> ?)",
            (registry, run),
        )
    staging.drop_stage(tx, run)


def counts(tx: Transaction, run: int) -> tuple[int, int, int]:
    """Return added, changed, and skips that the last run had not reported."""
    row: tuple[int, int, int] = tx.one(
        "SELECT added, changed,"
        " (SELECT count(*) FROM skipped k WHERE k.run_id = s.id AND k.is_new)"
        " FROM sync_run s WHERE id = ?",
        (run,),
    )
    return row


def add_documents(
    tx: Transaction, run: int, now: float, documents: int, missing: int, requests: int
) -> None:
    """Count what was fetched after the listing, beside what had come with it."""
    tx.sql(
        "UPDATE sync_run SET documents = documents + ?, documents_missing = ?,"
        " document_requests = ?, finished = ? WHERE id = ?",
        (documents, missing, requests, now, run),
    )


def prune(tx: Transaction, registry: str) -> None:
    """Forget old runs, so that a registry that never changes does not grow.

    The ledger stays: changes are kept for ever, with the run's number.
    """
    tx.sql("PRAGMA defer_foreign_keys = ON")
    old = (
        "SELECT id FROM (SELECT id, outcome,"
        " row_number() OVER (ORDER BY id DESC) AS place,"
        " row_number() OVER (PARTITION BY outcome = 'unchanged' ORDER BY id DESC) AS alike"
        " FROM sync_run s WHERE registry_id = :registry AND outcome <> ''"
        " AND NOT EXISTS (SELECT 1 FROM change c WHERE c.run_id = s.id)"
        " AND NOT EXISTS (SELECT 1 FROM removal r WHERE r.run_id = s.id))"
        " WHERE place > :kept OR (outcome = 'unchanged' AND alike > 5)"
    )
    names = {"registry": registry, "kept": KEPT_RUNS}
    for table in ("skipped", "run_prefix"):
        tx.sql(f"DELETE FROM {table} WHERE run_id IN ({old})", names)
    tx.sql(f"DELETE FROM sync_run WHERE id IN ({old})", names)
    # A run that changed something stays for the ledger's sake, but not all that it skipped.
    tx.sql(
        "DELETE FROM skipped WHERE run_id IN (SELECT id FROM sync_run"
        " WHERE registry_id = :registry ORDER BY id DESC LIMIT -1 OFFSET :kept)",
        names,
    )


def mark_interrupted(tx: Transaction, now: float) -> int:
    """Mark runs that never ended, because the program was killed."""
    tx.sql(
        "UPDATE registry SET last_outcome = 'interrupted', code = 'interrupted',"
        " last_attempt = :now, artifacts = (SELECT count(*) FROM artifact a"
        "   WHERE a.registry_id = registry.id AND a.versions > 0),"
        " versions = (SELECT ifnull(sum(a.versions), 0) FROM artifact a"
        "   WHERE a.registry_id = registry.id),"
        " message = 'The program ended during the last synchronization.',"
        " remedy = 'Synchronize again; what was stored before is still there.'"
        " WHERE id IN (SELECT registry_id FROM sync_run WHERE outcome = '')",
        {"now": now},
    )
    ended: int = tx.sql(
        "UPDATE sync_run SET outcome = 'interrupted', finished = ?, code = 'interrupted',"
        " message = 'The program ended during this run.' WHERE outcome = ''",
        (now,),
    ).rowcount
    return ended


# Reading


def runs_of(db: Database, registry: str, *, limit: int = 100) -> list[RunRow]:
    return _runs(
        db.rows(f"{_RUN} WHERE s.registry_id = ? ORDER BY s.id DESC LIMIT ?", (registry, limit))
    )


def runs_by_id(db: Database, ids: Iterable[int]) -> list[RunRow]:
    found = [db.row(f"{_RUN} WHERE s.id = ?", (run,)) for run in ids]
    return _runs([row for row in found if row is not None])


def newest_runs(db: Database, registries: Iterable[str]) -> dict[str, RunRow]:
    """Return the last run of each registry that has one, by the registry's id."""
    ids = list(registries)
    marks = ", ".join("?" for _ in ids)
    rows = db.rows(
        f"{_RUN} WHERE s.id IN (SELECT (SELECT max(l.id) FROM sync_run l"
        f" WHERE l.registry_id = r.id) FROM registry r WHERE r.id IN ({marks}))",
        ids,
    )
    return {run.registry_id: run for run in _runs(rows)}


def held_run(db: Database, registry: str) -> RunRow | None:
    """Return the run of the registry whose removals wait for the user."""
    row = db.row(
        f"{_RUN} WHERE s.registry_id = ? AND s.outcome = 'held'"
        " AND EXISTS (SELECT 1 FROM removal WHERE run_id = s.id) ORDER BY s.id DESC",
        (registry,),
    )
    return _runs([row])[0] if row else None


def unfinished(db: Database) -> set[str]:
    """Return the registries that have a run without an end."""
    return {row[0] for row in db.rows("SELECT registry_id FROM sync_run WHERE outcome = ''")}


def changes_of(
    db: Database, *, run: int | None = None, registry: str | None = None, limit: int = 100_000
) -> list[ChangeRow]:
    where = " AND ".join(
        part
        for part, value in (("run_id = :run", run), ("registry_id = :registry", registry))
        if value is not None
    )
    rows = db.rows(
        "SELECT change, kind, artifact, version, old_digest, new_digest, at, registry_id"
        f" FROM change {'WHERE ' + where if where else ''} ORDER BY id DESC LIMIT :limit",
        {"run": run, "registry": registry, "limit": limit},
    )
    return [ChangeRow(*row) for row in rows]


def held_removals(db: Database, run: int) -> list[ChangeRow]:
    """Return what a held run would remove, as the changes it would write."""
    rows = db.rows(
        "SELECT 'removed', a.kind, a.path, v.version, v.digest, '', 0.0, a.registry_id"
        " FROM removal r JOIN version v ON v.id = r.version_id"
        " JOIN artifact a ON a.id = v.artifact_id WHERE r.run_id = ?"
        " ORDER BY a.path, v.sort_key DESC",
        (run,),
    )
    return [ChangeRow(*row) for row in rows]


def held_counts(db: Database, run: int) -> list[HeldRow]:
    """Return what a held run would leave of every artifact from which it would remove something."""
    rows = db.rows(
        "WITH lost AS (SELECT v.artifact_id, count(DISTINCT v.version) AS versions"
        "  FROM removal r JOIN version v ON v.id = r.version_id"
        "  WHERE r.run_id = ? AND v.state = 'present' GROUP BY v.artifact_id)"
        " SELECT a.kind, a.path, a.name, a.versions,"
        " (SELECT count(DISTINCT v.version) FROM version v WHERE v.artifact_id = a.id"
        "   AND v.state = 'present' AND NOT EXISTS"
        "   (SELECT 1 FROM removal r WHERE r.run_id = ? AND r.version_id = v.id))"
        " FROM lost JOIN artifact a ON a.id = lost.artifact_id ORDER BY a.path, a.kind",
        (run, run),
    )
    return [HeldRow(*row) for row in rows]


def skipped_of(db: Database, run: int) -> list[SkippedRow]:
    rows = db.rows(
        "SELECT kind, path, version, reason FROM skipped WHERE run_id = ? ORDER BY id", (run,)
    )
    return [SkippedRow(*row) for row in rows]


def _runs(rows: Iterable[Any]) -> list[RunRow]:
    return [RunRow(**{name: row[name] for name in _FIELDS}) for row in rows]
