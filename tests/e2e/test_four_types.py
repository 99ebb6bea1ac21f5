"""All four types of registries in one program: one form, one command line, catalog and search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registrykit.testing.docker_registry import DockerRegistry
from registrykit.testing.pack_sites import LegacyPackSite
from registrykit.testing.servers import HelmSite
from tests.charts import Charts, archive
from tests.conftest import Needs
from tests.e2e.layouts import (
    build_zarf,
    push_chart,
    push_container_image,
    push_pack_by_newer_oras,
    push_zarf,
    tar_gz,
)
from tests.e2e.oci_worlds import listed
from tests.program import Program

pytestmark = [pytest.mark.e2e, pytest.mark.real]

TYPES = ("helm", "legacy-pack", "oci", "vertex-nonfips")
ZARF = {
    "kind": "ZarfPackageConfig",
    "metadata": {"name": "beacon-zarf", "version": "1.0.0", "description": "A beacon, wrapped"},
    "components": [{"name": "beacon", "required": True, "images": ["beacon:1.0.0"]}],
}


def pack(version: str) -> dict[str, bytes]:
    described = {
        "name": "beacon-pack",
        "displayName": "Beacon Pack",
        "version": version,
        "layer": "addon",
        "addonType": "monitoring",
        "cloudTypes": ["all"],
        "annotations": {"source": "community"},
    }
    return {
        "pack.json": json.dumps(described).encode(),
        "values.yaml": b"pack:\n  content:\n    images:\n    - image: quay.io/beacon:1\n",
        "README.md": b"# Beacon\n\nLights the shore.\n",
        "logo.png": b"\x89PNG\r\n\x1a\n" + bytes(24),
    }


@dataclass(frozen=True)
class World:
    program: Program
    values: dict[str, dict[str, Any]]
    """What is entered for one registry of each type."""


@pytest.fixture(scope="module")
def world(needs_program: Needs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    needs_program("docker-registry")
    folder = tmp_path_factory.mktemp("four")
    charts = Charts()
    charts.add("beacon-chart", "1.0.0", "1.1.0", description="A beacon on a hill")
    with ExitStack() as stack:
        helm = stack.enter_context(HelmSite(charts.index, charts.files))
        legacy = stack.enter_context(LegacyPackSite())
        legacy.push("beacon-pack", "1.0.0", pack("1.0.0"))
        server = stack.enter_context(DockerRegistry(folder / "registry"))
        for base in ("acme", "nonfips"):
            place = f"{base}/spectro-packs/archive/beacon-pack"
            push_pack_by_newer_oras(server, place, "1.0.0", tar_gz(pack("1.0.0"), base))
        push_chart(server, "acme/charts", archive("beacon-chart", "1.0.0"))
        push_zarf(server, "acme/zarf", [build_zarf(ZARF, one) for one in ("amd64", "arm64")])
        push_container_image(server, "acme/images/beacon-image", "1.0", "amd64")
        program = Program(folder / "data")
        program.json("env", "add", "federal", "--edition", "vertex")
        yield World(
            program,
            {
                "helm": {"endpoint": helm.endpoint},
                "legacy-pack": {"endpoint": legacy.endpoint, "auth": "none"},
                "oci": {"endpoint": server.url, "base_content_path": ["acme"]},
                "vertex-nonfips": {
                    "preset": "custom",
                    "endpoint": server.url,
                    "auth": "basic",
                    "base_content_path": ["nonfips"],
                },
            },
        )


def ask(world: World, *words: str, code: int = 0) -> Any:
    return world.program.json("--env", "federal", *words, code=code)


@pytest.fixture(scope="module")
def filled(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Add a registry of each type with one and the same command, and synchronize all."""
    folder = tmp_path_factory.mktemp("files")
    for type_id in TYPES:
        file = folder / f"{type_id}.toml"
        lines = [f'type = "{type_id}"', f'name = "my-{type_id}"', "[values]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in world.values[type_id].items()]
        file.write_text("\n".join(lines))
        added = ask(world, "registry", "add", "--from-file", str(file), "--confirm")
        assert added["registry"]["type"] == type_id
        assert "failed" not in {check["verdict"] for check in added["checks"]}, added["checks"]
    runs = ask(world, "sync", "--all")["runs"]
    assert {run["registry"]: run["outcome"] for run in runs} == {
        f"my-{type_id}": "ok" for type_id in TYPES
    }
    return world


def test_every_type_describes_its_form_in_the_same_way(world: World) -> None:
    types = {one["id"]: one for one in ask(world, "registry", "types")["types"]}
    assert set(types) >= set(TYPES)
    shapes = {tuple(types[type_id]) for type_id in TYPES}
    assert len(shapes) == 1
    for type_id in TYPES:
        names = {field["name"] for field in types[type_id]["fields"]}
        assert names >= set(world.values[type_id])
        assert len({tuple(field) for field in types[type_id]["fields"]}) == 1
    offered = {type_id: set(types[type_id]["editions"]) for type_id in TYPES}
    assert offered["vertex-nonfips"] == {"vertex", "vertex-airgap"}
    assert offered["helm"] == offered["oci"] == offered["legacy-pack"] > offered["vertex-nonfips"]


def test_a_type_is_refused_where_the_edition_does_not_have_it(world: World) -> None:
    values = world.values["vertex-nonfips"]
    given = [
        word
        for key, value in values.items()
        for word in ("--set", f"{key}={value if isinstance(value, str) else ','.join(value)}")
    ]
    words = ("registry", "add", "vertex-nonfips", "--name", "x", "--confirm", *given)
    refused = world.program.json("--env", "default", *words, code=2)
    assert refused["error"]["remedy"]
    unconfirmed = [word for word in words if word != "--confirm"]
    refused = ask(world, *unconfirmed, code=2)
    assert refused["error"]["code"] == "confirmation-needed"
    for environment in ("default", "federal"):
        found = world.program.json("--env", environment, "registry", "list")["registries"]
        assert "x" not in {row["name"] for row in found}


def test_one_catalog_lists_them_by_kind(filled: World) -> None:
    wanted = {
        "my-helm": {("chart", "beacon-chart")},
        "my-legacy-pack": {("pack", "beacon-pack")},
        "my-oci": {
            ("chart", "beacon-chart"),
            ("pack", "beacon-pack"),
            ("zarf", "beacon-zarf"),
            ("image", "beacon-image"),
        },
        "my-vertex-nonfips": {("pack", "beacon-pack")},
    }
    for name, expected in wanted.items():
        found = listed(filled.program, name, "--env", "federal")
        assert {(one["kind"], one["name"]) for one in found} == expected
        for kind in ("chart", "pack", "zarf", "image"):
            of_kind = listed(filled.program, name, "--env", "federal", "--kind", kind)
            assert {one["kind"] for one in of_kind} <= {kind}
            assert len(of_kind) == sum(kind == one for one, _ in expected)


def test_one_search_finds_all_of_them(filled: World) -> None:
    found = ask(filled, "search", "beacon", "--limit", "50")
    assert {(hit["registry"], hit["kind"]) for hit in found["hits"]} == {
        ("my-helm", "chart"),
        ("my-legacy-pack", "pack"),
        ("my-oci", "chart"),
        ("my-oci", "pack"),
        ("my-oci", "zarf"),
        ("my-oci", "image"),
        ("my-vertex-nonfips", "pack"),
    }
    packs = ask(filled, "search", "beacon", "--kind", "pack")["hits"]
    assert {hit["registry"] for hit in packs} == {"my-legacy-pack", "my-oci", "my-vertex-nonfips"}
    by_text = ask(filled, "search", "lights", "shore")["hits"]
    assert {hit["registry"] for hit in by_text} == {hit["registry"] for hit in packs}
    by_image = ask(filled, "search", "quay.io/beacon")["hits"]
    assert {hit["kind"] for hit in by_image} == {"pack"}


def test_a_pack_is_the_same_whichever_type_brought_it(filled: World) -> None:
    facts = []
    for name in ("my-legacy-pack", "my-oci", "my-vertex-nonfips"):
        shown = ask(filled, "catalog", "show", "--registry", name, "beacon-pack")
        (version,) = shown["artifact"]["versions"]
        assert shown["artifact"]["display_name"] == "Beacon Pack"
        extra = version["extra"]
        facts.append(
            {key: extra.get(key) for key in ("layer", "addonType", "cloudTypes", "images")}
        )
        where = ("catalog", "document", "--registry", name, "beacon-pack", "1.0.0", "readme")
        assert ask(filled, *where, "--fetch")["document"]["text"].startswith("# Beacon")
    assert facts[0] == facts[1] == facts[2]
    assert facts[0]["images"] == ["quay.io/beacon:1"]


def test_every_type_saves_and_is_synchronized_again(filled: World, tmp_path: Path) -> None:
    for name, artifact in (
        ("my-helm", "beacon-chart"),
        ("my-legacy-pack", "beacon-pack"),
        ("my-oci", "beacon-pack"),
        ("my-vertex-nonfips", "beacon-pack"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        given = ("catalog", "save", "--registry", name, artifact, "1.0.0", "--to", str(folder))
        saved = ask(filled, *given)
        assert Path(saved["path"]).stat().st_size == saved["size"] > 0
    runs = ask(filled, "sync", "--all")["runs"]
    assert {run["outcome"] for run in runs} == {"unchanged"}
