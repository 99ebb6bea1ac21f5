"""Search over everything that is stored: words are AND-ed, literal, and blind to case.

A word of three characters or more matches anywhere in name, display name, description, keywords
or README, through the trigram index; shorter words match the beginning of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from desktop.store.catalog import artifact_row
from desktop.store.database import Database
from desktop.store.values import SearchResult

_COLUMNS = (
    "a.id, a.registry_id, r.name, a.kind, a.path, a.name, a.display_name, a.description,"
    " a.keywords, a.latest, a.latest_id, a.latest_is_stable, a.versions, a.deprecated"
)


def search(
    db: Database,
    query: str,
    registries: Sequence[str],
    *,
    kind: str = "",
    limit: int = 50,
) -> SearchResult:
    """Return the artifacts of `registries` that hold every word, best first."""
    words = query.replace("\0", " ").split()[:20]
    if not words or not registries:
        return SearchResult(0, (), *_readmes(db, registries))
    names: dict[str, Any] = {"kind": kind, "limit": limit, "query": " ".join(words)}
    names |= {f"r{place}": registry for place, registry in enumerate(registries)}
    chosen = ", ".join(f":r{place}" for place in range(len(registries)))
    where = [f"a.registry_id IN ({chosen})", "a.versions > 0"]
    if kind:
        where.append("a.kind = :kind")
    source = "search_text t"
    long = [word for word in words if len(word) >= 3]
    if long:
        source = "search s JOIN search_text t ON t.artifact_id = s.rowid"
        names["match"] = " AND ".join('"' + word.replace('"', '""') + '"' for word in long)
        where.append("s.search MATCH :match")
    for place, word in enumerate(word for word in words if len(word) < 3):
        names[f"w{place}"] = _like(word) + "%"
        where.append(
            f"(t.name LIKE :w{place} ESCAPE '\\' OR t.display_name LIKE :w{place} ESCAPE '\\')"
        )
    names["begins"], names["holds"] = _like(names["query"]) + "%", f"%{_like(names['query'])}%"
    body = (
        f" FROM {source} JOIN artifact a ON a.id = t.artifact_id"
        f" JOIN registry r ON r.id = a.registry_id WHERE {' AND '.join(where)}"
    )
    total = db.rows(f"SELECT count(*){body}", names)[0][0]
    rows = db.rows(
        f"SELECT {_COLUMNS}{body} ORDER BY CASE"
        " WHEN a.name = :query COLLATE NOCASE OR a.display_name = :query COLLATE NOCASE THEN 0"
        " WHEN a.name LIKE :begins ESCAPE '\\' THEN 1"
        " WHEN a.name LIKE :holds ESCAPE '\\' OR a.display_name LIKE :holds ESCAPE '\\' THEN 2"
        " ELSE 3 END, a.deprecated, length(a.name), a.name COLLATE NOCASE, r.name, a.path"
        " LIMIT :limit",
        names,
    )
    return SearchResult(total, tuple(artifact_row(row) for row in rows), *_readmes(db, registries))


def _readmes(db: Database, registries: Sequence[str]) -> tuple[int, int]:
    """Return how many READMEs could be searched, and how many artifacts have none here."""
    marks = ", ".join("?" for _ in registries)
    there, artifacts = db.rows(
        "SELECT count(*) FILTER (WHERE t.readme <> ''), count(*) FROM search_text t"
        f" JOIN artifact a ON a.id = t.artifact_id WHERE a.registry_id IN ({marks})",
        tuple(registries),
    )[0]
    return there, artifacts - there


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
