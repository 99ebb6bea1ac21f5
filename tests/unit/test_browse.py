"""What the catalog's table shows, compared with the same worked out from all rows in Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.store import browse, pages, search
from desktop.store.browse import Filter
from desktop.store.database import FILE, Database
from registrykit import Artifact, Complete, Document, Found, Ref, Version
from registrykit.versions import is_prerelease
from tests.bench.estate import make
from tests.scripted import Bench, found

# Names as they come, with what LIKE and the full-text index could take for their own signs.
ODD = ("a_b", "a%b", 'quo"te', "back\\slash", "Émile", "émile-two", "A_B", "ab", "a", "AND NOT")


@dataclass(frozen=True)
class Estate:
    """A small estate, and all of its rows."""

    db: Database
    registries: tuple[str, ...]
    artifacts: dict[int, Any]
    versions: dict[int, list[Any]]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("estate")
    make(folder, registries=12, artifacts=260, versions=1_600, readmes=60, readme_bytes=200)
    db = Database(folder / FILE, writable=False)
    db.open()
    rows = db.rows(
        "SELECT a.*, r.name AS registry, ifnull(t.readme, '') AS readme, v.body,"
        " v.app_version FROM artifact a JOIN version v ON v.id = a.latest_id"
        " JOIN registry r ON r.id = a.registry_id LEFT JOIN search_text t ON t.artifact_id = a.id"
    )
    versions: dict[int, list[Any]] = {}
    for row in db.rows("SELECT * FROM version ORDER BY sort_key DESC, id"):
        versions.setdefault(row["artifact_id"], []).append(row)
    registries = tuple(row[0] for row in db.rows("SELECT id FROM registry ORDER BY name"))
    yield Estate(db, registries, {row["id"]: row for row in rows}, versions)
    db.close()


@pytest.fixture(params=["few", "many"])
def hits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sort hits as where there are few of them, or walk them as where there are many."""
    kind = str(request.param)
    if kind == "many":
        monkeypatch.setattr(search, "MANY", 4)
        monkeypatch.setattr(search, "_NARROW", 100)
    return kind


# The same in Python


def matches(row: Any, query: str) -> bool:
    """Say whether an artifact holds every word; all texts of the estate are ASCII."""
    names = [row["name"].lower(), row["display_name"].lower()]
    texts = [*names, row["description"].lower(), row["keywords"].lower(), row["readme"].lower()]
    texts += json.loads(row["body"])["facts"].get("images", [])
    return all(
        any(word in text for text in texts)
        if len(word) >= 3
        else any(name.startswith(word) for name in names)
        for word in query.lower().split()
    )


def rank(row: Any, query: str) -> tuple[Any, ...]:
    text, name, shown = (
        " ".join(query.lower().split()),
        row["name"].lower(),
        row["display_name"].lower(),
    )
    tier = 3
    if text in (name, shown):
        tier = 0
    elif name.startswith(text):
        tier = 1
    elif text in name or text in shown:
        tier = 2
    return (tier, row["deprecated"], len(name), name, row["registry"], row["path"], row["id"])


def by_name(row: Any) -> tuple[Any, ...]:
    return (row["name"].lower(), row["registry"].lower(), row["path"], row["id"])


def latest(estate: Estate, row: Any) -> Any:
    return next(v for v in estate.versions[row["id"]] if v["id"] == row["latest_id"])


KEYS = {
    "chart": ("type",),
    "pack": ("layer", "addonType", "cloudTypes", "state", "fips"),
    "zarf": ("architectures",),
    "image": ("platforms",),
}
OTHERS = {"chart": ("app_version",), "zarf": ("components",)}
FACETS = {
    "layer": ["addon", "os", "csi", "absent"],
    "cloudTypes": ["all", "aws", "edge"],
    "fips": ["compliant", "not_compliant"],
    "type": ["application"],
}


def values(row: Any, key: str) -> list[str]:
    """Return what a column shows of the latest version."""
    if key not in (*KEYS.get(row["kind"], ()), *OTHERS.get(row["kind"], ())):
        return []
    value = {"app_version": row["app_version"] or None, **json.loads(row["body"])["facts"]}.get(key)
    if key == "fips" and value:
        return [value["status"]]
    if key == "components" and value:
        return [one["name"] for one in value]
    return value if isinstance(value, list) else [] if value is None else [value]


def column(estate: Estate, row: Any, sort: str) -> Any:
    if sort == "version":
        return latest(estate, row)["sort_key"] if row["versions"] else b""
    if sort == "created":
        return latest(estate, row)["created"]
    value = row[sort]
    return value.lower() if isinstance(value, str) and sort != "kind" else value


def artifacts(estate: Estate, wanted: Filter) -> list[Any]:
    rows = [
        row
        for row in estate.artifacts.values()
        if row["registry_id"] in wanted.looked_in
        and (not wanted.kinds or row["kind"] in wanted.kinds)
        and (wanted.deprecated or not row["deprecated"])
        and (wanted.gone or row["versions"])
        and all(set(values(row, key)) & set(chosen) for key, chosen in wanted.facets)
        and matches(row, wanted.query)
    ]
    if wanted.sort == "relevance" and wanted.query.split():
        return sorted(rows, key=lambda row: rank(row, wanted.query))
    sort = "name" if wanted.sort == "relevance" else wanted.sort
    rows.sort(key=lambda row: by_name(row)[1:] if sort == "name" else by_name(row))
    if sort == "column":
        known = [row for row in rows if values(row, wanted.column)]
        rest = [row for row in rows if not values(row, wanted.column)]
        known.sort(key=lambda row: values(row, wanted.column)[0].lower(), reverse=wanted.descending)
        return known + rest
    rows.sort(key=lambda row: column(estate, row, sort), reverse=wanted.descending)
    return rows


def shown(wanted: Filter, version: Any) -> bool:
    return (
        (wanted.gone or version["state"] == "present")
        and (wanted.deprecated or not version["deprecated"])
        and (wanted.prereleases or not is_prerelease(version["version"]))
    )


def expected(estate: Estate, wanted: Filter) -> list[int]:
    rows = artifacts(estate, wanted)
    if wanted.rows == "artifacts":
        return [row["id"] for row in rows]
    versions = [v for row in rows for v in estate.versions[row["id"]] if shown(wanted, v)]
    if wanted.sort in ("version", "created"):
        key = "sort_key" if wanted.sort == "version" else "created"
        places = {row["id"]: place for place, row in enumerate(rows)}
        versions.sort(key=lambda v: (places[v["artifact_id"]], v["id"]))
        versions.sort(key=lambda v: v[key], reverse=wanted.descending)
    return [version["id"] for version in versions]


QUERIES = st.one_of(
    st.just(""),
    st.sampled_from(
        "n ng ngi nginx cert-manager cluster server serv in the kubernetes storage api gateway zzz"
        " cache-c e x- platform install deprecated-soon audit chart".split()
    ),
    st.sampled_from(
        [
            "storage cluster",
            "s server",
            "api a",
            "a g",
            "server serv",
            "red green",
            "high availability",
            "Kubernetes NGINX",
            "  audit   api ",
        ]
    ),
)


@st.composite
def filters(draw: st.DrawFn, registries: tuple[str, ...]) -> Filter:
    some = st.lists(st.sampled_from(registries), unique=True, max_size=3).map(tuple)
    kinds = st.sampled_from(["chart", "pack", "image", "zarf", "absent"])
    return Filter(
        registries=draw(st.one_of(st.just(registries), st.just(registries[2:]), some)),
        query=draw(QUERIES),
        kinds=draw(st.lists(kinds, unique=True, max_size=2).map(tuple)),
        chosen=draw(st.one_of(st.just(()), some)),
        deprecated=draw(st.booleans()),
        prereleases=draw(st.booleans()),
        gone=draw(st.booleans()),
        rows=draw(st.sampled_from(["artifacts", "versions"])),
        sort=draw(
            st.sampled_from("relevance name registry kind versions version created column".split())
        ),
        descending=draw(st.booleans()),
        facets=tuple(
            (key, tuple(draw(st.lists(st.sampled_from(FACETS[key]), min_size=1, unique=True))))
            for key in draw(st.lists(st.sampled_from(list(FACETS)), unique=True, max_size=2))
        ),
        column=draw(st.sampled_from(["layer", "cloudTypes", "app_version", "components", "no"])),
    )


anything = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@anything
@given(data=st.data())
def test_ids_are_those_of_all_rows_in_order(estate: Estate, hits: str, data: st.DataObject) -> None:
    wanted = data.draw(filters(estate.registries))
    assert list(browse.ids(estate.db, wanted)) == expected(estate, wanted)


@anything
@given(data=st.data(), limit=st.integers(1, 40))
def test_the_first_page_is_the_beginning_of_all(
    estate: Estate, hits: str, data: st.DataObject, limit: int
) -> None:
    wanted = data.draw(filters(estate.registries))
    page = browse.first(estate.db, wanted, limit)
    everything = expected(estate, wanted)
    assert list(page.ids) == everything[: len(page.ids)]
    if page.complete:
        assert len(page.ids) == len(everything)
    elif wanted.rows == "artifacts":
        assert len(page.ids) >= min(limit, len(everything))


@anything
@given(data=st.data())
def test_facets_count_what_other_choices_would_show(
    estate: Estate, hits: str, data: st.DataObject
) -> None:
    wanted = data.draw(filters(estate.registries))
    facets = browse.facets(estate.db, wanted)

    def count(**choice: Any) -> list[int]:
        return expected(estate, replace(wanted, **choice))

    owner = dict(estate.artifacts)
    if wanted.rows == "versions":
        owner = {v["id"]: owner[artifact] for artifact in owner for v in estate.versions[artifact]}
    assert facets.kinds == Counter(owner[place]["kind"] for place in count(kinds=()))
    assert facets.registries == Counter(owner[place]["registry_id"] for place in count(chosen=()))
    for switch in ("deprecated", "prereleases"):
        added = len(count(**{switch: True})) - len(count(**{switch: False}))
        assert getattr(facets, switch) == added
    only = wanted.kinds or tuple(facets.kinds)
    wanted = replace(wanted, kinds=only)
    keys = KEYS.get(only[0], ()) if len(only) == 1 else ()
    for key in keys:
        others = tuple(choice for choice in wanted.facets if choice[0] != key)
        rows = count(facets=others)
        counted = Counter(value for place in rows for value in values(owner[place], key))
        assert facets.values.get(key, {}) == counted
        told = list(facets.values.get(key, {}).values())
        assert told == sorted(told, reverse=True)
    assert set(facets.values) <= set(keys)


@anything
@given(query=QUERIES, limit=st.integers(1, 30), data=st.data())
def test_search_finds_the_same(
    estate: Estate, hits: str, query: str, limit: int, data: st.DataObject
) -> None:
    every = estate.registries
    registries = data.draw(st.sampled_from([every, every[:-2], every[:3]]))
    kind = data.draw(st.sampled_from(["", "chart", "pack"]))
    wanted = Filter(registries, query, kinds=(kind,) if kind else (), deprecated=True)
    rows = artifacts(estate, wanted) if query.strip() else []
    answer = search.search(estate.db, query, registries, kind=kind, limit=limit)
    assert answer.total == len(rows)
    assert [hit.id for hit in answer.hits] == [row["id"] for row in rows[:limit]]
    there = [
        row
        for row in estate.artifacts.values()
        if row["registry_id"] in registries and row["versions"]
    ]
    readmes = sum(bool(row["readme"]) for row in there)
    assert (answer.readmes, answer.readmes_missing) == (readmes, len(there) - readmes)


# Rows


def test_rows_come_in_the_order_asked_without_what_is_no_more(estate: Estate) -> None:
    asked = [*list(estate.artifacts)[:40:3], 10**9, next(iter(estate.artifacts))]
    rows = browse.artifact_rows(estate.db, asked)
    assert [row.id for row in rows] == [place for place in asked if place < 10**9]
    for row in rows:
        stored = estate.artifacts[row.id]
        assert (row.name, row.registry, row.latest, row.versions, row.deprecated) == (
            stored["name"],
            stored["registry"],
            stored["latest"],
            stored["versions"],
            bool(stored["deprecated"]),
        )
    ids = [v["id"] for some in estate.versions.values() for v in some][:256]
    lines = browse.version_rows(estate.db, [*reversed(ids), 10**9])
    assert [line.id for line in lines] == ids[::-1]
    assert browse.artifact(estate.db, 10**9) is None
    assert browse.version(estate.db, 10**9) is None


def test_the_versions_of_an_artifact_are_newest_first_and_say_what_they_are(
    estate: Estate,
) -> None:
    kinds = Counter[tuple[bool, bool, str]]()
    for artifact, versions in estate.versions.items():
        lines = browse.version_summaries(estate.db, artifact)
        assert [line.id for line in lines] == [v["id"] for v in versions]
        for line in lines:
            assert line.prerelease is is_prerelease(line.version)
            kinds[line.stable, line.prerelease, line.state] += 1
    assert len(kinds) >= 5, "of releases, pre-releases and other tags some are gone"
    version = browse.version(estate.db, lines[0].id)
    assert version is not None
    assert version.body["urls"][0].endswith(f"{version.version}.tgz")
    assert version.stable is lines[0].stable


def test_storage_is_told_for_each_registry(estate: Estate) -> None:
    kept = browse.storage(estate.db)
    assert kept.file_bytes >= (estate.db.path).stat().st_size
    texts = [row["readme"] for row in estate.artifacts.values() if row["readme"]]
    assert kept.document_bytes == sum(len(text.encode()) for text in texts) > 0
    assert {row.registry_id for row in kept.registries} == set(estate.registries)
    assert sum(row.document_bytes for row in kept.registries) == kept.document_bytes
    for row in kept.registries:
        there = [a for a in estate.artifacts.values() if a["registry_id"] == row.registry_id]
        assert row.artifacts == sum(a["versions"] > 0 for a in there)
        assert row.versions == sum(a["versions"] for a in there)


# Odd names


@pytest.mark.parametrize(
    ("query", "hits_at_all"),
    [
        ("a_b", ["a_b", "A_B"]),
        ("a%b", ["a%b"]),
        ('quo"te', ['quo"te']),
        ("back\\slash", ["back\\slash"]),
        ("back\\", ["back\\slash"]),
        ("a_", ["a_b", "A_B"]),
        ("a%", ["a%b"]),
        ("émile", ["Émile", "émile-two"]),
        ("ém", ["émile-two"]),
        ("AND NOT", ["AND NOT"]),
        ("AND", ["AND NOT"]),
        ("AND\0NOT", ["AND NOT"]),
        ("a b", []),
        ("%", []),
        ("*", []),
        ("  ", None),
    ],
)
@pytest.mark.usefixtures("hits")
def test_what_is_typed_is_taken_literally(
    bench: Bench, query: str, hits_at_all: list[str] | None
) -> None:
    bench.sync(*(event for name in ODD for event in found(name, "1.0.0")), Complete(""))
    wanted = Filter((bench.registry_id,), query)
    rows = browse.artifact_rows(bench.app.db, browse.ids(bench.app.db, wanted))
    page = browse.artifact_rows(bench.app.db, browse.first(bench.app.db, wanted).ids)
    names = [row.name for row in rows]
    if hits_at_all is None:
        assert len(names) == len(ODD)
    else:
        assert sorted(names) == sorted(hits_at_all)
    assert page == rows


@pytest.mark.parametrize("copies", [2, 6])
@pytest.mark.usefixtures("hits")
def test_a_short_word_begins_a_name_however_well_the_rest_fits(bench: Bench, copies: int) -> None:
    """The text of the query begins most of these names, but its last word only the last two."""
    artifacts = [
        Artifact("chart", f"{place}/{name}", name)
        for name in ("app b", "app bar", "an app b", "b app b", "B app b")
        for place in range(copies)
    ]
    events = [Found(artifact, Version("1.0.0")) for artifact in artifacts]
    bench.sync(*events, *found("b app bar", "1.0.0"), Complete(""))
    wanted = Filter((bench.registry_id,), "app b")
    everything = browse.ids(bench.app.db, wanted)
    names = [row.name for row in browse.artifact_rows(bench.app.db, everything)]
    assert sorted(names) == ["B app b"] * copies + ["b app b"] * copies + ["b app bar"]
    for limit in (1, 2, 50):
        page = browse.first(bench.app.db, wanted, limit)
        assert page.ids == everything[: len(page.ids)]
        assert len(page.ids) >= min(limit, len(everything))
    assert search.search(bench.app.db, "app b", [bench.registry_id]).total == len(everything)


@pytest.mark.usefixtures("hits")
def test_letters_beyond_ascii_keep_the_order_of_the_first_page(bench: Bench) -> None:
    names = [f"o-{first}mile-{'x' * n}" for first in "Éé" for n in range(4)]
    bench.sync(*(event for name in names for event in found(name, "1.0.0")), Complete(""))
    wanted = Filter((bench.registry_id,), "émile")
    everything = browse.ids(bench.app.db, wanted)
    assert len(everything) == len(names)
    page = browse.first(bench.app.db, wanted, 3).ids
    assert page == everything[: len(page)]
    rows = browse.artifact_rows(bench.app.db, page[:3])
    assert [row.name[2] for row in rows] == ["é"] * 3


def test_a_page_of_versions_is_not_complete_while_artifacts_are_left(bench: Bench) -> None:
    bench.sync(
        *found("a", "1.0.0-rc.1"), *found("ab", "1.0.0"), *found("abc", "1.0.0"), Complete("")
    )
    for query in ("", "a"):
        wanted = Filter((bench.registry_id,), query, rows="versions")
        assert not browse.first(bench.app.db, wanted, 2).complete
        page = browse.first(bench.app.db, wanted, 3)
        assert page.complete
        assert page.ids == browse.ids(bench.app.db, wanted)


def test_what_is_gone_is_found_by_name_when_asked_for(bench: Bench) -> None:
    bench.sync(*found("nginx", "1.0.0", "1.1.0"), *found("redis", "7.0.0"), Complete(""))
    bench.sync(*found("redis", "7.0.0"), Complete(""), accept_held=True)
    present = Filter((bench.registry_id,), "ngi")
    for wanted, names in ((present, []), (replace(present, gone=True), ["nginx"])):
        rows = browse.artifact_rows(bench.app.db, browse.ids(bench.app.db, wanted))
        assert [row.name for row in rows] == names
        assert list(browse.first(bench.app.db, wanted).ids) == [row.id for row in rows]
        assert sum(browse.facets(bench.app.db, wanted).kinds.values()) == len(names)
    versions = browse.ids(bench.app.db, replace(present, gone=True, rows="versions"))
    lines = browse.version_rows(bench.app.db, versions)
    assert [(line.version, line.state) for line in lines] == [("1.1.0", "gone"), ("1.0.0", "gone")]


def test_a_change_is_seen_by_the_next_question(bench: Bench) -> None:
    wanted = Filter((bench.registry_id,), "operator")
    assert list(browse.first(bench.app.db, wanted).ids) == []
    readme = Document(Ref("app", "1.0.0"), "readme", "Needs the operator.")
    bench.sync(Found(Artifact("chart", "app"), Version("1.0.0")), readme, Complete(""))
    (row,) = browse.artifact_rows(bench.app.db, browse.first(bench.app.db, wanted).ids)
    assert row.name == "app"
    assert browse.storage(bench.app.db).document_bytes == len("Needs the operator.")


# Indexes


def test_a_table_is_filled_from_indexes_alone(estate: Estate) -> None:
    """A million rows are half a gigabyte; only the page on the screen may be read from them."""
    for sort in ("name", "registry", "kind", "versions"):
        statement, names = browse._in_order(Filter(estate.registries, sort=sort))
        assert uses(estate.db, statement, names, "a") == "COVERING INDEX ix_artifact_name"
    wanted = Filter(estate.registries, rows="versions")
    statement, names = browse._versions(wanted, browse.ids(estate.db, Filter(estate.registries)))
    assert uses(estate.db, statement, names, "v") == "COVERING INDEX ix_version_listed"


def uses(db: Database, statement: str, names: dict[str, Any], table: str) -> str:
    plan = [row[3] for row in db.rows(f"EXPLAIN QUERY PLAN {statement}", names)]
    (step,) = [step for step in plan if step.split(" ")[1] == table]
    return str(step.split(" USING ")[1].split(" (")[0])


def test_pages_are_those_of_browse() -> None:
    assert browse.artifact_rows is pages.artifact_rows


def test_an_estate_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    told = []
    for place, seed in (("one", 3), ("two", 3), ("three", 4)):
        make(tmp_path / place, registries=6, artifacts=20, versions=90, readmes=2, seed=seed)
        db = Database(tmp_path / place / FILE, writable=False)
        db.open()
        told.append(
            [
                tuple(row)
                for row in db.rows(
                    "SELECT a.name, a.kind, v.version, v.digest, v.state, r.name FROM version v"
                    " JOIN artifact a ON a.id = v.artifact_id"
                    " JOIN registry r ON r.id = a.registry_id ORDER BY v.id"
                )
            ]
        )
        db.close()
    assert len(told[0]) == 90
    assert told[0] == told[1] != told[2]
