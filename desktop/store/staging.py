"""Storing what a run found: rows are staged in scratch tables and committed prefix by prefix.

The scratch tables live in a temporary file that ends with the program, so a kill leaves a prefix
as it was. What a completed prefix no longer holds is only noted here; it goes when the run ends
well (`desktop.store.runs`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from desktop.store.database import Transaction
from registrykit.artifacts import Artifact, Version
from registrykit.events import Document, Found, Skip
from registrykit.versions import is_prerelease, is_semver, sort_key

_encode = msgspec.json.Encoder(order="deterministic").encode
_ESCAPED_SPACE = (rb"\n", rb"\r", rb"\t")

_STAGE = f"INSERT OR IGNORE INTO stage VALUES ({', '.join('?' * 18)})"
_UNDER = "(:prefix = '' OR path = :prefix OR (path > :prefix || '/' AND path < :prefix || '0'))"


def body_of(version: Version) -> bytes:
    """Return what has no column of its own as JSON with sorted keys."""
    return _encode(
        {
            "description": version.description,
            "urls": version.urls,
            "dependencies": version.dependencies,
            "facts": version.facts,
        }
    )


def fingerprint(version: Version, body: bytes) -> bytes:
    """Return a hash of everything that counts as a change; not `created`, order, white space."""
    for escape in _ESCAPED_SPACE:
        body = body.replace(escape, b" ")
    body = b" ".join(body.split())
    head = f"{version.digest}\0{version.app_version}\0{version.deprecated}\0{version.size}\0"
    return hashlib.blake2b(head.encode() + body, digest_size=16).digest()


def _row(run: int, artifact: Artifact, keywords: bytes, version: Version) -> tuple[Any, ...]:
    body = body_of(version)
    return (
        run,
        artifact.kind,
        artifact.path,
        artifact.shown_name,
        artifact.display_name,
        artifact.description,
        keywords.decode(),
        version.version,
        version.wire_tag,
        version.digest,
        version.size,
        version.created,
        version.app_version,
        version.deprecated,
        is_semver(version.version) and not is_prerelease(version.version),
        sort_key(version.version),
        fingerprint(version, body),
        body,
    )


def stage(tx: Transaction, run: int, found: Iterable[Found]) -> None:
    """Stage versions; of one that is listed twice the first stands."""
    rows: list[tuple[Any, ...]] = []
    artifact: Artifact | None = None
    keywords = b"[]"
    for event in found:
        if event.artifact is not artifact:
            artifact = event.artifact
            keywords = _encode(artifact.keywords)
        rows.append(_row(run, event.artifact, keywords, event.version))
    if not rows:
        return
    inserted = tx.sql(_STAGE, rows).rowcount
    if inserted < len(rows):
        _note_twice(tx, run, rows)


def _note_twice(tx: Transaction, run: int, rows: list[tuple[Any, ...]]) -> None:
    noted: set[tuple[str, str]] = set()
    for row in rows:
        kind, path, version, tag, digest = row[1], row[2], row[7], row[8], row[9]
        first = tx.one(
            "SELECT digest FROM stage"
            " WHERE run = ? AND path = ? AND kind = ? AND version = ? AND tag = ?",
            (run, path, kind, version, tag),
        )
        if first != digest and (path, version) not in noted:
            noted.add((path, version))
            tx.sql(
                "INSERT INTO stage_skip VALUES (?, ?, ?, ?, 'listed-twice')",
                (run, kind, path, version),
            )


def stage_skips(tx: Transaction, run: int, skips: Iterable[Skip]) -> None:
    for skip in skips:
        ref = skip.ref
        tx.sql(
            "INSERT INTO stage_skip VALUES (?, ?, ?, ?, ?)",
            (run, ref.kind, ref.path, ref.version, skip.reason),
        )
        tx.sql("INSERT INTO stage_kept VALUES (?, ?, ?, ?)", (run, ref.path, ref.version, False))


def stage_documents(tx: Transaction, run: int, documents: Iterable[Document]) -> None:
    for document in documents:
        ref = document.ref
        tx.sql(
            "INSERT INTO stage_document VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run,
                ref.kind,
                ref.path,
                ref.version,
                document.name,
                document.media_type,
                digest_of(document.text),
                document.text,
            ),
        )


def keep_prefix(tx: Transaction, run: int, prefix: str) -> None:
    """Everything at or under `prefix` counts as seen."""
    tx.sql("INSERT INTO stage_kept VALUES (?, ?, '', ?)", (run, prefix, True))


def digest_of(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def drop_stage(tx: Transaction, run: int) -> None:
    for table in ("stage", "stage_kept", "stage_skip", "stage_document"):
        tx.sql(f"DELETE FROM {table} WHERE run = ?", (run,))


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
    names = {"run": run, "registry": registry, "prefix": prefix, "now": now}
    before = tx.one(
        "SELECT count(*) FROM version v JOIN artifact a ON a.id = v.artifact_id"
        f" WHERE a.registry_id = :registry AND v.state = 'present' AND {_UNDER}",
        names,
    )
    tx.sql("DELETE FROM touched")
    tx.sql("DELETE FROM diff")
    _store_artifacts(tx, names)
    _compare(tx, names)
    _store_versions(tx, names)
    _store_changes(tx, names)
    _store_documents(tx, names)
    _store_skips(tx, names)
    _carry_skips(tx, names)
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
        tx.sql(f"DELETE FROM {table} WHERE run = :run AND {_UNDER}", names)


def _store_artifacts(tx: Transaction, names: dict[str, Any]) -> None:
    tx.sql(
        "INSERT INTO artifact (registry_id, kind, path, name, display_name, description, keywords,"
        " latest, latest_is_stable, versions, deprecated)"
        " SELECT :registry, kind, path, name, display_name, description, keywords, '', 1, 0, 0"
        " FROM stage WHERE rowid IN (SELECT min(rowid) FROM stage"
        f"   WHERE run = :run AND {_UNDER} GROUP BY path, kind)"
        " ON CONFLICT (registry_id, kind, path) DO UPDATE SET name = excluded.name,"
        " display_name = excluded.display_name, description = excluded.description,"
        " keywords = excluded.keywords"
        " WHERE name IS NOT excluded.name OR display_name IS NOT excluded.display_name"
        " OR description IS NOT excluded.description OR keywords IS NOT excluded.keywords",
        names,
    )


def _compare(tx: Transaction, names: dict[str, Any]) -> None:
    """Fill `diff` with the staged rows that differ from what is stored."""
    tx.sql(
        "INSERT INTO diff SELECT s.rowid, a.id, v.id, CASE"
        " WHEN v.id IS NULL THEN 'added' WHEN v.state = 'gone' THEN 'returned'"
        " WHEN v.digest <> '' AND s.digest <> '' AND v.digest <> s.digest THEN 'digest-moved'"
        " ELSE 'metadata-changed' END, ifnull(v.digest, '')"
        " FROM stage s"
        " JOIN artifact a ON a.registry_id = :registry AND a.kind = s.kind AND a.path = s.path"
        " LEFT JOIN version v"
        " ON v.artifact_id = a.id AND v.version = s.version AND v.tag = s.tag"
        f" WHERE s.run = :run AND {_UNDER.replace('path', 's.path')}"
        " AND (v.id IS NULL OR v.state = 'gone' OR v.fingerprint <> s.fingerprint)",
        names,
    )
    # An artifact whose own words changed is shown anew even if no version of it did.
    tx.sql(
        "INSERT OR IGNORE INTO touched SELECT DISTINCT artifact_id FROM diff"
        " UNION SELECT a.id FROM artifact a JOIN stage s ON s.kind = a.kind AND s.path = a.path"
        " LEFT JOIN search_text t ON t.artifact_id = a.id"
        f" WHERE a.registry_id = :registry AND s.run = :run AND {_UNDER.replace('path', 's.path')}"
        " AND (t.artifact_id IS NULL OR t.name <> a.name OR t.display_name <> a.display_name"
        " OR t.description <> a.description)",
        names,
    )


def _store_versions(tx: Transaction, names: dict[str, Any]) -> None:
    # Documents belong to the bytes: other bytes, other documents.
    moved = "SELECT version_id FROM diff WHERE change IN ('digest-moved', 'returned')"
    tx.sql(f"DELETE FROM document WHERE version_id IN ({moved})")
    tx.sql(f"DELETE FROM document_state WHERE version_id IN ({moved})")
    tx.sql(
        "INSERT INTO version (artifact_id, version, tag, digest, size, created, app_version,"
        " deprecated, stable, sort_key, fingerprint, body, state, first_seen)"
        " SELECT d.artifact_id, s.version, s.tag, s.digest, s.size, s.created, s.app_version,"
        " s.deprecated, s.stable, s.sort_key, s.fingerprint, s.body, 'present', :now"
        " FROM diff d JOIN stage s ON s.rowid = d.stage WHERE true"
        " ON CONFLICT (artifact_id, version, tag) DO UPDATE SET digest = excluded.digest,"
        " size = excluded.size, created = excluded.created, app_version = excluded.app_version,"
        " deprecated = excluded.deprecated, fingerprint = excluded.fingerprint,"
        " body = excluded.body, state = 'present', gone_since = NULL",
        names,
    )


def _store_changes(tx: Transaction, names: dict[str, Any]) -> None:
    tx.sql(
        "INSERT INTO change (registry_id, run_id, at, change, kind, artifact, version,"
        " old_digest, new_digest)"
        " SELECT :registry, :run, :now, d.change, s.kind, s.path, s.version,"
        " CASE d.change WHEN 'added' THEN '' ELSE d.old_digest END, s.digest"
        " FROM diff d JOIN stage s ON s.rowid = d.stage",
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
    under = _UNDER.replace("path", "s.path")
    found = (
        " FROM stage_document s JOIN artifact a ON a.registry_id = :registry AND a.path = s.path"
        " AND (s.kind = '' OR a.kind = s.kind)"
        " JOIN version v ON v.artifact_id = a.id AND v.version = s.version"
        f" WHERE s.run = :run AND {under}"
    )
    tx.sql(f"INSERT OR IGNORE INTO content SELECT s.digest, s.text{found}", names)
    tx.sql(
        "INSERT OR REPLACE INTO document (version_id, name, media_type, digest, fetched)"
        f" SELECT v.id, s.name, s.media_type, s.digest, :now{found}",
        names,
    )
    tx.sql(f"INSERT OR IGNORE INTO touched SELECT a.id{found}", names)


def commit_unchanged(
    tx: Transaction, run: int, registry: str, prefixes: Iterable[tuple[str, bytes | None]]
) -> None:
    """Note prefixes, with what is remembered of them, as seen and unchanged."""
    for prefix, memory in prefixes:
        keep_prefix(tx, run, prefix)
        tx.sql(
            "INSERT OR REPLACE INTO run_prefix (run_id, prefix, memory, as_of, before, lost)"
            " VALUES (?, ?, ?, ifnull((SELECT as_of FROM memory"
            "   WHERE registry_id = ? AND prefix = ?), ''), 0, 0)",
            (run, prefix, memory, registry, prefix),
        )
    _carry_skips(tx, {"run": run, "registry": registry, "prefix": ""})


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
        f" FROM stage_skip s WHERE s.run = :run AND {_UNDER.replace('path', 's.path')}",
        names,
    )


def _carry_skips(tx: Transaction, names: dict[str, Any]) -> None:
    """Take over the last run's skips where this run found nothing changed."""
    tx.sql(
        "INSERT INTO skipped (run_id, kind, path, version, reason, is_new)"
        " SELECT :run, s.kind, s.path, s.version, s.reason, 0 FROM skipped s"
        f" WHERE s.run_id = ({_LAST_RUN}) AND {_UNDER.replace('path', 's.path')}"
        " AND EXISTS (SELECT 1 FROM stage_kept k WHERE k.run = :run AND k.whole"
        " AND (k.path = '' OR s.path = k.path"
        "   OR (s.path > k.path || '/' AND s.path < k.path || '0')))"
        " AND NOT EXISTS (SELECT 1 FROM skipped n WHERE n.run_id = :run AND n.path = s.path"
        "   AND n.version = s.version AND n.reason = s.reason)",
        names,
    )


def _note_removals(tx: Transaction, names: dict[str, Any]) -> int:
    """Note what is stored under the prefix but was not seen; what was completed before counts."""
    kept = (
        "SELECT 1 FROM stage_kept k WHERE k.run = :run AND (k.path = '' OR a.path = k.path"
        " OR (a.path > k.path || '/' AND a.path < k.path || '0'))"
        " AND (k.version = '' OR k.version = v.version)"
    )
    done = (
        "SELECT 1 FROM run_prefix p WHERE p.run_id = :run AND (p.prefix = '' OR a.path = p.prefix"
        " OR (a.path > p.prefix || '/' AND a.path < p.prefix || '0'))"
    )
    tx.sql(
        "INSERT OR IGNORE INTO removal (run_id, version_id)"
        " SELECT :run, v.id FROM version v JOIN artifact a ON a.id = v.artifact_id"
        f" WHERE a.registry_id = :registry AND v.state = 'present'"
        f" AND {_UNDER.replace('path', 'a.path')}"
        " AND NOT EXISTS (SELECT 1 FROM stage s WHERE s.run = :run AND s.path = a.path"
        "   AND s.kind = a.kind AND s.version = v.version AND s.tag = v.tag)"
        f" AND NOT EXISTS ({kept}) AND NOT EXISTS ({done})",
        names,
    )
    lost: int = tx.one(
        "SELECT count(*) FROM removal r JOIN version v ON v.id = r.version_id"
        " JOIN artifact a ON a.id = v.artifact_id"
        f" WHERE r.run_id = :run AND {_UNDER.replace('path', 'a.path')}",
        names,
    )
    return lost


def refresh(tx: Transaction) -> None:
    """Work out again what is derived, for the artifacts in `touched`, and their search rows."""
    tx.sql(
        "UPDATE artifact SET (versions, latest, latest_id, latest_is_stable, deprecated) ="
        " (SELECT n, version, id, stable, deprecated FROM ("
        "   SELECT v.id, v.version, v.stable, v.deprecated, count(*) FILTER"
        "     (WHERE v.state = 'present') OVER () AS n"
        "   FROM version v WHERE v.artifact_id = artifact.id"
        "   ORDER BY v.state = 'present' DESC, v.stable DESC, v.sort_key DESC, v.id LIMIT 1))"
        " WHERE id IN (SELECT artifact_id FROM touched)"
    )
    tx.sql(
        "INSERT INTO search (search, rowid, name, display_name, description, keywords, readme)"
        " SELECT 'delete', artifact_id, name, display_name, description, keywords, readme"
        " FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)"
    )
    tx.sql("DELETE FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)")
    tx.sql(
        "INSERT INTO search_text (artifact_id, name, display_name, description, keywords, readme)"
        " SELECT a.id, a.name, a.display_name, a.description, a.keywords,"
        " ifnull((SELECT c.text FROM document d JOIN content c ON c.digest = d.digest"
        "   WHERE d.version_id = a.latest_id AND d.name = 'readme'), '')"
        " FROM artifact a JOIN registry r ON r.id = a.registry_id"
        " WHERE a.id IN (SELECT artifact_id FROM touched) AND a.versions > 0"
    )
    tx.sql(
        "INSERT INTO search (rowid, name, display_name, description, keywords, readme)"
        " SELECT artifact_id, name, display_name, description, keywords, readme"
        " FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)"
    )
