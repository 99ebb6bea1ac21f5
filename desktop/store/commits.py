"""Committing what a run found, prefix by prefix, each in one transaction.

What a completed prefix no longer holds is only noted here; it goes when the run ends well
(`desktop.store.runs`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from desktop.store.database import Transaction
from desktop.store.derived import refresh


def _under(column: str, prefix: str) -> str:
    """Return the condition for paths at or under `:prefix`, in a form that an index serves.

    `0` is the character after `/`.
    """
    if not prefix:
        return "1"
    return f"({column} = :prefix OR ({column} > :prefix || '/' AND {column} < :prefix || '0'))"


def commit_prefix(
    tx: Transaction,
    run: int,
    registry: str,
    prefix: str,
    now: float,
    *,
    complete: bool,
    memory: bytes | None = None,
    as_of: str = "",
) -> None:
    """Store what is staged at or under `prefix`, with its changes, search rows and memory.

    With `complete`, what is stored there but was not seen is noted for removal.
    """
    names: dict[str, Any] = {"run": run, "registry": registry, "prefix": prefix, "now": now}
    before = tx.one(
        "SELECT count(*) FROM version v JOIN artifact a ON a.id = v.artifact_id"
        f" WHERE a.registry_id = :registry AND v.state = 'present' AND {_under('a.path', prefix)}",
        names,
    )
    tx.sql("DELETE FROM touched")
    tx.sql("DELETE FROM diff")
    _store_artifacts(tx, names)
    _compare(tx, names)
    _store_versions(tx, names)
    _store_changes(tx, names)
    _withdraw(tx, names)
    _store_documents(tx, names)
    _store_skips(tx, names)
    lost = _note_removals(tx, names) if complete else 0
    refresh(tx)
    if complete:
        tx.sql("DELETE FROM run_prefix WHERE run_id = ? AND prefix = ?", (run, prefix))
        tx.sql(
            "INSERT INTO run_prefix (run_id, prefix, memory, as_of, before, lost)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (run, prefix, memory, as_of, before, lost),
        )
    for table in ("stage", "stage_skip", "stage_document"):
        tx.sql(f"DELETE FROM {table} WHERE run = :run AND {_under('path', names['prefix'])}", names)


def _store_artifacts(tx: Transaction, names: dict[str, Any]) -> None:
    tx.sql(
        "INSERT INTO artifact (registry_id, kind, path, name, display_name, description, keywords,"
        " latest, latest_is_stable, versions, deprecated)"
        " SELECT :registry, kind, path, name, display_name, description, keywords, '', 1, 0, 0"
        " FROM stage WHERE rowid IN (SELECT min(rowid) FROM stage"
        f"   WHERE run = :run AND {_under('path', names['prefix'])} GROUP BY path, kind)"
        " ON CONFLICT (registry_id, kind, path) DO UPDATE SET name = excluded.name,"
        " display_name = excluded.display_name, description = excluded.description,"
        " keywords = excluded.keywords"
        " WHERE name IS NOT excluded.name OR display_name IS NOT excluded.display_name"
        " OR description IS NOT excluded.description OR keywords IS NOT excluded.keywords",
        names,
    )


def _compare(tx: Transaction, names: dict[str, Any]) -> None:
    """Fill `diff` with the staged rows that differ from what is stored.

    The digest of what one pulls decides whether a version moved; where there is none on both
    sides, that of its content does. A content digest that was not known is no change: such a row
    is stored anew, and `change` is empty.
    """
    tx.sql(
        "INSERT INTO diff SELECT s.rowid, a.id, v.id, CASE"
        " WHEN v.id IS NULL THEN 'added' WHEN v.state = 'gone' THEN 'returned'"
        " WHEN v.fingerprint = s.fingerprint THEN ''"
        " WHEN v.digest <> '' AND s.digest <> '' THEN"
        "   CASE WHEN v.digest <> s.digest THEN 'digest-moved' ELSE 'metadata-changed' END"
        " WHEN v.content_digest <> '' AND s.content_digest <> ''"
        "   AND v.content_digest <> s.content_digest THEN 'digest-moved'"
        " ELSE 'metadata-changed' END, ifnull(v.digest, ''), ifnull(v.content_digest, '')"
        " FROM stage s"
        " JOIN artifact a ON a.registry_id = :registry AND a.kind = s.kind AND a.path = s.path"
        " LEFT JOIN version v"
        " ON v.artifact_id = a.id AND v.version = s.version AND v.tag = s.tag"
        f" WHERE s.run = :run AND {_under('s.path', names['prefix'])}"
        " AND (v.id IS NULL OR v.state = 'gone' OR v.fingerprint <> s.fingerprint"
        "   OR v.content_digest <> s.content_digest)",
        names,
    )
    # An artifact whose own words changed is shown anew even if no version of it did.
    tx.sql(
        "INSERT OR IGNORE INTO touched SELECT DISTINCT artifact_id FROM diff"
        " UNION SELECT a.id FROM artifact a JOIN stage s ON s.kind = a.kind AND s.path = a.path"
        " LEFT JOIN search_text t ON t.artifact_id = a.id"
        f" WHERE a.registry_id = :registry AND s.run = :run AND {_under('s.path', names['prefix'])}"
        " AND (t.artifact_id IS NULL OR t.name <> a.name OR t.display_name <> a.display_name"
        " OR t.description <> a.description OR t.keywords <> a.keywords)",
        names,
    )


def _store_versions(tx: Transaction, names: dict[str, Any]) -> None:
    # Documents belong to the bytes: other bytes, other documents.
    moved = "SELECT version_id FROM diff WHERE change IN ('digest-moved', 'returned')"
    tx.sql(f"DELETE FROM document WHERE version_id IN ({moved})")
    tx.sql(f"DELETE FROM document_state WHERE version_id IN ({moved})")
    tx.sql(
        "INSERT INTO version (artifact_id, version, tag, digest, content_digest, size, created,"
        " app_version, deprecated, stable, sort_key, fingerprint, body, state, first_seen)"
        " SELECT d.artifact_id, s.version, s.tag, s.digest, s.content_digest, s.size, s.created,"
        " s.app_version, s.deprecated, s.stable, s.sort_key, s.fingerprint, s.body, 'present', :now"
        " FROM diff d JOIN stage s ON s.rowid = d.stage WHERE true"
        " ON CONFLICT (artifact_id, version, tag) DO UPDATE SET digest = excluded.digest,"
        " content_digest = excluded.content_digest, size = excluded.size,"
        " created = excluded.created, app_version = excluded.app_version,"
        " deprecated = excluded.deprecated, fingerprint = excluded.fingerprint,"
        " body = excluded.body, state = 'present', gone_since = NULL",
        names,
    )


def _withdraw(tx: Transaction, names: dict[str, Any]) -> None:
    """Take back what no longer holds now that these rows are stored."""
    tx.sql(
        "DELETE FROM removal WHERE version_id IN (SELECT v.id FROM stage s"
        " JOIN artifact a ON a.registry_id = :registry AND a.kind = s.kind AND a.path = s.path"
        " JOIN version v ON v.artifact_id = a.id AND v.version = s.version AND v.tag = s.tag"
        f" WHERE s.run = :run AND {_under('s.path', names['prefix'])})",
        names,
    )
    if not tx.one("SELECT EXISTS (SELECT 1 FROM diff)"):
        return
    # Validators vouch for the rows that were stored with them; `as_of` stays for the guard.
    related = (
        "(prefix = '' OR :prefix = '' OR prefix = :prefix"
        " OR substr(:prefix, 1, length(prefix) + 1) = prefix || '/'"
        " OR substr(prefix, 1, length(:prefix) + 1) = :prefix || '/')"
    )
    tx.sql(f"UPDATE memory SET memory = x'80' WHERE registry_id = :registry AND {related}", names)
    tx.sql(
        f"UPDATE run_prefix SET memory = NULL WHERE {related} AND run_id IN"
        " (SELECT id FROM sync_run WHERE registry_id = :registry AND id <> :run)",
        names,
    )


def _store_changes(tx: Transaction, names: dict[str, Any]) -> None:
    by_content = "(d.change = 'digest-moved' AND (d.old_digest = '' OR s.digest = ''))"
    tx.sql(
        "INSERT INTO change (registry_id, run_id, at, change, kind, artifact, version,"
        " old_digest, new_digest)"
        " SELECT :registry, :run, :now, d.change, s.kind, s.path, s.version,"
        f" CASE WHEN d.change = 'added' THEN '' WHEN {by_content} THEN d.old_content"
        f"   ELSE d.old_digest END, iif({by_content}, s.content_digest, s.digest)"
        " FROM diff d JOIN stage s ON s.rowid = d.stage WHERE d.change <> ''",
        names,
    )
    tx.sql(
        "UPDATE sync_run SET"
        " added = added + (SELECT count(*) FROM diff WHERE change IN ('added', 'returned')),"
        " changed = changed + (SELECT count(*) FROM diff"
        "   WHERE change IN ('digest-moved', 'metadata-changed'))"
        " WHERE id = :run",
        names,
    )


def _store_documents(tx: Transaction, names: dict[str, Any]) -> None:
    """Store what came with the listing: it is all that these versions have."""
    under = _under("s.path", names["prefix"])
    found = (
        " FROM stage_document s JOIN artifact a ON a.registry_id = :registry AND a.path = s.path"
        " AND (s.kind = '' OR a.kind = s.kind)"
        " JOIN version v ON v.artifact_id = a.id AND v.version = s.version"
        " AND (s.tag = '' OR v.tag = s.tag)"
        f" WHERE s.run = :run AND {under}"
    )
    tx.sql(f"DELETE FROM document WHERE version_id IN (SELECT v.id{found})", names)
    tx.sql(f"INSERT OR IGNORE INTO content SELECT s.digest, s.text{found}", names)
    stored = tx.sql(
        "INSERT OR REPLACE INTO document (version_id, name, media_type, digest, fetched)"
        f" SELECT v.id, s.name, s.media_type, s.digest, :now{found}",
        names,
    ).rowcount
    tx.sql(
        "INSERT OR REPLACE INTO document_state (version_id, state, reason, code, at)"
        f" SELECT DISTINCT v.id, 'fetched', '', '', :now{found}",
        names,
    )
    tx.sql(
        "UPDATE sync_run SET documents = documents + :stored WHERE id = :run",
        {**names, "stored": stored},
    )
    tx.sql(f"INSERT OR IGNORE INTO touched SELECT a.id{found}", names)


def commit_unchanged(
    tx: Transaction, run: int, registry: str, prefixes: Iterable[tuple[str, bytes]]
) -> None:
    """Note unchanged prefixes with what is remembered of them, for this run's going on later."""
    for prefix, memory in prefixes:
        tx.sql(
            "INSERT OR REPLACE INTO run_prefix (run_id, prefix, memory, as_of, before, lost)"
            " VALUES (?, ?, ?, ifnull((SELECT as_of FROM memory"
            "   WHERE registry_id = ? AND prefix = ?), ''), 0, 0)",
            (run, prefix, memory, registry, prefix),
        )


_LAST_RUN = (
    "SELECT max(id) FROM sync_run WHERE registry_id = :registry AND id <> :run"
    " AND outcome IN ('ok', 'unchanged', 'partial', 'held')"
)


def _store_skips(tx: Transaction, names: dict[str, Any]) -> None:
    """Store the skips of the prefix, marking those that the last run did not have."""
    known = (
        f"EXISTS (SELECT 1 FROM skipped k WHERE k.run_id = ({_LAST_RUN}) AND k.path = s.path"
        " AND k.version = s.version AND k.reason = s.reason)"
    )
    tx.sql(
        "INSERT INTO skipped (run_id, kind, path, version, reason, is_new)"
        f" SELECT :run, s.kind, s.path, s.version, s.reason, NOT {known}"
        f" FROM stage_skip s WHERE s.run = :run AND {_under('s.path', names['prefix'])}",
        names,
    )


def carry_skips(tx: Transaction, run: int, registry: str) -> None:
    """Take over the last run's skips where this run found nothing changed."""
    tx.sql(
        "INSERT INTO skipped (run_id, kind, path, version, reason, is_new)"
        " SELECT :run, s.kind, s.path, s.version, s.reason, 0 FROM skipped s WHERE s.id IN ("
        "   SELECT o.id FROM skipped o JOIN stage_kept k ON k.run = :run AND k.whole"
        f"  WHERE o.run_id = ({_LAST_RUN}) AND (k.path = '' OR o.path = k.path"
        "     OR (o.path > k.path || '/' AND o.path < k.path || '0')))"
        " AND NOT EXISTS (SELECT 1 FROM skipped n WHERE n.run_id = :run AND n.path = s.path"
        "   AND n.version = s.version AND n.reason = s.reason)",
        {"run": run, "registry": registry},
    )


def _note_removals(tx: Transaction, names: dict[str, Any]) -> int:
    """Note what is stored under the prefix but was not seen; what was completed before counts."""
    tx.sql("DELETE FROM spared")
    for table, path, more in (
        ("stage_kept", "k.path", "k.run = :run AND k.version = ''"),
        ("run_prefix", "k.prefix", "k.run_id = :run"),
    ):
        # Three joins instead of one with OR, so that each can use the index on paths.
        for match in (
            f"{path} = ''",
            f"a.path = {path}",
            f"{path} <> '' AND a.path > {path} || '/' AND a.path < {path} || '0'",
        ):
            tx.sql(
                f"INSERT OR IGNORE INTO spared SELECT a.id FROM {table} k CROSS JOIN artifact a"
                f" WHERE a.registry_id = :registry AND {more} AND {match}",
                names,
            )
    under = _under("a.path", names["prefix"])
    tx.sql(
        "INSERT OR IGNORE INTO removal (run_id, version_id)"
        " SELECT :run, v.id FROM artifact a JOIN version v ON v.artifact_id = a.id"
        f" WHERE a.registry_id = :registry AND v.state = 'present' AND {under}"
        " AND a.id NOT IN (SELECT artifact_id FROM spared)"
        " AND NOT EXISTS (SELECT 1 FROM stage s WHERE s.run = :run AND s.path = a.path"
        "   AND s.kind = a.kind AND s.version = v.version AND s.tag = v.tag)"
        " AND NOT EXISTS (SELECT 1 FROM stage_kept k WHERE k.run = :run AND k.path = a.path"
        "   AND k.version = v.version)",
        names,
    )
    lost: int = tx.one(
        "SELECT count(*) FROM removal r JOIN version v ON v.id = r.version_id"
        f" JOIN artifact a ON a.id = v.artifact_id WHERE r.run_id = :run AND {under}",
        names,
    )
    return lost
