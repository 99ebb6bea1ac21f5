"""What sources declare of the latest versions, read from their facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from desktop.store.database import Database

# As JSON, so that a text is not taken for what it spells.
_FACT = "json_quote(json_extract(CAST(v.body AS TEXT), '$.facts.' || :fact))"


def of_artifacts(db: Database, artifacts: Sequence[int], fact: str) -> dict[int, Any]:
    """Return a fact of the latest version of each artifact, by the artifact's id."""
    rows = db.rows(
        f"SELECT a.id, {_FACT} FROM artifact a JOIN version v ON v.id = a.latest_id"
        " WHERE a.id IN (SELECT value FROM json_each(:artifacts))",
        {"fact": fact, "artifacts": msgspec.json.encode(artifacts).decode()},
    )
    return {row[0]: msgspec.json.decode(row[1]) for row in rows}


def of_registry(db: Database, registry: str, kind: str, fact: str) -> list[Any]:
    """Return a fact of the latest version of every artifact of a kind, None where it has none."""
    rows = db.rows(
        f"SELECT {_FACT} FROM artifact a JOIN version v ON v.id = a.latest_id"
        " WHERE a.registry_id = :registry AND a.kind = :kind AND a.versions > 0",
        {"fact": fact, "registry": registry, "kind": kind},
    )
    return [msgspec.json.decode(row[0]) for row in rows]
