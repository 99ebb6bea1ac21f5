"""What the catalog's table shows: ids in order, for any filter and sort, and how many there are.

A table holds the ids of all its rows, up to a million, and reads the rows that are on the screen
by `artifact_rows` and `version_rows`. What may take long takes a Query, so that it can run in a
thread of its own and be withdrawn when the user types on.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from desktop.store import columns
from desktop.store.database import Database
from desktop.store.pages import PRERELEASE
from desktop.store.pages import artifact as artifact
from desktop.store.pages import artifact_rows as artifact_rows
from desktop.store.pages import version as version
from desktop.store.pages import version_rows as version_rows
from desktop.store.pages import version_summaries as version_summaries
from desktop.store.query import Query
from desktop.store.query import Stopped as Stopped
from desktop.store.search import (
    BEST_FIRST,
    Scope,
    Sought,
    best,
    limited,
    scope,
    sought,
    unless_many,
)

Rows = Literal["artifacts", "versions"]
Sort = Literal["relevance", "name", "registry", "kind", "versions", "version", "created", "column"]

_NAME = "a.name COLLATE NOCASE{way}, r.name COLLATE NOCASE, a.path, a.id"
MOST_VALUES = 200
"""Values of a facet that are counted; those with the fewest rows are left out."""
_THEN_NAME = "{way}, " + _NAME.format(way="")
# What `a.latest` is, out of an index: reading a hundred thousand rows takes twice as long.
_LATEST = (
    "(SELECT v.sort_key FROM version v WHERE v.artifact_id = a.id AND v.state = 'present'"
    " AND v.stable = a.latest_is_stable ORDER BY v.sort_key DESC LIMIT 1)"
)
_ORDERS: dict[Sort, str] = {
    "name": _NAME,
    "registry": f"r.name COLLATE NOCASE{_THEN_NAME}",
    "kind": f"+a.kind{_THEN_NAME}",
    "versions": f"a.versions{_THEN_NAME}",
    "version": _LATEST + _THEN_NAME,
    "created": f"(SELECT v.created FROM version v WHERE v.id = a.latest_id){_THEN_NAME}",
    # What has no value comes last, whichever way is sorted.
    "column": "(SELECT f.value FROM artifact_facet f WHERE f.artifact_id = a.id"
    " AND f.key = :column AND f.place = 0) COLLATE NOCASE{way} NULLS LAST, " + _NAME.format(way=""),
}
_OF_VERSIONS: dict[Sort, str] = {"version": "v.sort_key", "created": "v.created"}


@dataclass(frozen=True)
class Filter:
    """What is to be seen of `registries`, in which order.

    `kinds` and `chosen` (registries) narrow it, empty means all of them; so do `facets`: keys of
    columns, each with values of which an artifact must have one. An artifact is deprecated when
    its latest version is. Without a query the order `relevance` is that of names; where there is
    one, `relevance` puts the best first whatever `descending` says. `version` and `created` are
    those of the latest version where the rows are artifacts; what columns show always is. `column`
    is the key of the column of that order.
    """

    registries: tuple[str, ...]
    query: str = ""
    kinds: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    deprecated: bool = False
    prereleases: bool = False
    gone: bool = False
    rows: Rows = "artifacts"
    sort: Sort = "relevance"
    descending: bool = False
    facets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    column: str = ""

    @property
    def looked_in(self) -> tuple[str, ...]:
        if not self.chosen:
            return self.registries
        return tuple(registry for registry in self.registries if registry in self.chosen)


@dataclass(frozen=True)
class Page:
    """The first ids; where `complete`, there are no others."""

    ids: array[int]
    complete: bool


@dataclass(frozen=True)
class Facets:
    """How many rows there are of each kind and registry, and how many each switch would add.

    A count leaves its own choice aside: `kinds` tells of all kinds in the chosen registries.
    Kinds and registries without a row are left out. `values` are those of the columns by which a
    kind is filtered, by key, the most frequent first; a row may have several values of a key.
    They are told where one kind is chosen, or where there is no other.
    """

    kinds: dict[str, int] = field(default_factory=dict)
    registries: dict[str, int] = field(default_factory=dict)
    deprecated: int = 0
    prereleases: int = 0
    values: dict[str, dict[str, int]] = field(default_factory=dict)


def ids(db: Database, wanted: Filter, query: Query | None = None) -> array[int]:
    """Return the ids of all rows in order. Raises Stopped where the query is withdrawn."""
    query = query or Query()
    if not wanted.looked_in:
        return array("q")
    found = query.ids(db, *_in_order(wanted))
    return found if wanted.rows == "artifacts" else query.ids(db, *_versions(wanted, found))


def first(db: Database, wanted: Filter, limit: int = 200, query: Query | None = None) -> Page:
    """Return the first ids in the order of `ids`, or all of them where that costs no more."""
    query = query or Query()
    if not wanted.looked_in:
        return Page(array("q"), True)
    if wanted.rows == "versions" and wanted.sort in _OF_VERSIONS:
        return Page(ids(db, wanted, query), True)
    asked = _sought(wanted)
    if asked is not None and wanted.sort == "relevance" and not wanted.gone:
        found, complete = best(db, asked, _scope(wanted), limit, query)
    else:
        found = query.ids(db, *_in_order(wanted, limit + 1))
        complete = len(found) <= limit
        found = found[:limit]
    if wanted.rows == "artifacts":
        return Page(found, complete)
    complete = complete and len(found) <= limit
    found = query.ids(db, *_versions(wanted, found[:limit], limit + 1))
    return Page(found[:limit], complete and len(found) <= limit)


def facets(db: Database, wanted: Filter, query: Query | None = None) -> Facets:
    """Return what there is to choose from. Raises Stopped where the query is withdrawn."""
    query = query or Query()
    kinds: Counter[str] = Counter()
    registries: Counter[str] = Counter()
    deprecated = prereleases = 0
    asked = _sought(wanted)
    few = None if asked is None else unless_many(db, query, asked.source, asked.names)
    for registry, kind, is_deprecated, *numbers in _counted(db, wanted, few, query):
        if registry not in wanted.registries:
            continue
        plain, old, early, both = numbers
        if is_deprecated:
            plain, old, early, both = 0, plain + old, 0, early + both
        shown = (
            plain
            + old * wanted.deprecated
            + early * wanted.prereleases
            + both * (wanted.deprecated and wanted.prereleases)
        )
        of_kind = not wanted.kinds or kind in wanted.kinds
        in_place = registry in wanted.looked_in
        kinds[kind] += shown * in_place
        registries[registry] += shown * of_kind
        if of_kind and in_place:
            deprecated += old + both * wanted.prereleases
            prereleases += early + both * wanted.deprecated
    only = wanted.kinds or tuple(+kinds)
    values = _values(db, replace(wanted, kinds=only), few, query) if len(only) == 1 else {}
    return Facets(dict(+kinds), dict(+registries), deprecated, prereleases, values)


def _sought(wanted: Filter) -> Sought | None:
    return sought(wanted.query, gone=wanted.gone)


def _scope(wanted: Filter) -> Scope:
    return scope(
        wanted.looked_in,
        wanted.kinds,
        facets=wanted.facets,
        deprecated=wanted.deprecated,
        gone=wanted.gone,
    )


def _in_order(wanted: Filter, limit: int = -1) -> tuple[str, dict[str, Any]]:
    """Return the statement for the ids of artifacts, with its parameters."""
    asked = _sought(wanted)
    where = _scope(wanted)
    names = where.names | {"column": wanted.column}
    sort: Sort = "name" if wanted.sort == "relevance" else wanted.sort
    order = _ORDERS[sort].format(way=" DESC" if wanted.descending else "")
    if asked is not None:
        names |= asked.names
        if wanted.sort == "relevance":
            order = BEST_FIRST
        source = f"({asked.source}) s CROSS JOIN artifact a ON a.id = s.id"
    else:
        # The index holds all columns that are needed and has names in order already; versions
        # stand in the order of their artifacts' ids.
        source = "artifact a NOT INDEXED"
        if sort not in _OF_VERSIONS:
            source = "artifact a INDEXED BY ix_artifact_name"
    statement = (
        f"SELECT a.id FROM {source} CROSS JOIN registry r ON r.id = a.registry_id"
        f" WHERE {where.condition} ORDER BY {order}"
    )
    return statement + limited(limit), names


def _versions(wanted: Filter, artifacts: array[int], limit: int = -1) -> tuple[str, dict[str, Any]]:
    """Return the statement for the ids of the versions of these artifacts, newest first."""
    source, order = "version v", "o.key, v.sort_key DESC"
    if wanted.sort in _OF_VERSIONS:
        order = f"{_OF_VERSIONS[wanted.sort]}{' DESC' if wanted.descending else ''}, o.key, v.id"
    elif not wanted.gone and limit < 0:
        # Walking this index for one artifact after the other gives that order by itself. Sorting
        # a million rows that are sorted would take as long again.
        source, order = "version v INDEXED BY ix_version_listed", ""
    statement = (
        f"SELECT v.id FROM json_each(:artifacts) o CROSS JOIN {source}"
        f" ON v.artifact_id = o.value WHERE {_shown(wanted)}"
        f"{order and ' ORDER BY ' + order}"
    )
    return statement + limited(limit), {"artifacts": json.dumps(list(artifacts))}


def _counted(db: Database, wanted: Filter, few: array[int] | None, query: Query) -> list[Any]:
    """Return counts by registry, kind and whether the artifact is deprecated.

    The four counts are rows that are plain, deprecated, pre-releases, and both.
    """
    numbers = "count(*), 0, 0, 0"
    source, condition, names = _asked(wanted, few, "artifact")
    if wanted.facets:
        chosen = scope((), facets=wanted.facets)
        names |= chosen.names
        condition += f" AND {chosen.facets}"
    if not wanted.gone:
        condition += " AND a.versions > 0"
    if wanted.rows == "versions":
        source += " CROSS JOIN version v ON v.artifact_id = a.id"
        condition += "" if wanted.gone else " AND v.state = 'present'"
        numbers = ", ".join(
            f"count(*) FILTER (WHERE {old} v.deprecated AND {early} {PRERELEASE})"
            for early in ("NOT", "")
            for old in ("NOT", "")
        )
    return query.rows(
        db,
        f"SELECT a.registry_id, a.kind, a.deprecated, {numbers} FROM {source} WHERE {condition}"
        " GROUP BY a.registry_id, a.kind, a.deprecated",
        names,
    )


def _values(
    db: Database, wanted: Filter, few: array[int] | None, query: Query
) -> dict[str, dict[str, int]]:
    """Return how many rows of one kind each value has; a key leaves its own choice aside."""
    there = columns.of_kinds(db).get(wanted.kinds[0], ())
    found: dict[str, dict[str, int]] = {column.key: {} for column in there if column.facet}
    chosen = [key for key, _ in wanted.facets if key in found]
    for keys in ([key for key in found if key not in chosen], *([key] for key in chosen)):
        others = tuple(choice for choice in wanted.facets if choice[0] not in keys)
        asked = replace(wanted, facets=others)
        for key, value, count in _value_counts(db, asked, keys, few, query):
            if len(found[key]) < MOST_VALUES:
                found[key][value] = count
    return {key: values for key, values in found.items() if values}


def _value_counts(
    db: Database, wanted: Filter, keys: Collection[str], few: array[int] | None, query: Query
) -> list[tuple[str, str, int]]:
    if not keys or not wanted.looked_in:
        return []
    facets = "(SELECT *, artifact_id AS id FROM artifact_facet)"
    source, condition, names = _asked(wanted, few, facets)
    where = _scope(wanted)
    names |= where.names | {"keys": json.dumps(list(keys))}
    number, counted = "1", ""
    if wanted.rows == "versions":
        # Counted once for each artifact, whatever number of values it has.
        number = "n.number"
        of_kind, among, _ = _asked(wanted, few, "artifact")
        counted = (
            "WITH n AS MATERIALIZED (SELECT a.id, (SELECT count(*) FROM version v"
            f" WHERE v.artifact_id = a.id AND {_shown(wanted)}) AS number"
            f" FROM {of_kind} WHERE {among} AND a.kind = :k0) "
        )
        source += " CROSS JOIN n ON n.id = a.id"
    return query.rows(
        db,
        f"{counted}SELECT a.key, a.value, sum({number}) AS count FROM {source}"
        f" WHERE {condition} AND {where.condition} AND a.kind = :k0"
        " AND a.key IN (SELECT value FROM json_each(:keys))"
        " GROUP BY a.key, a.value ORDER BY count DESC, a.value COLLATE NOCASE",
        names,
    )


def _asked(wanted: Filter, few: array[int] | None, table: str) -> tuple[str, str, dict[str, Any]]:
    """Return `a` and a condition on it: what is in `table` of the artifacts that are searched."""
    asked = _sought(wanted)
    if asked is None:
        return f"{table} a", "true", {}
    if few is not None:
        source = f"json_each(:few) q CROSS JOIN {table} a ON a.id = q.value"
        return source, "true", {"few": json.dumps(list(few))}
    # The index of the artifacts is in the order of the groups, hits are not.
    return f"{table} a", f"+a.id IN ({asked.source})", dict(asked.names)


def _shown(wanted: Filter) -> str:
    """Return the condition for versions that are shown."""
    conditions = ["true"] if wanted.gone else ["v.state = 'present'"]
    if not wanted.deprecated:
        conditions.append("v.deprecated = 0")
    if not wanted.prereleases:
        conditions.append(f"NOT {PRERELEASE}")
    return " AND ".join(conditions)


# What is kept on the disk


@dataclass(frozen=True)
class KeptRegistry:
    """What is kept of a registry; a document that several registries hold counts for each."""

    registry_id: str
    name: str
    removed: bool
    artifacts: int
    versions: int
    document_bytes: int


@dataclass(frozen=True)
class Storage:
    """What the store takes, in bytes; `file_bytes` is the database with its log."""

    file_bytes: int
    document_bytes: int
    registries: tuple[KeptRegistry, ...]


def storage(db: Database, query: Query | None = None) -> Storage:
    """Return what is kept; it reads every document, so it may take a second or more."""
    query = query or Query()
    files = (db.path, db.path.with_name(db.path.name + "-wal"))
    size = "length(CAST(c.text AS BLOB))"
    total = query.rows(db, f"SELECT ifnull(sum({size}), 0) FROM content c")[0][0]
    rows = query.rows(
        db,
        f"WITH kept AS (SELECT k.registry_id, sum({size}) AS bytes FROM (SELECT DISTINCT"
        "   a.registry_id, d.digest FROM document d JOIN version v ON v.id = d.version_id"
        "   JOIN artifact a ON a.id = v.artifact_id) k JOIN content c ON c.digest = k.digest"
        "   GROUP BY k.registry_id)"
        " SELECT r.id, r.name, r.removed_at IS NOT NULL, r.artifacts, r.versions,"
        " ifnull(k.bytes, 0) FROM registry r LEFT JOIN kept k ON k.registry_id = r.id"
        " ORDER BY r.name COLLATE NOCASE, r.id",
    )
    return Storage(
        sum(path.stat().st_size for path in files if path.exists()),
        total,
        tuple(KeptRegistry(row[0], row[1], bool(row[2]), *row[3:]) for row in rows),
    )
