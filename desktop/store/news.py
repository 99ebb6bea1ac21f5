"""What changed upstream, run by run, newest first; within a run one line for each artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from desktop.store.database import Database

MOST_LINES = 12
"""How many artifacts of a run are told one by one."""


@dataclass(frozen=True)
class Line:
    """One kind of change of one artifact in a run; `version` is one of those that it concerns.

    `artifact_id` is None where the artifact is no longer stored.
    """

    change: str
    kind: str
    artifact: str
    artifact_id: int | None
    versions: int
    version: str
    old_digest: str
    new_digest: str


@dataclass(frozen=True)
class RunNews:
    """What one run changed; `lines` are the first of `artifacts`, counts are by kind of change."""

    run_id: int
    registry_id: str
    registry: str
    at: float
    counts: dict[str, int] = field(default_factory=dict)
    artifacts: int = 0
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """Which changes are asked for; empty means all. `text` is part of an artifact's path."""

    registries: tuple[str, ...]
    changes: tuple[str, ...] = ()
    text: str = ""
    since: float | None = None


def news(
    db: Database, wanted: Wanted, *, before: int | None = None, limit: int = 20
) -> list[RunNews]:
    """Return the newest runs that changed something, those with a number below `before`."""
    if not wanted.registries:
        return []
    condition, names = _condition(wanted)
    chosen = ", ".join(f":r{place}" for place in range(len(wanted.registries)))
    names |= {f"r{place}": key for place, key in enumerate(wanted.registries)}
    names |= {"before": before, "limit": limit}
    runs = db.rows(
        "SELECT s.id, s.registry_id, r.name, ifnull(s.finished, s.started) FROM sync_run s"
        f" JOIN registry r ON r.id = s.registry_id WHERE s.registry_id IN ({chosen})"
        " AND (:before IS NULL OR s.id < :before)"
        " AND (:since IS NULL OR ifnull(s.finished, s.started) > :since)"
        f" AND EXISTS (SELECT 1 FROM change c WHERE c.run_id = s.id{condition})"
        " ORDER BY s.id DESC LIMIT :limit",
        names,
    )
    return [_news(db, run, condition, names) for run in runs]


def count_since(db: Database, wanted: Wanted) -> dict[str, int]:
    """Return how many changes there are of each kind."""
    if not wanted.registries:
        return {}
    condition, names = _condition(wanted)
    chosen = ", ".join(f":r{place}" for place in range(len(wanted.registries)))
    names |= {f"r{place}": key for place, key in enumerate(wanted.registries)}
    rows = db.rows(
        "SELECT c.change, count(*) FROM change c JOIN sync_run s ON s.id = c.run_id"
        f" WHERE s.registry_id IN ({chosen})"
        f" AND (:since IS NULL OR ifnull(s.finished, s.started) > :since){condition}"
        " GROUP BY c.change ORDER BY count(*) DESC",
        names,
    )
    return {row[0]: row[1] for row in rows}


def _condition(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    names: dict[str, Any] = {"since": wanted.since}
    condition = ""
    if wanted.changes:
        marks = ", ".join(f":c{place}" for place in range(len(wanted.changes)))
        names |= {f"c{place}": change for place, change in enumerate(wanted.changes)}
        condition += f" AND c.change IN ({marks})"
    if wanted.text:
        names["text"] = wanted.text.casefold()
        condition += " AND instr(lower(c.artifact), :text)"
    return condition, names


def _news(db: Database, run: Any, condition: str, names: dict[str, Any]) -> RunNews:
    names = {**names, "run": run[0]}
    counts: Sequence[Any] = db.rows(
        f"SELECT c.change, count(*) FROM change c WHERE c.run_id = :run{condition}"
        " GROUP BY c.change ORDER BY count(*) DESC",
        names,
    )
    artifacts = db.rows(
        "SELECT count(*) FROM (SELECT DISTINCT c.change, c.kind, c.artifact FROM change c"
        f" WHERE c.run_id = :run{condition})",
        names,
    )[0][0]
    lines = db.rows(
        # With max() SQLite takes the other columns from the row that holds it.
        "SELECT c.change, c.kind, c.artifact, (SELECT a.id FROM artifact a"
        "   WHERE a.registry_id = c.registry_id AND a.path = c.artifact AND a.kind = c.kind),"
        " count(*), c.version, c.old_digest, c.new_digest, max(c.id) FROM change c"
        f" WHERE c.run_id = :run{condition} GROUP BY c.change, c.kind, c.artifact"
        " ORDER BY c.change = 'digest-moved' DESC, c.change = 'removed' DESC,"
        f" c.artifact COLLATE NOCASE LIMIT {MOST_LINES}",
        names,
    )
    return RunNews(
        run[0],
        run[1],
        run[2],
        run[3],
        {row[0]: row[1] for row in counts},
        artifacts,
        tuple(Line(*row[:8]) for row in lines),
    )
