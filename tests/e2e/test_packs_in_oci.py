"""The 113 public packs in a real OCI registry, read by the real program through every sign-in.

The package oras pushes them; tarfile, json, PyYAML and skopeo say what is to be found.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from registrykit.oci.ecr import AwsKeys
from registrykit.testing.docker_registry import DockerRegistry
from registrykit.testing.ecr import AwsUser, EcrSite
from registrykit.testing.servers import Site
from tests.conftest import Needs
from tests.e2e.layouts import (
    push_base,
    push_container_image,
    push_pack_by_newer_oras,
    push_pack_by_oras,
    tar_gz,
)
from tests.e2e.names_proxy import NamesProxy
from tests.e2e.oci_worlds import (
    DOORS,
    Door,
    PublicPack,
    Served,
    add_oci,
    answers,
    doors,
    files_by_oras,
    listed,
    manifest_by_skopeo,
    public_packs,
    synchronized,
)
from tests.program import Program

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.shared]

ARCHIVE = "spectro-packs/archive"
PACKS = ("--set", "provider_type=pack")


@dataclass(frozen=True)
class World:
    """`acme` has the packs as oras 1.0 lays them out, `beta` the same as later ones do."""

    packs: list[PublicPack]
    served: dict[Door, Served]

    @property
    def names(self) -> set[str]:
        return {pack.name for pack in self.packs}


@pytest.fixture(scope="module")
def world(
    shared_data: Path, needs_program: Needs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    needs_program("docker-registry")
    needs_program("skopeo")
    folder = tmp_path_factory.mktemp("registries")
    packs = public_packs(shared_data)
    with DockerRegistry(folder / "open") as server:
        push_base(server, f"acme/{ARCHIVE}")
        for pack in packs:
            place = f"acme/{ARCHIVE}/{pack.name}"
            push_pack_by_oras(server, place, pack.version, pack.archive, folder)
            place = f"beta/{ARCHIVE}/{pack.name}"
            push_pack_by_newer_oras(server, place, pack.version, pack.archive)
        with doors(server, folder) as served:
            yield World(packs, served)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "data")


@pytest.mark.parametrize("door", DOORS)
def test_every_pack_is_there(world: World, door: Door, program: Program, tmp_path: Path) -> None:
    served = world.served[door]
    begun = len(served.server.asked())
    given = served.sign_in(program, "packs")
    added = add_oci(
        program, "packs", served.host, *PACKS, "--set", "base_content_path=acme", *given
    )
    assert {check["verdict"] for check in added["checks"]} <= {"ok", "skipped", "not-needed"}
    assert program.json("registry", "check", "packs")["ok"] is True
    run = synchronized(program, "packs")
    assert (run["outcome"], run["code"], run["skipped"]) == ("ok", "", 0)
    assert (run["artifacts"], run["versions"]) == (len(world.names), 113)
    assert run["added"] == 113
    # Nothing outside of the base path is looked into.
    assert not [line for line in served.requests_since(begun) if "/beta/" in line]

    artifacts = listed(program, "packs")
    assert {one["kind"] for one in artifacts} == {"pack"}
    assert {one["path"] for one in artifacts} == {f"acme/{ARCHIVE}/{n}" for n in world.names}
    require_same(program, "packs", world.packs, "acme", every=1 if door == "open" else 8)
    saved = program.json(
        "catalog", "save", "--registry", "packs", "argo-cd", "3.26.7", "--to", str(tmp_path)
    )
    (pulled,) = files_by_oras(
        world.served["open"].server, f"acme/{ARCHIVE}/argo-cd:3.26.7", tmp_path / "oras"
    ).values()
    assert Path(saved["path"]).read_bytes() == pulled

    before = len(served.server.asked())
    again = synchronized(program, "packs")
    require_cheap(again, served.requests_since(before), len(world.names))
    assert (again["artifacts"], again["versions"]) == (len(world.names), 113)


def test_any_provider_finds_the_same_packs(world: World, program: Program) -> None:
    served = world.served["open"]
    add_oci(program, "all", served.host, "--set", "base_content_path=acme")
    run = synchronized(program, "all")
    assert (run["outcome"], run["artifacts"], run["versions"]) == ("ok", len(world.names), 113)
    assert {one["kind"] for one in listed(program, "all")} == {"pack"}
    require_same(program, "all", world.packs, "acme", every=8)
    before = len(served.server.asked())
    # The empty artifact above the packs is a repository as well.
    require_cheap(synchronized(program, "all"), served.requests_since(before), len(world.names) + 1)


def test_two_base_paths_with_the_same_names(world: World, program: Program) -> None:
    served = world.served["open"]
    paths = ("--set", "base_content_path=acme,beta")
    add_oci(program, "both", served.host, *PACKS, *paths)
    run = synchronized(program, "both")
    assert run["outcome"] == "ok"
    assert (run["artifacts"], run["versions"]) == (2 * len(world.names), 226)
    artifacts = listed(program, "both")
    for base in ("acme", "beta"):
        under = {one["name"] for one in artifacts if one["path"].startswith(f"{base}/")}
        assert under == world.names
        require_same(program, "both", world.packs, base, every=8)
    # One and the same archive under two manifests, and the program says so.
    place = f"acme/{ARCHIVE}/argo-cd"
    shown = program.json("catalog", "show", "--registry", "both", place, "3.26.7")
    (also,) = (one for one in shown["sections"] if one["kind"] == "siblings")
    (other,) = also["content"]
    assert (other["path"], other["bytes"]) == (f"beta/{ARCHIVE}/argo-cd", "same")
    assert other["digest"] != shown["artifact"]["versions"][0]["digest"]
    before = len(served.server.asked())
    require_cheap(
        synchronized(program, "both"), served.requests_since(before), 2 * len(world.names)
    )


def test_a_doubled_segment_is_named_with_its_cure(world: World, program: Program) -> None:
    served = world.served["open"]
    wrong = ("--set", "base_content_path=acme/spectro-packs")
    added = add_oci(program, "wrong", served.host, *PACKS, *wrong)
    (warned,) = (check for check in added["checks"] if check["verdict"] == "warning")
    for text in ("spectro-packs/spectro-packs/archive", "ends in `spectro-packs`", "`acme`"):
        assert text in f"{warned['message']} {warned['remedy']}"
    run = synchronized(program, "wrong")
    assert (run["artifacts"], run["versions"]) == (0, 0)
    told = program.json("registry", "show", "wrong")["registry"]["message"]
    assert told.startswith("Synchronized, 0 packs: the base content path ends in `spectro-packs`")
    assert told.endswith("Use `acme`.")
    program.json("registry", "edit", "wrong", "--set", "base_content_path=acme")
    cured = synchronized(program, "wrong")
    assert (cured["artifacts"], cured["versions"]) == (len(world.names), 113)


@pytest.mark.parametrize("provider", ["helm", "zarf"])
def test_nothing_of_a_pack_is_fetched_for_what_lists_none(
    world: World, program: Program, provider: str
) -> None:
    served = world.served["open"]
    given = ("--set", f"provider_type={provider}", "--set", "base_content_path=acme", "--no-check")
    add_oci(program, "other", served.host, *given)
    before = len(served.server.asked())
    run = synchronized(program, "other")
    assert (run["artifacts"], run["versions"], run["skipped"]) == (0, 0, 0)
    assert "Packs (113)" in program.json("registry", "show", "other")["registry"]["message"]
    assert not [line for line in served.requests_since(before) if "/blobs/" in line]


def test_what_is_known_by_digest_is_not_fetched_again(
    world: World, program: Program, tmp_path: Path
) -> None:
    packs = world.packs[:4]
    with DockerRegistry(tmp_path / "registry") as server:
        served = Served("open", server, None)
        for pack in packs:
            place = f"acme/{ARCHIVE}/{pack.name}"
            push_pack_by_newer_oras(server, place, pack.version, pack.archive)
        # An image among the packs is none of them.
        push_container_image(server, f"acme/{ARCHIVE}/builder", "1.0", "amd64")
        add_oci(program, "team", served.host, *PACKS, "--set", "base_content_path=acme")
        first = synchronized(program, "team")
        assert first["versions"] == len({(pack.name, pack.version) for pack in packs})

        pack = packs[0]
        place = f"acme/{ARCHIVE}/{pack.name}"
        files = {**pack.files, "pack.json": described(pack, version="99.0.0")}
        push_pack_by_newer_oras(server, place, "99.0.0", tar_gz(files, "any-folder"))
        before = len(server.asked())
        second = synchronized(program, "team")
        asked = served.requests_since(before)
        blobs = [line for line in asked if "/blobs/" in line]
        assert (second["outcome"], second["added"], second["changed"]) == ("ok", 1, 0)
        assert [line.split("/blobs/")[0] for line in blobs] == [f"GET /v2/{place}"]
        assert all("/tags/list" in line or "/_catalog" in line or place in line for line in asked)


def test_packs_in_amazon_ecr_under_its_real_name(
    shared_data: Path, program: Program, tmp_path: Path
) -> None:
    packs = public_packs(shared_data)
    keys = AwsKeys("AKIAEXAMPLE", "c4nary/secret+key")
    with EcrSite("123456789012.dkr.ecr.us-east-1.amazonaws.com", AwsUser(keys)) as site:
        for pack in packs:
            place = f"production/{ARCHIVE}/{pack.name}"
            push_pack_by_newer_oras(site, place, pack.version, pack.archive)
        (tmp_path / "ca.pem").write_text(site.ca_certificate)
        places: dict[str, Site] = {f"{name}:443": one for name, one in site.names.items()}
        with NamesProxy(places) as proxy:
            program.env["REGISTRY_DESKTOP_SECRET_ECR_SECRET_KEY"] = keys.secret_key
            added = program.json(
                *("--proxy", proxy.url, "registry", "add", "oci", "--name", "ecr", *PACKS),
                *("--set", f"endpoint={site.ecr.host}", "--set", "base_content_path=production"),
                *("--set", "auth=ecr", "--set", f"access_key={keys.access_key}"),
                *("--secret", "secret_key=env:REGISTRY_DESKTOP_SECRET_ECR_SECRET_KEY"),
                *("--set", f"ca_certificate=@{tmp_path / 'ca.pem'}"),
            )
            assert "failed" not in {check["verdict"] for check in added["checks"]}
            (first,) = program.json("--proxy", proxy.url, "sync", "ecr")["runs"]
            assert (first["outcome"], first["versions"]) == ("ok", 113)
            assert site.called("DescribeRepositories")
            require_same(program, "ecr", packs, "production", every=8)
            site.forget()
            (second,) = program.json("--proxy", proxy.url, "sync", "ecr")["runs"]
            assert (second["outcome"], second["versions"]) == ("unchanged", 113)
            asked = [one.path for one in site.log if one.status == 200]
            assert not [path for path in asked if "/manifests/" in path or "/blobs/" in path]
            assert sum("/tags/list" in path for path in asked) == first["artifacts"]
        assert all(name in places for name in proxy.asked)
        assert not [one for one in site.log if keys.secret_key in f"{one.path} {one.headers}"]


def described(pack: PublicPack, **changes: str) -> bytes:
    return json.dumps({**pack.described, **changes}).encode()


def require_cheap(run: dict[str, Any], asked: Iterable[str], repositories: int) -> None:
    """Require a run that found nothing new: the list, and one request for each repository."""
    lines = list(asked)
    assert (run["outcome"], run["added"], run["changed"], run["removed"]) == ("unchanged", 0, 0, 0)
    lists = [line for line in lines if "/v2/_catalog" in line]
    tags = [line for line in lines if "/tags/list" in line]
    assert len(tags) == len(set(tags)) == repositories
    assert len(lists) <= 4
    rest = [line for line in lines if line not in lists and line not in tags]
    assert not rest, rest[:3]


def require_same(
    program: Program, name: str, packs: list[PublicPack], base: str, *, every: int
) -> None:
    """Compare what the program says of the packs under `base` with their own files.

    The documents are compared of every so many packs, the facts of all.
    """
    paths = sorted({f"{base}/{ARCHIVE}/{pack.name}" for pack in packs})
    shown = answers(program, [("catalog", "show", "--registry", name, path) for path in paths])
    found = {
        (one["artifact"]["path"].rpartition("/")[2], version["version"]): (one, version)
        for one in shown
        for version in one["artifact"]["versions"]
    }
    assert set(found) == {(pack.name, pack.version) for pack in packs}
    wanted = []
    for number, pack in enumerate(packs):
        one, version = found[pack.name, pack.version]
        require_same_facts(version, pack)
        if one["artifact"]["latest"] == pack.version:
            assert one["artifact"]["display_name"] == pack.described["displayName"]
        place = ("catalog", "document", "--registry", name, f"{base}/{ARCHIVE}/{pack.name}")
        names = held(pack) if number % every == 0 else []
        wanted += [(pack, document, (*place, pack.version, document)) for document in names]
    documents = answers(program, [words for _, _, words in wanted])
    for (pack, document, _), answer in zip(wanted, documents, strict=True):
        text = answer["document"]["text"]
        if document == "logo":
            assert answer["document"]["media_type"].startswith("image/")
            assert base64.b64decode(text) == pack.files["logo.png"]
        else:
            assert text == pack.text(FILES[document])


FILES = {
    "readme": "README.md",
    "values": "values.yaml",
    "schema": "schema.yaml",
    "presets": "presets.yaml",
    "metadata": "pack.json",
}


def held(pack: PublicPack) -> list[str]:
    """Return which documents of a pack there are; empty files are none."""
    names = [name for name, file in FILES.items() if pack.files.get(file)]
    return [*names, *(["logo"] if len(pack.files["logo.png"]) <= 256 * 1024 else [])]


def require_same_facts(version: dict[str, Any], pack: PublicPack) -> None:
    extra, said = version["extra"], pack.described
    for key in ("layer", "addonType", "cloudTypes", "charts", "kubeManifests", "annotations"):
        assert extra.get(key) == said.get(key), (pack.name, key)
    asked = said.get("constraints", {}).get("dependencies", [])
    dependencies = extra.get("dependencies", [])
    assert [one["name"] for one in dependencies] == [one["packName"] for one in asked]
    values = yaml.safe_load(pack.files["values.yaml"]) or {}
    content = (values.get("pack") or {}).get("content") or {}
    images = dict.fromkeys(image["image"] for image in content.get("images") or [])
    assert extra.get("images", []) == list(images)


def test_the_digests_are_those_that_skopeo_sees(world: World, program: Program) -> None:
    served = world.served["password"]
    given = served.sign_in(program, "packs")
    add_oci(program, "packs", served.host, *PACKS, "--set", "base_content_path=acme", *given)
    synchronized(program, "packs")
    some = world.packs[::9]
    paths = [f"acme/{ARCHIVE}/{pack.name}" for pack in some]
    shown = answers(program, [("catalog", "show", "--registry", "packs", path) for path in paths])
    for pack, path, one in zip(some, paths, shown, strict=True):
        digest, manifest = manifest_by_skopeo(served, f"{path}:{pack.version}")
        (version,) = (v for v in one["artifact"]["versions"] if v["version"] == pack.version)
        assert version["digest"] == digest
        assert version["size"] == manifest["layers"][0]["size"] == len(pack.archive)
        (layer,) = manifest["layers"]
        title = layer["annotations"]["org.opencontainers.image.title"]
        assert title == f"{pack.name}-{pack.version}.tar.gz"
