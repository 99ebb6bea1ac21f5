"""The index files of five public repositories, compared with an independent reader."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from registrykit.events import Complete, Skip, Unchanged
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.running import collect
from registrykit.testing.servers import HelmSite
from registrykit_helm.registry import HelmRegistry

pytestmark = pytest.mark.shared

NAMES = ("argoproj", "cilium", "kedacore", "longhorn", "spectrocloud")
FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "helm"
HELM = HelmRegistry()


@pytest.fixture(scope="module", params=NAMES)
def body(request: pytest.FixtureRequest) -> bytes:
    path = FOLDER / f"{request.param}-index.yaml.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    return gzip.decompress(path.read_bytes())


def read(body: bytes) -> dict[str, Any]:
    """Read an index with nothing of ours; every scalar stays text."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    content: dict[str, Any] = yaml.load(body, Loader=loader)
    return content


def test_counts_and_digests_are_those_that_another_reader_finds(body: bytes) -> None:
    expected = read(body)
    catalog = MiniCatalog()
    with HelmSite(body) as site:
        values = {"endpoint": site.endpoint, "documents": "on-demand"}
        first = collect(HELM, values, stored=catalog)
        catalog.apply(first.events)
        second = collect(HELM, values, stored=catalog)
        changes = catalog.apply(second.events)
        assert (first.requests, second.requests) == (1, 1)
    assert not first.of(Skip)
    assert first.of(Complete)[0].prefix == ""

    entries = {
        (name, entry["version"]): entry
        for name, listed in expected["entries"].items()
        for entry in reversed(listed)
    }
    assert sum(map(len, expected["entries"].values())) == len(entries)
    found = {(event.artifact.path, event.version.version): event.version for event in first.found}
    assert len(found) == len(first.found)
    assert Counter(name for name, _ in found) == Counter(name for name, _ in entries)
    assert {key: version.digest for key, version in found.items()} == {
        key: f"sha256:{entry['digest']}" for key, entry in entries.items()
    }
    for key, version in found.items():
        entry = entries[key]
        assert list(version.urls) == entry["urls"]
        assert version.app_version == entry.get("appVersion", "")
        assert version.deprecated == (entry.get("deprecated") == "true")
        assert len(version.dependencies) == len(entry.get("dependencies", ()))

    assert second.events == (Unchanged("", None),)
    assert changes.nothing


def test_one_more_version_costs_one_chart(body: bytes) -> None:
    text = body.decode()
    name = next(iter(read(body)["entries"]))
    line = f"\n  {name}:\n"
    assert text.count(line) == 1
    more = text.replace(line, f"{line}  - version: 99.0.0\n    urls: [x.tgz]\n")
    catalog = MiniCatalog()
    with HelmSite(body) as site:
        values = {"endpoint": site.endpoint}
        catalog.apply(collect(HELM, values, stored=catalog).events)
        before = len(catalog.versions)
        site.publish(more, {})
        second = collect(HELM, values, stored=catalog)
        changes = catalog.apply(second.events)
    assert [key[1:3] for key in changes.added] == [(name, "99.0.0")]
    assert not changes.changed
    assert not changes.removed
    assert len(catalog.versions) == before + 1
    assert {event.artifact.path for event in second.found} == {name}
    assert len(second.of(Unchanged)) == len(catalog.paths) - 1
