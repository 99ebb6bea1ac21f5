"""What the columns of a kind show: kept for the latest versions, and worked out where they are."""

from __future__ import annotations

import pytest

from desktop.store import browse, columns
from desktop.store import registries as stored
from desktop.store.browse import Filter
from desktop.store.plugins import PluginRow, save_plugin
from registrykit import Artifact, ArtifactKind, Column, Complete, Found, Version
from registrykit.artifacts import LONGEST_VALUE, MOST_VALUES, column_values
from registrykit.description import TypeDescription
from registrykit.forms import FormSpec
from tests.scripted import Bench

LAYER = Column("layer", "Layer", facet=True)
CLOUDS = Column("cloudTypes", "Clouds", facet=True)
END = Column("eol", "End of life")


def offer(bench: Bench, *shown: Column, distribution: str = "registrykit-scripted") -> None:
    """Let a plugin offer packs with these columns."""
    kind = ArtifactKind("pack", "Pack", "Packs", shown)
    form = FormSpec(())
    offered = TypeDescription("scripted", "Scripted", "", "", "", (), 1, (kind,), form)
    row = PluginRow(distribution, "1.0", "", True, "active", "", (offered,))
    with bench.app.db.write() as tx:
        save_plugin(tx, row)


def pack(name: str, version: str = "1.0.0", /, **facts: object) -> Found:
    return Found(Artifact("pack", name), Version(version, facts=facts))


def shown(bench: Bench) -> dict[str, dict[str, tuple[str, ...]]]:
    rows = bench.app.db.rows("SELECT id, path FROM artifact")
    found = columns.of_artifacts(bench.app.db, [row[0] for row in rows])
    return {row[1]: dict(found[row[0]]) for row in rows if row[0] in found}


def facets(bench: Bench) -> dict[str, dict[str, int]]:
    return browse.facets(bench.app.db, Filter((bench.registry_id,))).values


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("addon", ("addon",)),
        ("  two\n words ", ("two words",)),
        (["aws", "gcp", "aws", ""], ("aws", "gcp")),
        (True, ("yes",)),
        ([False, 3], ("no", "3")),
        ({"status": "compliant", "basis": "x"}, ("compliant",)),
        ([{"name": "base", "images": []}, {"name": "extras"}, {}], ("base", "extras")),
        (None, ()),
        ([["nested"]], ()),
        ("x" * 999, ("x" * LONGEST_VALUE,)),
        ([str(n) for n in range(999)], tuple(str(n) for n in range(MOST_VALUES))),
    ],
)
def test_a_column_shows_short_values(fact: object, values: tuple[str, ...]) -> None:
    assert column_values(fact) == values


def test_columns_are_those_of_the_latest_version(bench: Bench) -> None:
    offer(bench, LAYER, CLOUDS, END)
    old = pack("a", layer="os", cloudTypes=["all"])
    bench.sync(old, pack("b", layer="os", eol="2030-01-01"), pack("c"), Complete(""))
    assert shown(bench) == {
        "a": {"layer": ("os",), "cloudTypes": ("all",)},
        "b": {"layer": ("os",), "eol": ("2030-01-01",)},
    }
    assert facets(bench) == {"layer": {"os": 2}, "cloudTypes": {"all": 1}}
    new = pack("a", "2.0.0", layer="addon", cloudTypes=["gcp", "aws"])
    bench.sync(old, new, pack("b", layer="os"), pack("c"), Complete(""))
    assert shown(bench) == {
        "a": {"layer": ("addon",), "cloudTypes": ("gcp", "aws")},
        "b": {"layer": ("os",)},
    }
    versions = browse.ids(bench.app.db, Filter((bench.registry_id,), rows="versions"))
    of_versions = columns.of_versions(bench.app.db, versions)
    assert [dict(of_versions[one]).get("layer") for one in versions] == [
        *[("addon",), ("os",)],
        ("os",),
        None,
    ]
    # Where the newest version is gone, the one before it is the latest again.
    bench.sync(old, pack("b", layer="os"), pack("c"), Complete(""), accept_held=True)
    assert shown(bench)["a"] == {"layer": ("os",), "cloudTypes": ("all",)}


def test_a_plugin_that_offers_other_columns_is_heard(bench: Bench) -> None:
    bench.sync(pack("a", layer="os", eol="2030", cloudTypes=["aws"]), Complete(""))
    assert shown(bench) == {}
    offer(bench, LAYER)
    assert shown(bench) == {"a": {"layer": ("os",)}}
    offer(bench, END, Column("layer", "Layer"))
    assert shown(bench) == {"a": {"layer": ("os",), "eol": ("2030",)}}
    assert facets(bench) == {}, "it is no facet any more"
    offer(bench, CLOUDS, LAYER, distribution="registrykit-another")
    assert columns.of_kinds(bench.app.db) == {"pack": (CLOUDS, LAYER, END)}
    assert facets(bench) == {"layer": {"os": 1}, "cloudTypes": {"aws": 1}}


def test_a_registry_that_is_purged_leaves_no_column_behind(bench: Bench) -> None:
    offer(bench, LAYER)
    bench.sync(pack("a", layer="os"), Complete(""))
    with bench.app.db.write() as tx:
        stored.purge_registry(tx, bench.registry_id)
    for table in ("artifact_facet", "search_text", "version"):
        assert bench.app.db.rows(f"SELECT count(*) FROM {table}")[0][0] == 0
    assert bench.app.db.rows("SELECT count(*) FROM search WHERE search MATCH '\"os\"'")[0][0] == 0
