"""The crawl of an OCI registry on the page about sync events, run from the page."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import pytest

from registrykit import Cancelled, RegistryError, RegistryType, Skip, Unchanged
from registrykit.cancel import CancelToken
from registrykit.sync import Settings
from registrykit.testing import faults
from registrykit.testing.answers import Answer, Request
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.running import Run, collect
from registrykit.testing.servers import Site

PAGE = Path(__file__).parents[3] / "docs" / "decisions" / "0002-sync-events.md"
CHART = "application/vnd.cncf.helm.config.v1+json"
PAGE_SIZE = 2


class Registry(Site):
    """A registry with `/v2/`: pages of two, manifests with their digest as ETag."""

    def __init__(self, held: Mapping[str, Mapping[str, int]]) -> None:
        super().__init__()
        self.held: dict[str, dict[str, int]] = {}
        for name, tags in held.items():
            self.push(name, **tags)
        self.put("/v2/_catalog", lambda request: _page(request, "repositories", self.held))

    def push(self, name: str, **tags: int) -> None:
        """Add tags, each with a number that stands for its content."""
        held = self.held.setdefault(name, {})
        self.put(f"/v2/{name}/tags/list", lambda request: _page(request, "tags", held))
        for spelled, content in tags.items():
            tag = spelled.strip("v").replace("_", ".")
            held[tag] = content
            layers = [{"size": content}]
            manifest = {"schemaVersion": 2, "config": {"mediaType": CHART}, "layers": layers}
            self.put(f"/v2/{name}/manifests/{tag}", json.dumps(manifest))

    def delete(self, name: str) -> None:
        del self.held[name]
        self.remove(f"/v2/{name}/tags/list")

    def lock(self, name: str) -> None:
        self.spoil(f"/v2/{name}/tags/list", faults.status(403))

    @property
    def config(self) -> dict[str, Any]:
        return {"endpoint": self.url, "base_content_path": ["prod", "lab/charts"]}

    def asked(self, part: str, status: int = 200) -> list[str]:
        """Return the paths with `part` that were answered with `status`."""
        return [one.path for one in self.log if part in one.path and one.status == status]


def _page(request: Request, key: str, names: Mapping[str, object]) -> Answer:
    last = parse_qs(request.query).get("last", [""])[0]
    left = [name for name in sorted(names) if name > last]
    shown = left[:PAGE_SIZE]
    headers = {"Content-Type": "application/json"}
    if len(left) > PAGE_SIZE:
        headers["Link"] = f'<{request.path}?n={PAGE_SIZE}&last={shown[-1]}>; rel="next"'
    return Answer(body=json.dumps({key: shown or None}).encode(), headers=headers)


@pytest.fixture(scope="module")
def sketch() -> Iterator[ModuleType]:
    """Give the code block of the page as a module."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    module = ModuleType("oci_sketch")
    sys.modules[module.__name__] = module
    try:
        exec(compile(block, str(PAGE), "exec"), module.__dict__)
        yield module
    finally:
        del sys.modules[module.__name__]


@pytest.fixture
def oci(sketch: ModuleType) -> RegistryType[Any]:
    registry_type: RegistryType[Any] = sketch.OciRegistry()
    return registry_type


@pytest.fixture
def registry() -> Iterator[Registry]:
    held = {
        "prod/a": {"v1_0": 10, "v1_1": 11, "v1_2": 12},
        "prod/b": {"v2_0": 20},
        "prod/team/c": {"v3_0": 30},
        "production/x": {"v9_0": 90},
        "lab/charts/d": {"v4_0": 40},
        "lab/images/y": {"v9_0": 90},
    }
    with Registry(held) as serving:
        yield serving


def tags(catalog: MiniCatalog) -> dict[str, list[str]]:
    """Return the stored tags of each path."""
    found: dict[str, list[str]] = {}
    for _, path, _, tag in sorted(catalog.versions):
        found.setdefault(path, []).append(tag)
    return found


EVERYTHING = {
    "lab/charts/d": ["4.0"],
    "prod/a": ["1.0", "1.1", "1.2"],
    "prod/b": ["2.0"],
    "prod/team/c": ["3.0"],
}


def test_the_page_has_about_a_hundred_lines_of_code(sketch: ModuleType) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    lines = [line for line in block.splitlines() if line.strip()]
    assert 80 <= len(lines) <= 120


def test_a_first_run_reads_every_page_of_both_base_paths(
    oci: RegistryType[Any], registry: Registry
) -> None:
    catalog = MiniCatalog()
    catalog.apply(collect(oci, registry.config).events)
    assert tags(catalog) == EVERYTHING
    assert len(registry.asked("_catalog")) == 3
    assert len(registry.asked("prod/a/tags/list")) == 2
    assert set(catalog.artifacts) == {("chart", path) for path in EVERYTHING}


def test_a_second_run_reads_no_manifest_again(oci: RegistryType[Any], registry: Registry) -> None:
    catalog = first_run(oci, registry)
    run = collect(oci, registry.config, stored=catalog)
    assert catalog.apply(run.events).nothing
    assert [event.prefix for event in run.of(Unchanged)] == [
        "prod/a",
        "prod/b",
        "prod/team/c",
        "lab/charts/d",
    ]
    assert registry.asked("/manifests/") == []
    assert len(registry.asked("/manifests/", 304)) == 6


def test_one_tag_that_moved_is_the_only_one_read_again(
    oci: RegistryType[Any], registry: Registry
) -> None:
    catalog = first_run(oci, registry)
    registry.push("prod/a", v1_1=99, v1_3=13)
    changes = catalog.apply(collect(oci, registry.config, stored=catalog).events)
    assert [key[3] for key in changes.changed] == ["1.1"]
    assert [key[3] for key in changes.added] == ["1.3"]
    assert not changes.removed
    assert registry.asked("/manifests/") == [
        "/v2/prod/a/manifests/1.1",
        "/v2/prod/a/manifests/1.3",
    ]


def test_a_repository_that_answers_403_is_kept_and_the_others_go_on(
    oci: RegistryType[Any], registry: Registry
) -> None:
    catalog = first_run(oci, registry)
    registry.lock("prod/a")
    registry.delete("prod/b")
    run = collect(oci, registry.config, stored=catalog)
    changes = catalog.apply(run.events)
    assert [skip.ref.path for skip in changes.skipped] == ["prod/a"]
    assert [key[1] for key in changes.removed] == ["prod/b"]
    assert tags(catalog) == {path: held for path, held in EVERYTHING.items() if path != "prod/b"}
    registry.mend()
    again = collect(oci, registry.config, stored=catalog)
    assert catalog.apply(again.events).nothing
    assert not again.of(Skip)


def test_an_interrupted_run_is_resumed_without_what_it_has_stored(
    oci: RegistryType[Any], registry: Registry
) -> None:
    catalog = MiniCatalog()
    registry.push("lab/charts/e", v5_0=50)
    registry.spoil("/v2/lab/charts/e/tags/list", faults.status(500))
    run = collect(oci, registry.config, stored=catalog, raises=False)
    assert isinstance(run.error, RegistryError)
    assert not catalog.apply(run.events, finished=False).removed
    assert catalog.completed == ("prod/a", "prod/b", "prod/team/c", "prod", "lab/charts/d")

    registry.mend()
    registry.forget()
    rest = resumed(oci, registry, catalog)
    catalog.apply(rest.events)
    assert tags(catalog) == EVERYTHING | {"lab/charts/e": ["5.0"]}
    assert registry.asked("/prod/") == []
    assert registry.asked("/lab/charts/d/") == []
    assert not catalog.completed


def test_what_vanished_before_the_interruption_goes_at_the_end_of_the_resumed_run(
    oci: RegistryType[Any], registry: Registry
) -> None:
    catalog = first_run(oci, registry)
    registry.delete("prod/b")
    registry.spoil("/v2/lab/charts/d/tags/list", faults.status(500))
    run = collect(oci, registry.config, stored=catalog, raises=False)
    catalog.apply(run.events, finished=False)
    assert tags(catalog) == EVERYTHING
    registry.mend()
    changes = catalog.apply(resumed(oci, registry, catalog).events)
    assert [key[1] for key in changes.removed] == ["prod/b"]


def test_cancelling_removes_nothing(oci: RegistryType[Any], registry: Registry) -> None:
    catalog = first_run(oci, registry)
    registry.delete("prod/b")
    token = CancelToken()

    def cancelling(request: Request) -> Answer:
        token.cancel()
        return Answer(body=b"{}")

    registry.put("/v2/prod/team/c/tags/list", cancelling)
    run = collect(oci, registry.config, stored=catalog, cancel=token, raises=False)
    assert isinstance(run.error, Cancelled)
    catalog.apply(run.events, finished=False)
    assert tags(catalog) == EVERYTHING


def test_pages_that_repeat_end_the_run(oci: RegistryType[Any], registry: Registry) -> None:
    link = {"Link": '</v2/_catalog?n=1000>; rel="next"'}
    registry.put("/v2/_catalog", Answer(body=b'{"repositories": ["prod/a"]}', headers=link))
    with pytest.raises(RegistryError, match="repeats"):
        collect(oci, registry.config)


def first_run(oci: RegistryType[Any], registry: Registry) -> MiniCatalog:
    catalog = MiniCatalog()
    catalog.apply(collect(oci, registry.config).events)
    registry.forget()
    return catalog


def resumed(oci: RegistryType[Any], registry: Registry, catalog: MiniCatalog) -> Run:
    settings = Settings(completed=catalog.completed)
    return collect(oci, registry.config, stored=catalog, settings=settings)
