"""Versions of the same name, wherever they are: found by the index on names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from desktop.store.database import Database
from desktop.store.values import ArtifactRow

MOST = 100
_STATEMENT = (
    "SELECT r.id, r.name, a.id, a.path, v.id, v.version, v.tag, v.digest, v.content_digest,"
    " v.body FROM artifact a INDEXED BY ix_artifact_name"
    " CROSS JOIN version v ON v.artifact_id = a.id AND v.version = :version"
    " CROSS JOIN registry r ON r.id = a.registry_id"
    " WHERE a.name = :name COLLATE NOCASE AND a.kind = :kind AND a.id <> :artifact"
    " AND v.state = 'present' AND r.removed_at IS NULL AND r.environment_id = :environment"
    " ORDER BY r.name COLLATE NOCASE, a.path, v.tag LIMIT :most"
)


@dataclass(frozen=True)
class VersionElsewhere:
    """A version of another artifact; `facts` are those of its source."""

    registry_id: str
    registry: str
    artifact_id: int
    path: str
    version_id: int
    version: str
    tag: str
    digest: str
    content_digest: str
    facts: dict[str, Any]


def versions_elsewhere(
    db: Database, environment: str, artifact: ArtifactRow, version: str
) -> list[VersionElsewhere]:
    """Return this version of all other artifacts of that name and kind in an environment.

    Those that are gone and what was removed are left out.
    """
    rows = db.rows(
        _STATEMENT,
        {
            "name": artifact.name,
            "kind": artifact.kind,
            "artifact": artifact.id,
            "version": version,
            "environment": environment,
            "most": MOST,
        },
    )
    found = ((*row[:9], msgspec.json.decode(row[9])["facts"]) for row in rows)
    return [VersionElsewhere(*values) for values in found]
