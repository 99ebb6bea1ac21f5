"""Rows by their ids, for tables that hold ids only and read what is on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from desktop.store.catalog import artifact_row
from desktop.store.database import Database
from desktop.store.values import ArtifactRow, VersionRow

_ARTIFACT = (
    "SELECT a.id, a.registry_id, r.name, a.kind, a.path, a.name, a.display_name, a.description,"
    " a.keywords, a.latest, a.latest_id, a.latest_is_stable, a.versions, a.deprecated"
    " FROM artifact a JOIN registry r ON r.id = a.registry_id"
)
PRERELEASE = "(v.stable = 0 AND v.sort_key >= x'01')"
"""Keys of what is SemVer begin with 1 (`registrykit.versions`): other tags are no pre-releases."""
_LINE = (
    "SELECT v.id, v.artifact_id, a.registry_id, r.name, a.kind, a.path, a.name, a.display_name,"
    " v.version, v.tag, v.app_version, v.created, v.digest, v.size, v.deprecated, v.stable,"
    f" {PRERELEASE}, v.state, v.first_seen, v.gone_since FROM version v"
    " CROSS JOIN artifact a ON a.id = v.artifact_id CROSS JOIN registry r ON r.id = a.registry_id"
)
_VERSION = tuple(VersionRow.__dataclass_fields__)


@dataclass(frozen=True)
class VersionLine:
    """A version in a list; `state` is `present` or `gone`, times are seconds since the epoch."""

    id: int
    artifact_id: int
    registry_id: str
    registry: str
    kind: str
    path: str
    name: str
    display_name: str
    version: str
    tag: str
    app_version: str
    created: str
    digest: str
    size: int | None
    deprecated: bool
    stable: bool
    prerelease: bool
    state: str
    first_seen: float
    gone_since: float | None


_FLAGS = tuple(
    place
    for place, name in enumerate(VersionLine.__dataclass_fields__)
    if name in ("deprecated", "stable", "prerelease")
)


def artifact_rows(db: Database, ids: Iterable[int]) -> list[ArtifactRow]:
    """Return artifacts in the order asked; those that are no more are left out."""
    wanted = list(ids)
    rows = {row[0]: row for row in _by_id(db, f"{_ARTIFACT} WHERE a.id", wanted)}
    return [artifact_row(rows[place]) for place in wanted if place in rows]


def version_rows(db: Database, ids: Iterable[int]) -> list[VersionLine]:
    """Return versions in the order asked; those that are no more are left out."""
    wanted = list(ids)
    rows = {row[0]: row for row in _by_id(db, f"{_LINE} WHERE v.id", wanted)}
    return [_line(rows[place]) for place in wanted if place in rows]


def artifact(db: Database, artifact_id: int) -> ArtifactRow | None:
    return next(iter(artifact_rows(db, [artifact_id])), None)


def version_summaries(db: Database, artifact_id: int) -> list[VersionLine]:
    """Return all versions of an artifact, newest first, those that are gone among them."""
    rows = db.rows(
        f"{_LINE} WHERE v.artifact_id = ? ORDER BY v.sort_key DESC, v.id", (artifact_id,)
    )
    return [_line(row) for row in rows]


def version(db: Database, version_id: int) -> VersionRow | None:
    """Return a version with everything that the source said of it."""
    row = db.row(f"SELECT {', '.join(_VERSION)} FROM version WHERE id = ?", (version_id,))
    if row is None:
        return None
    values = {name: row[name] for name in _VERSION}
    for name in ("deprecated", "stable"):
        values[name] = bool(values[name])
    values["body"] = msgspec.json.decode(values["body"])
    return VersionRow(**values)


def _by_id(db: Database, statement: str, ids: list[int]) -> list[Any]:
    return db.rows(f"{statement} IN (SELECT value FROM json_each(?))", (json.dumps(ids),))


def _line(row: Any) -> VersionLine:
    values = list(row)
    for place in _FLAGS:
        values[place] = bool(values[place])
    return VersionLine(*values)
