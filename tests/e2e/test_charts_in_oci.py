"""The same charts in a Helm repository and in a real OCI registry are the same to the program."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from registrykit.testing.docker_registry import DockerRegistry
from registrykit.testing.servers import HelmSite
from tests.charts import archive
from tests.conftest import Needs
from tests.e2e.layouts import chart_yaml, push_chart, push_container_image
from tests.e2e.oci_worlds import Served, add_oci, files_by_oras, listed, skopeo, synchronized
from tests.program import Program

pytestmark = [pytest.mark.e2e, pytest.mark.real]

RICH = """\
apiVersion: v2
name: vault
version: {version}
appVersion: "{app}"
description: Keeps secrets, and "hands them out", ümlaut
home: https://vault.example.com
icon: https://vault.example.com/icon.png
type: application
kubeVersion: ">= 1.27.0-0"
deprecated: {deprecated}
keywords: [secrets, security]
sources: [https://git.example.com/vault, https://mirror.example.com/vault]
maintainers:
- {{name: Ann, email: ann@example.com}}
dependencies:
- {{name: consul, version: ">=1.2", repository: "https://charts.example.com", alias: store}}
annotations:
  example.com/licence: MPL-2.0
"""
VERSIONS = {"1.2.0+build.7": "false", "1.1.0": "false", "2.0.0-rc.1": "false", "0.9.0": "true"}
PATH = "acme/charts"


def vault(version: str, deprecated: str) -> bytes:
    text = RICH.format(version=version, app=version[:3], deprecated=deprecated)
    schema = '{"type": "object"}'
    return archive("vault", version, Chart__yaml=text, values__schema__json=schema)


CHARTS = {
    **{("vault", version): vault(version, old) for version, old in VERSIONS.items()},
    ("plain", "0.1.0"): archive("plain", "0.1.0"),
}


def index(url: str = "") -> bytes:
    """Return the index that Helm makes of the charts, which are at `url` or beside it."""
    entries: dict[str, list[dict[str, Any]]] = {}
    for (name, version), content in CHARTS.items():
        tag = version.replace("+", "_")
        place = f"{url}/{name}:{tag}" if url else f"{name}-{version}.tgz"
        entries.setdefault(name, []).append(
            {
                **chart_yaml(content),
                "created": "2026-01-02T03:04:05Z",
                "digest": hashlib.sha256(content).hexdigest(),
                "urls": [place],
            }
        )
    return yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()


@dataclass(frozen=True)
class World:
    """The charts in a Helm repository `web`, in `oci`, and in an index that leads to `oci`."""

    program: Program
    registry: Served
    site: HelmSite


@pytest.fixture(scope="module")
def world(needs_program: Needs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    needs_program("docker-registry")
    needs_program("skopeo")
    folder = tmp_path_factory.mktemp("charts")
    program = Program(folder / "data")
    files = {f"{name}-{version}.tgz": content for (name, version), content in CHARTS.items()}
    with DockerRegistry(folder / "registry") as server, HelmSite(index(), files) as site:
        for (name, version), content in CHARTS.items():
            signed = f"-----BEGIN PGP SIGNED MESSAGE-----\nname: {name}\n".encode()
            push_chart(server, PATH, content, signed if "+" in version else b"")
        push_container_image(server, f"{PATH}/vault", "latest", "amd64")
        served = Served("open", server, None)
        given = ("--set", "provider_type=helm", "--set", f"base_content_path={PATH}")
        add_oci(program, "oci", served.host, *given)
        add_helm(program, "web", site.endpoint)
        for name in ("oci", "web"):
            run = synchronized(program, name)
            assert (run["outcome"], run["artifacts"], run["versions"]) == ("ok", 2, len(CHARTS))
        yield World(program, served, site)


def add_helm(program: Program, name: str, endpoint: str, *given: str) -> None:
    words = ("registry", "add", "helm", "--name", name, "--set", f"endpoint={endpoint}")
    program.json(*words, *given)


def shown(program: Program, registry: str, name: str, *version: str) -> Any:
    return program.json("catalog", "show", "--registry", registry, name, *version)


def test_both_show_the_same_facts(world: World) -> None:
    program = world.program
    for name in ("vault", "plain"):
        by_web, by_oci = (shown(program, registry, name) for registry in ("web", "oci"))
        for key in ("kind", "name", "display_name", "latest", "description"):
            assert by_oci["artifact"][key] == by_web["artifact"][key]
        assert facts(by_oci) == facts(by_web)
    assert by_oci["artifact"]["path"] == f"{PATH}/plain"
    texts = [
        {
            name: program.json(*document(registry), name)["document"]["text"]
            for name in ("readme", "values", "schema", "metadata")
        }
        for registry in ("web", "oci")
    ]
    assert texts[0] == texts[1]


def facts(answer: Any) -> dict[str, Any]:
    """Return what is said of each version, without where it lies and when it was seen."""
    found = {}
    for version in answer["artifact"]["versions"]:
        placed = ("urls", "content_digest")
        extra = {key: said for key, said in version["extra"].items() if key not in placed}
        found[version["version"]] = (version["app_version"], version["state"], extra)
    return found


def document(registry: str) -> tuple[str, ...]:
    return ("catalog", "document", "--registry", registry, "vault", "1.2.0+build.7")


def test_a_version_is_shown_with_its_plus(world: World) -> None:
    versions = shown(world.program, "oci", "vault")["artifact"]["versions"]
    tags = {version["version"]: version["tag"] for version in versions}
    assert set(tags) == set(VERSIONS)
    assert tags["1.2.0+build.7"] == "1.2.0_build.7"
    read = json.loads(skopeo("list-tags", f"docker://{world.registry.host}/{PATH}/vault"))
    assert set(read["Tags"]) == {*(one.replace("+", "_") for one in VERSIONS), "latest"}


def test_they_are_recognised_as_the_same_bytes(world: World) -> None:
    by_web, by_oci = (
        {
            one["version"]: one
            for one in shown(world.program, registry, "vault")["artifact"]["versions"]
        }
        for registry in ("web", "oci")
    )
    for version, one in by_oci.items():
        assert one["extra"]["content_digest"] == by_web[version]["digest"] != one["digest"]
    for registry, other in (("web", "oci"), ("oci", "web")):
        for version in VERSIONS:
            answer = shown(world.program, registry, "vault", version)
            (also,) = (one for one in answer["sections"] if one["kind"] == "siblings")
            found = {one["registry"]: (one["version"], one["bytes"]) for one in also["content"]}
            assert found[other] == (version, "same")


def test_saving_gives_the_same_bytes(world: World, tmp_path: Path) -> None:
    saved = {}
    for registry in ("web", "oci"):
        (tmp_path / registry).mkdir()
        given = ("--registry", registry, "vault", "1.2.0+build.7", "--to", str(tmp_path / registry))
        answer = world.program.json("catalog", "save", *given)
        saved[registry] = Path(answer["path"]).read_bytes()
        assert answer["digest"] == f"sha256:{hashlib.sha256(saved[registry]).hexdigest()}"
    reference = f"{PATH}/vault:1.2.0_build.7"
    pulled = files_by_oras(world.registry.server, reference, tmp_path / "oras")
    assert saved["web"] == saved["oci"] == CHARTS["vault", "1.2.0+build.7"]
    assert saved["oci"] in pulled.values()


def test_a_mirror_that_skopeo_made_is_the_same(world: World, tmp_path: Path) -> None:
    program, host = Program(tmp_path / "data"), world.registry.host
    for tag in ("1.1.0", "1.2.0_build.7"):
        places = (f"docker://{host}/{at}/vault:{tag}" for at in (PATH, "mirror/charts"))
        skopeo("copy", "--all", "--preserve-digests", *places)
    for name, path in (("own", PATH), ("mirror", "mirror/charts")):
        given = ("--set", "provider_type=helm", "--set", f"base_content_path={path}")
        add_oci(program, name, host, *given)
        assert synchronized(program, name)["outcome"] == "ok"
    own, mirrored = (
        {
            one["version"]: one["digest"]
            for one in shown(program, name, "vault")["artifact"]["versions"]
        }
        for name in ("own", "mirror")
    )
    assert set(mirrored) == {"1.1.0", "1.2.0+build.7"}
    assert mirrored.items() <= own.items()


def test_an_index_may_lead_to_an_oci_registry(world: World, tmp_path: Path) -> None:
    program = world.program
    with HelmSite(index(f"oci://{world.registry.host}/{PATH}")) as site:
        add_helm(program, "led", site.endpoint, "--allow-host", world.registry.host)
        run = synchronized(program, "led")
        assert (run["outcome"], run["versions"]) == ("ok", len(CHARTS))
        where = ("--registry", "led", "vault", "1.1.0")
        text = program.json("catalog", "document", *where, "readme", "--fetch")["document"]["text"]
        assert "vault-1.1.0.tgz" in text
        saved = program.json("catalog", "save", *where, "--to", str(tmp_path))
    assert Path(saved["path"]).read_bytes() == CHARTS["vault", "1.1.0"]


def test_what_is_no_chart_is_counted_and_not_listed(world: World) -> None:
    artifacts = listed(world.program, "oci")
    assert {(one["kind"], one["name"]) for one in artifacts} == {
        ("chart", "vault"),
        ("chart", "plain"),
    }
    history = world.program.json("history", "oci")
    assert history["runs"][-1]["versions"] == len(CHARTS)
