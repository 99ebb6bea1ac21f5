"""What changed about one artifact, newest first."""

from __future__ import annotations

from desktop.store.database import Database
from desktop.store.values import ArtifactRow, ChangeRow

MOST = 500


def changes_to(db: Database, artifact: ArtifactRow, limit: int = MOST) -> list[ChangeRow]:
    """Return the newest lines of the ledger on an artifact; reads the ledger of its registry."""
    rows = db.rows(
        "SELECT change, kind, artifact, version, old_digest, new_digest, at, registry_id"
        " FROM change WHERE registry_id = ? AND kind = ? AND artifact = ?"
        " ORDER BY id DESC LIMIT ?",
        (artifact.registry_id, artifact.kind, artifact.path, limit),
    )
    return [ChangeRow(*row) for row in rows]
