"""What the registries hold, read back: artifacts, versions, documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from desktop.store import derived, staging
from desktop.store.database import Database, Transaction
from desktop.store.values import ArtifactRow, DocumentRow, VersionRow
from registrykit.artifacts import Artifact, Dependency, Version
from registrykit.events import Document

_ARTIFACT = (
    "SELECT a.id, a.registry_id, r.name AS registry, a.kind, a.path, a.name, a.display_name,"
    " a.description, a.keywords, a.latest, a.latest_id, a.latest_is_stable, a.versions,"
    " a.deprecated FROM artifact a JOIN registry r ON r.id = a.registry_id"
)


def artifact_row(row: Any) -> ArtifactRow:
    return ArtifactRow(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        tuple(msgspec.json.decode(row[8], type=list[str])),
        row[9],
        row[10],
        bool(row[11]),
        row[12],
        bool(row[13]),
    )


def list_artifacts(
    db: Database, registry: str, *, kind: str = "", limit: int = -1, offset: int = 0
) -> tuple[int, list[ArtifactRow]]:
    """Return how many artifacts the registry holds now, and a page of them by name."""
    where = " WHERE a.registry_id = :registry AND a.versions > 0" + (
        " AND a.kind = :kind" if kind else ""
    )
    names = {"registry": registry, "kind": kind, "limit": limit, "offset": offset}
    total = db.rows(f"SELECT count(*) FROM artifact a{where}", names)[0][0]
    rows = db.rows(
        f"{_ARTIFACT}{where} ORDER BY a.name COLLATE NOCASE, a.path, a.kind"
        " LIMIT :limit OFFSET :offset",
        names,
    )
    return total, [artifact_row(row) for row in rows]


def has_kind(db: Database, kind: str) -> bool:
    """Say whether an artifact of this kind was ever listed."""
    return db.row("SELECT 1 FROM artifact WHERE kind = ? LIMIT 1", (kind,)) is not None


def find_artifacts(db: Database, registry: str, name: str, *, kind: str = "") -> list[ArtifactRow]:
    """Return the artifacts that a path or name means; exact spelling wins over other case."""
    rows = [
        artifact_row(row)
        for row in db.rows(
            f"{_ARTIFACT} WHERE a.registry_id = :registry"
            " AND (a.path = :name COLLATE NOCASE OR a.name = :name COLLATE NOCASE)"
            " AND (:kind = '' OR a.kind = :kind) ORDER BY a.versions = 0, a.path",
            {"registry": registry, "name": name, "kind": kind},
        )
    ]
    for exact in (
        [row for row in rows if row.path == name],
        [row for row in rows if row.name == name],
    ):
        if exact:
            return exact
    return rows


def versions_of(db: Database, artifact: int) -> list[VersionRow]:
    """Return all versions, newest first, those that are gone among them."""
    rows = db.rows(
        "SELECT id, version, tag, digest, size, created, app_version, deprecated, stable, state,"
        " first_seen, gone_since, body, content_digest FROM version WHERE artifact_id = ?"
        " ORDER BY sort_key DESC, id",
        (artifact,),
    )
    return [
        VersionRow(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            row[6],
            bool(row[7]),
            bool(row[8]),
            row[9],
            row[10],
            row[11],
            msgspec.json.decode(row[12]),
            row[13],
        )
        for row in rows
    ]


def documents_of(db: Database, version: int) -> list[DocumentRow]:
    rows = db.rows(
        "SELECT d.name, d.media_type, d.digest, d.fetched, c.text FROM document d"
        " JOIN content c ON c.digest = d.digest WHERE d.version_id = ? ORDER BY d.name",
        (version,),
    )
    return [DocumentRow(*row) for row in rows]


def document_state(db: Database, version: int) -> tuple[str, str, str] | None:
    """Return state (`fetched` or `missing`), reason and code; None where it was never tried."""
    row = db.row("SELECT state, reason, code FROM document_state WHERE version_id = ?", (version,))
    return None if row is None else (row[0], row[1], row[2])


def as_events(artifact: ArtifactRow, version: VersionRow) -> tuple[Artifact, Version]:
    """Return the stored rows in the shape in which a plugin once yielded them."""
    body = version.body
    return (
        Artifact(
            artifact.kind,
            artifact.path,
            artifact.name,
            artifact.display_name,
            artifact.description,
            artifact.keywords,
        ),
        Version(
            version=version.version,
            tag=version.tag,
            digest=version.digest,
            size=version.size,
            created=version.created,
            app_version=version.app_version,
            description=body["description"],
            deprecated=version.deprecated,
            urls=tuple(body["urls"]),
            dependencies=tuple(
                msgspec.convert(entry, Dependency) for entry in body["dependencies"]
            ),
            facts=body["facts"],
            content_digest=version.content_digest,
        ),
    )


@dataclass(frozen=True)
class Wanted:
    """A version whose documents are to be fetched."""

    version_id: int
    artifact: Artifact
    version: Version


def wanted_documents(
    db: Database, registry: str, policy: str, *, retry_missing: bool
) -> list[Wanted]:
    """Return the versions whose documents the policy wants and that are not here.

    Those that could not be fetched before are among them only with `retry_missing`.
    """
    if policy == "on-demand":
        return []
    latest = " AND v.id = a.latest_id" if policy == "latest" else ""
    missing = "s.version_id IS NULL" + (" OR s.state = 'missing'" if retry_missing else "")
    rows = db.rows(
        "SELECT a.id, v.id FROM artifact a JOIN version v ON v.artifact_id = a.id"
        " LEFT JOIN document_state s ON s.version_id = v.id"
        f" WHERE a.registry_id = ? AND v.state = 'present'{latest} AND ({missing})"
        " ORDER BY a.name, v.sort_key DESC",
        (registry,),
    )
    wanted: list[Wanted] = []
    place, versions = -1, dict[int, VersionRow]()
    for artifact_id, version_id in rows:
        if artifact_id != place:
            found = db.row(f"{_ARTIFACT} WHERE a.id = ?", (artifact_id,))
            artifact = artifact_row(found)
            versions = {row.id: row for row in versions_of(db, artifact_id)}
            place = artifact_id
        wanted.append(Wanted(version_id, *as_events(artifact, versions[version_id])))
    return wanted


def missing_count(db: Database, registry: str, policy: str) -> int:
    """Return for how many versions the policy wants documents that could not be fetched."""
    if policy == "on-demand":
        return 0
    latest = " AND v.id = a.latest_id" if policy == "latest" else ""
    found: int = db.rows(
        "SELECT count(*) FROM document_state s JOIN version v ON v.id = s.version_id"
        " JOIN artifact a ON a.id = v.artifact_id WHERE a.registry_id = ?"
        f" AND s.state = 'missing' AND v.state = 'present'{latest}",
        (registry,),
    )[0][0]
    return found


def document_bytes(db: Database, registry: str) -> int:
    """Return how many bytes of documents are kept of a registry."""
    found: int = db.rows(
        "SELECT ifnull(sum(length(CAST(c.text AS BLOB))), 0) FROM content c WHERE c.digest IN"
        " (SELECT d.digest FROM document d JOIN version v ON v.id = d.version_id"
        "  JOIN artifact a ON a.id = v.artifact_id WHERE a.registry_id = ?)",
        (registry,),
    )[0][0]
    return found


def store_documents(
    tx: Transaction, version_id: int, documents: Iterable[Document], now: float
) -> None:
    """Keep the documents of a version, all that it has, and make its README searchable."""
    tx.sql("DELETE FROM document WHERE version_id = ?", (version_id,))
    for document in documents:
        digest = staging.digest_of(document.text)
        tx.sql("INSERT OR IGNORE INTO content VALUES (?, ?)", (digest, document.text))
        tx.sql(
            "INSERT OR REPLACE INTO document (version_id, name, media_type, digest, fetched)"
            " VALUES (?, ?, ?, ?, ?)",
            (version_id, document.name, document.media_type, digest, now),
        )
    tx.sql(
        "INSERT OR REPLACE INTO document_state (version_id, state, reason, code, at)"
        " VALUES (?, 'fetched', '', '', ?)",
        (version_id, now),
    )
    tx.sql("DELETE FROM touched")
    tx.sql("INSERT INTO touched SELECT a.id FROM artifact a WHERE a.latest_id = ?", (version_id,))
    derived.refresh_search(tx)


def store_missing(tx: Transaction, version_id: int, reason: str, code: str, now: float) -> None:
    """Note that the documents of a version could not be fetched; what is here stays."""
    tx.sql(
        "INSERT INTO document_state (version_id, state, reason, code, at)"
        " VALUES (?, 'missing', ?, ?, ?) ON CONFLICT (version_id) DO UPDATE SET"
        " reason = excluded.reason, code = excluded.code, at = excluded.at,"
        " state = CASE state WHEN 'fetched' THEN state ELSE 'missing' END",
        (version_id, reason, code, now),
    )


def drop_unused_content(tx: Transaction) -> None:
    tx.sql("DELETE FROM content WHERE digest NOT IN (SELECT digest FROM document)")
