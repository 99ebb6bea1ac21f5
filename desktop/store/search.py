"""Search over everything that is stored: words are AND-ed, literal, and blind to case.

A word of three characters or more matches anywhere in name, display name, description, keywords,
README or the names of images, through the trigram index; shorter words match the beginning of
names. README and images are those of the latest version.

Few hits are sorted. Where there are many, the artifacts are walked along an index that has the
order of their rank until the page is full, so that no query pays for what nobody sees.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from desktop.store.database import Database
from desktop.store.pages import artifact_rows
from desktop.store.query import Query
from desktop.store.values import SearchResult

MANY = 2_000
"""From so many hits on walking is faster than sorting, for a page of the size of a screen."""
_NARROW = 20_000
"""Fewer artifacts than that are kept in a set while hits are read, so that others do not count."""
_FEW_REGISTRIES = 10

_EXACT = "(a.name = :text COLLATE NOCASE OR a.display_name = :text COLLATE NOCASE)"
_BEGINS = "a.name LIKE :begins ESCAPE '\\'"
_HOLDS = "(a.name LIKE :holds ESCAPE '\\' OR a.display_name LIKE :holds ESCAPE '\\')"
_RANK = "a.deprecated, length(a.name), a.name COLLATE NOCASE, r.name, a.path, a.id"
BEST_FIRST = (
    f"CASE WHEN {_EXACT} THEN 0 WHEN {_BEGINS} THEN 1 WHEN {_HOLDS} THEN 2 ELSE 3 END, {_RANK}"
)
_ARE_EXACT = (
    "SELECT artifact_id AS id FROM search_text WHERE name = :text COLLATE NOCASE UNION"
    " SELECT artifact_id FROM search_text WHERE display_name = :text COLLATE NOCASE"
)
_BEGINNING = "SELECT artifact_id AS id FROM search_text WHERE name LIKE :begins ESCAPE '\\'"


Chosen = Sequence[tuple[str, Sequence[str]]]
"""Keys of columns with values: any of the values of a key, for all of the keys."""


@dataclass(frozen=True)
class Sought:
    """What a query asks for: a statement that gives the column `id` of all artifacts that match.

    `named` gives those of them that hold the whole text in their name or display name.
    """

    source: str
    named: str
    begins: str
    """The condition on `a` that its names begin with the short words."""
    names: dict[str, str] = field(repr=False)


def sought(query: str, *, gone: bool = False) -> Sought | None:
    """Read a query; None where it holds no word. `gone` finds what is no longer there as well."""
    words = query.replace("\0", " ").split()[:20]
    if not words:
        return None
    text = " ".join(words)
    # What is part of another word says nothing more, but would be looked up once more.
    long = [word for word in dict.fromkeys(words) if len(word) >= 3]
    long = [word for word in long if not any(word in other for other in long if other != word)]
    short = [word for word in dict.fromkeys(words) if len(word) < 3]
    names = {"text": text, "begins": f"{_like(text)}%", "holds": f"%{_like(text)}%"}
    names |= {f"w{place}": f"{_like(word)}%" for place, word in enumerate(short)}
    begins = [
        f"(a.name LIKE :w{place} ESCAPE '\\' OR a.display_name LIKE :w{place} ESCAPE '\\')"
        for place in range(len(short))
    ]
    starting = [f"+id IN ({_starting(place)})" for place in range(len(short))]
    if long:
        names["match"] = " AND ".join(map(_quoted, long))
        names["match_named"] = "{name display_name} : " + _quoted(text)
        matching = "SELECT rowid AS id FROM search WHERE search MATCH :"
        also = "".join(f" AND {part.replace('+id', '+rowid')}" for part in starting)
        source, named = f"{matching}match{also}", f"{matching}match_named{also}"
    else:
        source = _starting(0)
        if len(short) > 1:
            source = f"SELECT id FROM ({source}) WHERE {' AND '.join(starting[1:])}"
        named = f"SELECT a.id FROM ({source}) s CROSS JOIN artifact a ON a.id = s.id WHERE {_HOLDS}"
    if gone:
        names |= {f"g{place}": f"%{_like(word)}%" for place, word in enumerate(long)}
        source += f" UNION ALL {_gone(len(long), begins)}"
    return Sought(source, named, " AND ".join(begins) or "true", names)


def _starting(place: int) -> str:
    """Return the statement for names that begin with a short word.

    Each half is a range of an index; nothing is in both.
    """
    begins = f"LIKE :w{place} ESCAPE '\\'"
    return (
        f"SELECT artifact_id AS id FROM search_text WHERE name {begins}"
        " UNION ALL SELECT artifact_id FROM search_text"
        f" WHERE display_name {begins} AND name NOT {begins}"
    )


def _gone(words: int, begins: Sequence[str]) -> str:
    """Return the statement for artifacts that are gone: no row of the index speaks of those."""
    columns = ("a.name", "a.display_name", "a.description", "a.keywords")
    holds = [
        "(" + " OR ".join(f"{column} LIKE :g{place} ESCAPE '\\'" for column in columns) + ")"
        for place in range(words)
    ]
    conditions = " AND ".join(["a.versions = 0", *holds, *begins])
    return f"SELECT a.id FROM artifact a WHERE {conditions}"


@dataclass(frozen=True)
class Scope:
    """Where is looked, as conditions on `a`.

    They keep SQLite from reading registry by registry, where an order or hits are to be followed.
    """

    place: str
    """The condition without that on values of columns, which is `facets`."""
    facets: str
    among: str
    """A statement for the ids that are there, and maybe for some others; empty where most are."""
    names: dict[str, Any] = field(repr=False)

    @property
    def condition(self) -> str:
        return f"{self.place} AND {self.facets}"


def scope(
    registries: Sequence[str],
    kinds: Sequence[str] = (),
    *,
    facets: Chosen = (),
    deprecated: bool = True,
    gone: bool = False,
) -> Scope:
    """Look in these registries for these kinds and values, or for all where none is given."""
    names = {f"r{place}": registry for place, registry in enumerate(registries)}
    names |= {f"k{place}": kind for place, kind in enumerate(kinds)}
    conditions = [f"a.registry_id IN ({_marks('r', registries)})"]
    narrow = conditions[: len(registries) < _FEW_REGISTRIES]
    if kinds:
        conditions.append(f"a.kind IN ({_marks('k', kinds)})")
        narrow.append(conditions[-1])
    with_values = []
    for place, (key, values) in enumerate(facets):
        names |= {f"f{place}": key, f"f{place}_values": json.dumps(values)}
        # Looked up once: a set that every artifact is then compared with.
        with_values.append(
            f"SELECT a.artifact_id FROM artifact_facet a WHERE a.key = :f{place}"
            f" AND a.value IN (SELECT value FROM json_each(:f{place}_values))"
        )
    of_facets = [f"+a.id IN ({some})" for some in with_values]
    among = ""
    if with_values:
        others = [part.replace("a.id", "a.artifact_id") for part in of_facets[1:]]
        among = " AND ".join([with_values[0], *(f"+{part}" for part in narrow), *others])
    elif narrow:
        among = f"SELECT a.id FROM artifact a WHERE {' AND '.join(narrow)}"
    if not deprecated:
        conditions.append("a.deprecated = 0")
    where = " AND ".join(f"+{part}" for part in conditions)
    if not gone:
        where += " AND a.versions > 0"
    return Scope(where, " AND ".join(of_facets) or "true", among, names)


def search(
    db: Database,
    query: str,
    registries: Sequence[str],
    *,
    kind: str = "",
    limit: int = 50,
) -> SearchResult:
    """Return the artifacts of `registries` that hold every word, best first."""
    asked = sought(query)
    part = _smaller_part(db, registries)
    readmes = _readmes(db, part)
    if asked is None or not registries:
        return SearchResult(0, (), *readmes)
    where = scope(registries, (kind,) if kind else ())
    found, complete = best(db, asked, where, limit)
    total = len(found) if complete else _count(db, asked, where, part)
    return SearchResult(total, tuple(artifact_rows(db, found[:limit])), *readmes)


def hits(asked: Sought, condition: str, order: str) -> str:
    """Return the statement for the column `id` of all hits, in an order of `a` and `r`."""
    return (
        f"SELECT a.id FROM ({asked.source}) s CROSS JOIN artifact a ON a.id = s.id"
        " CROSS JOIN registry r ON r.id = a.registry_id"
        f" WHERE {condition} ORDER BY {order}"
    )


def best(
    db: Database, asked: Sought, where: Scope, limit: int, query: Query | None = None
) -> tuple[array[int], bool]:
    """Return hits in the order of BEST_FIRST: all of them and True, or the first and False."""
    query = query or Query()
    names = {**where.names, **asked.names}
    condition = where.condition
    source, named = asked.source, asked.named
    found = unless_many(db, query, source, names)
    if found is None and where.among and _is_small(db, query, where):
        source, named = (
            f"SELECT id FROM ({every}) WHERE +id IN ({where.among})" for every in (source, named)
        )
        found = unless_many(db, query, source, names)
        if found is not None:
            condition = where.place
    if found is not None:
        return query.ids(db, *_sorted(found, condition, BEST_FIRST, names, -1)), True
    if not asked.names["text"].isascii():
        # LIKE knows fewer letters with two cases than the index: it alone decides there.
        return query.ids(db, hits(asked, condition, BEST_FIRST), names), True
    best = array("q")
    for tier, test in (
        (_ARE_EXACT, f"{_EXACT} AND {asked.begins}"),
        (_BEGINNING, f"+{_BEGINS} AND {asked.begins}"),
        (named, f"+a.id IN ({named})"),
        (source, f"+a.id IN ({source})"),
    ):
        names["best"] = _text(best)
        others = f"{condition} AND +a.id NOT IN (SELECT value FROM json_each(:best))"
        missing = limit - len(best)
        found = None if tier == source else unless_many(db, query, tier, names)
        if found is not None:
            if tier != named:
                others += f" AND {asked.begins}"
            best += query.ids(db, *_sorted(found, others, _RANK, names, missing))
        else:
            walked = (
                "SELECT a.id FROM artifact a CROSS JOIN registry r ON r.id = a.registry_id"
                f" WHERE {test} AND {others} ORDER BY {_RANK}"
            )
            best += query.ids(db, walked + limited(missing), names)
        if len(best) >= limit:
            break
    return best, False


def unless_many(
    db: Database, query: Query, source: str, names: dict[str, Any]
) -> array[int] | None:
    """Return the ids that a source gives, or None where there are many."""
    found = query.ids(db, f"SELECT id FROM ({source}) LIMIT {MANY}", names)
    return found if len(found) < MANY else None


def _is_small(db: Database, query: Query, where: Scope) -> bool:
    counted = f"SELECT count(*) FROM (SELECT 1 FROM ({where.among}) LIMIT {_NARROW})"
    return bool(query.rows(db, counted, where.names)[0][0] < _NARROW)


def _sorted(
    ids: array[int], condition: str, order: str, names: dict[str, Any], limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the statement that sorts these ids, with its parameters."""
    statement = (
        "SELECT a.id FROM json_each(:ids) i CROSS JOIN artifact a ON a.id = i.value"
        " CROSS JOIN registry r ON r.id = a.registry_id"
        f" WHERE {condition} ORDER BY {order}"
    )
    return statement + limited(limit), {**names, "ids": _text(ids)}


def limited(limit: int) -> str:
    """Return the clause for a limit, empty for none: with any, SQLite sorts by slower means."""
    return f" LIMIT {limit}" if limit >= 0 else ""


@dataclass(frozen=True)
class _Part:
    """Artifacts of some registries or of all others, whichever are fewer registries."""

    ids: str
    others: bool
    names: dict[str, str]


def _smaller_part(db: Database, registries: Collection[str]) -> _Part:
    others = [row[0] for row in db.rows("SELECT id FROM registry") if row[0] not in registries]
    fewer = len(others) <= len(registries)
    return _Part(
        "SELECT id FROM artifact WHERE registry_id IN (SELECT value FROM json_each(:part))",
        fewer,
        {"part": json.dumps(others if fewer else list(registries))},
    )


def _count(db: Database, asked: Sought, where: Scope, part: _Part) -> int:
    """Return how many hits there are, where nothing but registries and kinds is left out."""
    counted = (
        f"SELECT count(*) FROM ({asked.source})"
        f" WHERE +id {'NOT IN' if part.others else 'IN'} ({part.ids})"
    )
    if where.among:
        counted += f" AND +id IN ({where.among})"
    total: int = db.rows(counted, {**where.names, **asked.names, **part.names})[0][0]
    return total


def _readmes(db: Database, part: _Part) -> tuple[int, int]:
    """Return how many READMEs could be searched, and how many may exist but are not here."""
    # Every artifact that is there has one row to be searched.
    (row,) = db.rows(
        "SELECT count(*), count(*) FILTER (WHERE readme_state = 'here'),"
        " count(*) FILTER (WHERE readme_state = 'none')"
        f" FROM search_text WHERE artifact_id IN ({part.ids})",
        part.names,
    )
    counts = tuple(row)
    if part.others:
        every = "SELECT count(*) FROM search_text"
        (whole,) = db.rows(
            f"SELECT ({every}), ({every} WHERE readme_state = 'here'),"
            f" ({every} WHERE readme_state = 'none')"
        )
        counts = tuple(one - other for one, other in zip(whole, counts, strict=True))
    artifacts, there, without = counts
    return there, artifacts - there - without


def _marks(letter: str, values: Collection[str]) -> str:
    return ", ".join(f":{letter}{place}" for place in range(len(values)))


def _text(ids: Iterable[int]) -> str:
    return json.dumps(list(ids))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
