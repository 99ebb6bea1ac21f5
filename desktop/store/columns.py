"""The columns that plugins give to kinds of artifacts, and what they show of each artifact.

What is shown of the latest version is kept row by row, so that a list of many artifacts can be
filtered and sorted by it. It follows from the stored facts, and is written wherever those are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from desktop.store.database import Database, Transaction
from registrykit.artifacts import ArtifactKind, Column, column_values

Columns = Mapping[str, tuple[str, ...]]
"""What the columns of a kind show of one version, by the key of the column."""
_BATCH = 1_000


class _Body(msgspec.Struct):
    facts: dict[str, msgspec.Raw] = {}


_decode = msgspec.json.Decoder(_Body).decode


def values(body: bytes, app_version: str, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what columns show of a version; those that show nothing are left out."""
    facts = _decode(body).facts
    found = {}
    for key in keys:
        raw = facts.get(key)
        fact = msgspec.json.decode(raw) if raw is not None else None
        if fact is None and key == "app_version":
            fact = app_version
        if shown := column_values(fact):
            found[key] = shown
    return found


def of_kinds(db: Database) -> dict[str, tuple[Column, ...]]:
    """Return the columns of every kind that a plugin ever offered, in their order."""
    return _by_kind(db.rows(_COLUMNS))


_COLUMNS = "SELECT kind, key, title, facet FROM kind_column ORDER BY distribution, kind, place"


def _by_kind(rows: Iterable[Any]) -> dict[str, tuple[Column, ...]]:
    found: dict[str, dict[str, Column]] = {}
    for kind, key, title, facet in rows:
        found.setdefault(kind, {}).setdefault(key, Column(key, title, bool(facet)))
    return {kind: tuple(columns.values()) for kind, columns in found.items()}


def remember(tx: Transaction, distribution: str, kinds: Iterable[ArtifactKind]) -> None:
    """Keep the columns that a plugin gives to its kinds; what they show is worked out anew."""
    before = _by_kind(tx.sql(_COLUMNS))
    tx.sql("DELETE FROM kind_column WHERE distribution = ?", (distribution,))
    rows = [
        (distribution, kind.id, column.key, place, column.title, column.facet)
        for kind in kinds
        for place, column in enumerate(kind.columns)
    ]
    if rows:
        tx.sql(
            "INSERT OR IGNORE INTO kind_column (distribution, kind, key, place, title, facet)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
    after = _by_kind(tx.sql(_COLUMNS))
    changed = [
        kind
        for kind in before.keys() | after.keys()
        if {one.key for one in before.get(kind, ())} != {one.key for one in after.get(kind, ())}
    ]
    tx.sql("DELETE FROM touched")
    tx.sql(
        "INSERT INTO touched SELECT id FROM artifact"
        " WHERE kind IN (SELECT value FROM json_each(?))",
        (json.dumps(changed),),
    )
    refresh(tx)


def refresh(tx: Transaction) -> None:
    """Write anew what the columns show of the artifacts in `touched`."""
    tx.sql("DELETE FROM artifact_facet WHERE artifact_id IN (SELECT artifact_id FROM touched)")
    keys = {
        kind: [column.key for column in columns]
        for kind, columns in _by_kind(tx.sql(_COLUMNS)).items()
    }
    if not keys:
        return
    read = tx.sql(
        "SELECT v.body, v.app_version, a.id, a.registry_id, a.kind, a.deprecated, a.versions"
        " FROM touched t"
        " CROSS JOIN artifact a ON a.id = t.artifact_id JOIN version v ON v.id = a.latest_id"
        " WHERE a.kind IN (SELECT kind FROM kind_column)"
    )
    while rows := read.fetchmany(_BATCH):
        shown = [
            (key, place, value, *artifact)
            for body, app_version, *artifact in rows
            for key, found in values(body, app_version, keys[artifact[2]]).items()
            for place, value in enumerate(found)
        ]
        if shown:
            tx.sql(
                "INSERT INTO artifact_facet (key, place, value, artifact_id, registry_id, kind,"
                " deprecated, versions) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                shown,
            )


# What a list shows


def of_artifacts(db: Database, ids: Iterable[int]) -> dict[int, Columns]:
    """Return what the columns show of the latest version of these artifacts, by their ids."""
    rows = db.rows(
        "SELECT artifact_id, key, value FROM artifact_facet"
        " WHERE artifact_id IN (SELECT value FROM json_each(?)) ORDER BY artifact_id, key, place",
        (json.dumps(list(ids)),),
    )
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for artifact, key, value in rows:
        shown = found.setdefault(artifact, {})
        shown[key] = (*shown.get(key, ()), value)
    return dict(found)


def of_versions(db: Database, ids: Iterable[int]) -> dict[int, Columns]:
    """Return what the columns show of these versions, by their ids."""
    kinds = of_kinds(db)
    rows = db.rows(
        "SELECT v.id, a.kind, v.app_version, v.body FROM version v"
        " JOIN artifact a ON a.id = v.artifact_id"
        " WHERE v.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {
        row[0]: values(row[3], row[2], [column.key for column in kinds.get(row[1], ())])
        for row in rows
    }
