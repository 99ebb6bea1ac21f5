"""The 21 real Zarf definitions, published as Zarf does and listed by the real program.

skopeo and PyYAML say what is to be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from registrykit.testing.docker_registry import DockerRegistry
from tests.conftest import Needs
from tests.e2e.layouts import (
    TITLE,
    ZarfBuild,
    build_zarf,
    push_container_image,
    push_old_zarf,
    push_zarf,
)
from tests.e2e.oci_worlds import (
    Door,
    Served,
    add_oci,
    answers,
    doors,
    listed,
    manifest_by_skopeo,
    synchronized,
    zarf_definitions,
)
from tests.program import Program

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.shared]

PATH = "acme/zarf"
BELOW = ("--set", f"base_content_path={PATH}")
ZARF = ("--set", "provider_type=zarf", *BELOW)
# What newer definitions may have and this program has never heard of.
UNHEARD = {"futureField": {"kept": ["as", "it", "is"]}}
ARCHITECTURES = ("amd64", "arm64", "skeleton")

Builds = dict[str, dict[str, dict[str, ZarfBuild]]]


@dataclass(frozen=True)
class World:
    """What was published, by name, tag and architecture."""

    builds: Builds
    served: dict[Door, Served]


@pytest.fixture(scope="module")
def world(
    shared_data: Path, needs_program: Needs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    needs_program("docker-registry")
    needs_program("skopeo")
    folder = tmp_path_factory.mktemp("registries")
    builds: Builds = {}
    with DockerRegistry(folder / "open") as server:
        for written in zarf_definitions(shared_data):
            definition = {**written, **UNHEARD}
            for flavor in flavors(definition):
                made = [build_zarf(definition, one, flavor) for one in ARCHITECTURES]
                push_zarf(server, PATH, made)
                by_tag = builds.setdefault(definition["metadata"]["name"], {})
                by_tag[made[0].tag] = {one.architecture: one for one in made}
        push_container_image(server, f"{PATH}/builder", "1.0", "amd64")
        with doors(server, folder) as served:
            yield World(builds, served)


def flavors(definition: dict[str, Any]) -> list[str]:
    found = {(one.get("only") or {}).get("flavor", "") for one in definition["components"]}
    return sorted(found - {""}) or [""]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "data")


@pytest.mark.parametrize(("door", "provider"), [("token", "zarf"), ("open", "any")])
def test_every_package_is_listed(world: World, door: Door, provider: str, program: Program) -> None:
    served = world.served[door]
    given = served.sign_in(program, "zarf")
    before = len(served.server.asked())
    add_oci(program, "zarf", served.host, *BELOW, "--set", f"provider_type={provider}", *given)
    run = synchronized(program, "zarf")
    asked = served.requests_since(before)
    tags = sum(map(len, world.builds.values()))
    assert (run["outcome"], run["skipped"]) == ("ok", 0)
    others = 1 if provider == "any" else 0
    assert (run["artifacts"], run["versions"]) == (21 + others, tags + others)

    packages = listed(program, "zarf", "--kind", "zarf")
    assert {one["path"] for one in packages} == {f"{PATH}/{name}" for name in world.builds}
    shown = answers(
        program, [("catalog", "show", "--registry", "zarf", one["path"]) for one in packages]
    )
    small = set()
    for one, answer in zip(packages, shown, strict=True):
        versions = {version["version"]: version for version in answer["artifact"]["versions"]}
        assert set(versions) == set(world.builds[one["name"]])
        for tag, version in versions.items():
            builds = world.builds[one["name"]][tag]
            require_same(version, builds)
            digest, index = manifest_by_skopeo(served, f"{one['path']}:{tag}")
            assert version["digest"] == digest
            architectures = [entry["platform"]["architecture"] for entry in index["manifests"]]
            assert shown_architectures(version) == sorted(architectures)
            for entry in index["manifests"]:
                _, manifest = manifest_by_skopeo(served, f"{one['path']}@{entry['digest']}")
                small |= small_blobs(manifest)
        described = builds["amd64"].definition["metadata"].get("description", "")
        assert one["description"] == described.strip()
    fetched = {line.split("/blobs/")[1].split()[0] for line in asked if "/blobs/" in line}
    own = {blob for blob in fetched if blob in small}
    assert len(fetched - own) <= others, "more than the small files was fetched"

    before = len(served.server.asked())
    again = synchronized(program, "zarf")
    assert again["outcome"] == "unchanged"
    asked = served.requests_since(before)
    assert sum("/tags/list" in line for line in asked) == len(world.builds) + 1
    assert all("/tags/list" in line or "/v2/_catalog" in line for line in asked)


def shown_architectures(version: dict[str, Any]) -> list[str]:
    """Return them with the skeleton, which is none of them and is said for itself."""
    extra = version["extra"]
    return sorted([*extra["architectures"], *(["skeleton"] if extra.get("skeleton") else [])])


def small_blobs(manifest: dict[str, Any]) -> set[str]:
    """Return the digests of the files that say what a package is, and of its config."""
    return {manifest["config"]["digest"]} | {
        layer["digest"]
        for layer in manifest["layers"]
        if layer["annotations"][TITLE] in ("zarf.yaml", "checksums.txt", "values.yaml")
    }


def require_same(version: dict[str, Any], builds: dict[str, ZarfBuild]) -> None:
    """Compare what is said of a version with the definition that was published."""
    extra = version["extra"]
    candidates = [build.definition for build in builds.values()]
    names = [[component["name"] for component in one["components"]] for one in candidates]
    assert [component["name"] for component in extra["components"]] in names
    definition = candidates[names.index([one["name"] for one in extra["components"]])]
    assert extra["components"] == definition["components"]
    for key in ("kind", "futureField", "constants", "variables", "values", "documentation"):
        assert extra.get(key) == definition.get(key), key
    images = [name for one in definition["components"] for name in one.get("images") or ()]
    assert extra.get("images", []) == list(dict.fromkeys(images))
    assert extra.get("flavor") == definition["build"].get("flavor")
    assert "problems" not in extra or "not known here" in " ".join(extra["problems"])


def test_the_definition_and_the_manifest_are_documents(world: World, program: Program) -> None:
    served = world.served["open"]
    add_oci(program, "zarf", served.host, *ZARF)
    synchronized(program, "zarf")
    where = ("catalog", "document", "--registry", "zarf", f"{PATH}/dos-games", "1.3.0")
    text = program.json(*where, "metadata", "--fetch")["document"]["text"]
    builds = world.builds["dos-games"]["1.3.0"]
    assert yaml.safe_load(text) in [build.definition for build in builds.values()]
    manifest = program.json(*where, "manifest", "--fetch")["document"]["text"]
    _, index = manifest_by_skopeo(served, f"{PATH}/dos-games:1.3.0")
    assert yaml.safe_load(manifest) == index


def test_tags_with_an_architecture_are_read_too(
    shared_data: Path, needs_program: Needs, program: Program, tmp_path: Path
) -> None:
    needs_program("docker-registry")
    (written,) = (
        one for one in zarf_definitions(shared_data) if one["metadata"]["name"] == "dos-games"
    )
    with DockerRegistry(tmp_path / "registry") as server:
        for architecture in ("amd64", "arm64"):
            push_old_zarf(server, PATH, build_zarf(written, architecture))
        add_oci(program, "old", server.url, *ZARF)
        run = synchronized(program, "old")
        shown = program.json("catalog", "show", "--registry", "old", f"{PATH}/dos-games")
    assert (run["outcome"], run["artifacts"]) == ("ok", 1)
    assert {
        (version["version"], *version["extra"]["architectures"])
        for version in shown["artifact"]["versions"]
    } == {("1.3.0-amd64", "amd64"), ("1.3.0-arm64", "arm64")}
