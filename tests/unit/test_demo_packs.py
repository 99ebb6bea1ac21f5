"""The demo's packs, OCI registries and logos, read by other readers than those that wrote them."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from desktop.demo.content import Content
from desktop.demo.logos import SIZE, png
from desktop.demo.packs import Pack
from desktop.demo.sites import serve
from registrykit.cancel import CancelToken
from registrykit.formats.pack import LAYERS
from registrykit.formats.pack_archive import PackContents, read_pack
from registrykit.formats.zarf import checksum_problems, read_zarf_yaml
from registrykit.oci.media import OCI_INDEX, TITLE
from registrykit.testing.oci import OciSite, reading
from registrykit.testing.pack_sites import LegacyPackSite
from registrykit.urls import Basic
from tests.uploads import Kept, uploaded

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "resources" / "demo"
CHARTS = ["archive", "community", "lab", "team", "vendor"]
UPLOADED = ["fips", "open", "registry"]
SHELVES = ["legacy", *UPLOADED]
TWINS = {"fenlight", "mossgate", "saltcert"}
ARCHIVE = "spectro-packs/archive"


@pytest.fixture(scope="module")
def content() -> Content:
    return Content(FOLDER)


@pytest.fixture(scope="module")
def registries(content: Content) -> list[dict[str, Kept]]:
    return [{name: uploaded(content, name, step) for name in UPLOADED} for step in (0, 1)]


@pytest.fixture(scope="module")
def packs(content: Content) -> dict[str, dict[tuple[str, str], PackContents]]:
    """Return every pack of the second step by registry, as the SDK reads its archive."""
    return {
        name: {
            (pack.name, pack.version): read_pack(pack.archive(again))
            for pack, again in content.shelf(name).packs(1)
        }
        for name in SHELVES
    }


def digests() -> Iterator[str]:
    """Yield the digest of everything that the demo's servers hold, registry by registry."""
    content = Content(FOLDER)
    for step in (0, 1):
        for name in CHARTS:
            repository = content.charts(name).at(step)
            yield _digest(step, name, {"index.yaml": repository.index_yaml, **repository.files})
        for name in UPLOADED:
            kept = uploaded(content, name, step)
            manifests = {f"{at}@{digest}": body for (at, digest), body in kept.manifests.items()}
            tags = {f"{at}:{tag}": digest.encode() for (at, tag), digest in kept.tags.items()}
            yield _digest(step, name, {**kept.blobs, **manifests, **tags})
        files = {
            f"{pack.name}:{pack.version}/{path}": body
            for pack, again in content.shelf("legacy").packs(step)
            for path, body in pack.files(again).items()
        }
        yield _digest(step, "legacy", files)


def _digest(step: int, name: str, files: Mapping[str, bytes]) -> str:
    hashed = hashlib.sha256()
    for path, body in sorted(files.items()):
        hashed.update(f"{path} {hashlib.sha256(body).hexdigest()}\n".encode())
    return f"{step} {name} {hashed.hexdigest()}"


def test_a_build_depends_on_nothing_around_it(tmp_path: Path) -> None:
    program = "from tests.unit.test_demo_packs import digests; print(*digests(), sep='\\n')"
    printed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={
            **{key: os.environ[key] for key in ("SYSTEMROOT",) if key in os.environ},
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": "12345",
            "TZ": "Pacific/Auckland",
            "LC_ALL": "C",
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.splitlines() == list(digests())


def test_the_estate_is_large_enough(
    content: Content, registries: list[dict[str, Kept]], packs: dict[str, Any]
) -> None:
    artifacts: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    for name in CHARTS:
        files = content.charts(name).at(0).files
        artifacts["chart"] += len({path.rpartition("-")[0] for path in files})
        versions["chart"] += len(files)
    for found in packs.values():
        artifacts["pack"] += len({name for name, _ in found})
        versions["pack"] += len(found)
    for kept in registries[1].values():
        for repository in {repository for repository, _ in kept.tags}:
            kind = repository.split("/")[1]
            if kind != "spectro-packs":
                artifacts[kind] += 1
                versions[kind] += sum(place == repository for place, _ in kept.tags)
    assert artifacts.total() >= 90
    assert versions.total() >= 400
    for kind, least in {"chart": 28, "pack": 50, "charts": 5, "packages": 4, "images": 2}.items():
        assert artifacts[kind] >= least
    assert artifacts["artifacts"] >= 1


def test_every_pack_is_whole(packs: dict[str, dict[tuple[str, str], PackContents]]) -> None:
    for found in packs.values():
        for (name, version), contents in found.items():
            pack = contents.pack
            assert (pack.name, pack.version, pack.problems) == (name, version, ())
            assert pack.display_name
            assert pack.description
            assert contents.readme.startswith(f"# {pack.display_name}\n")
            assert "\n| `" in contents.readme
            assert len([part for part in contents.readme.split("\n\n") if len(part) > 60]) >= 3
            texts = (contents.readme, contents.values, contents.schema, contents.presets)
            assert not any(mark in text for text in texts for mark in ("%%", "<<", ">>>"))
            values = yaml.safe_load(contents.values)
            images = [image["image"] for image in values["pack"]["content"]["images"]]
            assert pack.facts["images"] == images
            assert all(version in image or pack.app_version in image for image in images)
            assert pack.facts["logo"]["mediaType"] == "image/png"
            for preset in pack.facts.get("presets", ()):
                assert isinstance(yaml.safe_load(preset["add"]), dict)
            for path in yaml.safe_load(contents.schema or "{}"):
                top = values
                for part in path.split(".$[]")[0].split("."):
                    top = top[part]


def test_packs_show_what_packs_can_be(
    packs: dict[str, dict[tuple[str, str], PackContents]],
) -> None:
    found = [contents.pack for shelf in packs.values() for contents in shelf.values()]
    assert {pack.facts["layer"] for pack in found} == set(LAYERS) - {"kernel"}
    assert len({pack.facts.get("addonType") for pack in found}) >= 9
    assert len({cloud for pack in found for cloud in pack.facts["cloudTypes"]}) >= 9
    assert {pack.facts.get("state") for pack in found} >= {None, "deprecated", "disabled"}
    assert sum("eol" in pack.facts for pack in found) >= 10
    kinds = {needed["type"] for pack in found for needed in pack.facts.get("dependencies", ())}
    assert kinds == {"required", "optional", "notSupported", "upgrade"}
    bounds = [needed.version for pack in found for needed in pack.dependencies]
    assert any(">=" in bound and "<=" in bound for bound in bounds)
    for fact in ("resources", "charts", "kubeManifests", "presets"):
        assert any(fact in pack.facts for pack in found)
    names = {pack.name for pack in found}
    assert {needed.name for pack in found for needed in pack.dependencies} <= names


def test_twins_differ_in_bytes_and_in_what_is_declared(
    packs: dict[str, dict[tuple[str, str], PackContents]], content: Content
) -> None:
    shared = packs["fips"].keys() & packs["open"].keys()
    assert {name for name, _ in shared} == TWINS

    def declared(name: str) -> set[Any]:
        return {packs[name][key].pack.facts["fips"]["status"] for key in shared}

    assert (declared("fips"), declared("open")) == ({"compliant"}, {"not_compliant"})
    archives = [
        {(pack.name, pack.version): pack.archive() for pack, _ in content.shelf(name).packs(1)}
        for name in ("fips", "open")
    ]
    assert all(archives[0][key] != archives[1][key] for key in shared)
    said = [contents.pack.facts.get("fips", {}) for contents in packs["fips"].values()]
    assert {fips.get("status") for fips in said} == {None, "compliant", "conflicting"}


def test_packs_lie_in_oci_registries_as_the_vendor_wants_them(
    content: Content, registries: list[dict[str, Kept]]
) -> None:
    for name, kept in registries[0].items():
        archive = f"{content.shelf(name).about['base']}/{ARCHIVE}"
        expected = {
            (f"{archive}/{pack.name}", pack.version): pack
            for pack, _ in content.shelf(name).packs(0)
        }
        for (repository, version), pack in expected.items():
            manifest = kept.manifest(repository, version)
            assert manifest["config"]["mediaType"] == "application/vnd.unknown.config.v1+json"
            assert "artifactType" not in manifest
            (layer,) = manifest["layers"]
            assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar"
            assert layer["annotations"] == {TITLE: f"{pack.name}-{version}.tar.gz"}
            assert kept.blobs[layer["digest"]] == pack.archive()
        pushed = {place for place in kept.tags if place[0].startswith(f"{archive}/")}
        assert pushed == expected.keys()
        (base,) = (body for (place, _), body in kept.manifests.items() if place == archive)
        assert json.loads(base)["layers"] == []


def test_a_chart_in_both_places_has_the_same_bytes(
    content: Content, registries: list[dict[str, Kept]]
) -> None:
    kept, files = registries[1]["registry"], content.charts("team").at(0).files
    for version in ("1.1.0", "1.2.0-beta.2"):
        manifest = kept.manifest("tarnhollow/charts/flagpost", version)
        assert list(kept.layers(manifest).values()) == [files[f"flagpost-{version}.tgz"]]
        about = json.loads(kept.blobs[manifest["config"]["digest"]])
        assert (about["name"], about["version"]) == ("flagpost", version)
    plus = {tag for repository, tag in kept.tags if "_" in tag and "/charts/" in repository}
    assert plus == {"0.9.0_th.1", "0.9.0_th.3", "0.5.1_ox.2"}


def test_packages_are_laid_out_as_zarf_does(registries: list[dict[str, Kept]]) -> None:
    kept = registries[0]["registry"]
    found: set[str] = set()
    for repository, tag in kept.tags:
        if "/packages/" not in repository:
            continue
        top = kept.manifest(repository, tag)
        if top["mediaType"] == OCI_INDEX:
            children = top["manifests"]
            assert all(child["platform"]["os"] == "multi" for child in children)
            found |= {child["platform"]["architecture"] for child in children}
            manifests = [kept.manifest(repository, child["digest"]) for child in children]
        else:
            assert tag.endswith("-arm64")
            manifests = [top]
        for manifest in manifests:
            layers = kept.layers(manifest)
            package = read_zarf_yaml(layers["zarf.yaml"])
            assert (package.problems, package.unknown) == ((), 0)
            assert repository.endswith(f"/{package.name}")
            assert tag.startswith(package.version)
            digests = {
                path: f"sha256:{hashlib.sha256(body).hexdigest()}" for path, body in layers.items()
            }
            vouched = package.facts["metadata"]["aggregateChecksum"]
            assert checksum_problems(layers["checksums.txt"], digests, vouched) == []
            assert package.facts["images"]
    assert found == {"amd64", "arm64", "skeleton"}


def test_what_changes_between_the_steps(registries: list[dict[str, Kept]]) -> None:
    def changes(name: str) -> tuple[set[str], set[str], set[str]]:
        before, after = (
            {
                f"{repository.split('/', 1)[1]}:{tag}": digest
                for (repository, tag), digest in step[name].tags.items()
                if not tag.endswith(".sig")
            }
            for step in registries
        )
        moved = {place for place in before.keys() & after.keys() if before[place] != after[place]}
        return after.keys() - before.keys(), before.keys() - after.keys(), moved

    assert changes("registry") == (
        {f"{ARCHIVE}/ternlog:1.2.0", f"{ARCHIVE}/wickergate:2.2.1", "charts/flagpost:1.2.0-beta.2"},
        {f"{ARCHIVE}/dunlin-backup:2.0.0"},
        {f"{ARCHIVE}/ternlog:1.1.0", "images/storefront-base:stable"},
    )
    assert changes("open") == ({f"{ARCHIVE}/lanternfish:0.8.0"}, set(), set())
    assert changes("fips") == (set(), set(), set())


def test_a_server_follows_the_steps_and_gives_tokens(content: Content) -> None:
    account = Basic("ann", "hunter2")
    served = serve("images", content, "registry", account, None, tokens=True)
    assert isinstance(served.site, OciSite)
    repository = f"tarnhollow/{ARCHIVE}/wickergate"
    with served.site as site:
        for step, newest in enumerate(("2.2.0", "2.2.1")):
            served.publish(step)
            with reading(site, account, cancel=CancelToken()) as registry:
                assert list(registry.tags(repository))[-1] == newest
        paths = [one.path.partition("?")[0] for one in site.log]
    # The tokens come from the registry's own origin, so that nobody has to approve another one.
    assert "/token" in paths
    assert site.tokens is not None
    assert not site.tokens.is_started


def test_a_legacy_server_has_tags_with_groups(content: Content) -> None:
    served = serve("packs", content, "legacy", None, None)
    assert isinstance(served.site, LegacyPackSite)
    served.publish(0)
    tags = served.site.tags("kubernetes-skerry")
    assert {"lts__1.31.9", "lts__1.31.x", "1.31.6", "1.x"} <= set(tags)
    assert "1.31.9" not in tags


# Logos


def pixels(image: bytes) -> list[list[tuple[int, int, int, int]]]:
    """Return the pixels of a PNG with a palette of four bits, by the PNG specification."""
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(image):
        length, kind = struct.unpack(">I4s", image[at : at + 8])
        body = image[at + 8 : at + 8 + length]
        assert struct.unpack(">I", image[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        chunks[kind] = body
        at += 12 + length
    width, height, *form = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (width, height, form) == (SIZE, SIZE, [4, 3, 0, 0, 0])
    palette = [tuple(chunks[b"PLTE"][i : i + 3]) for i in range(0, len(chunks[b"PLTE"]), 3)]
    alpha = [*chunks[b"tRNS"], *[255] * 16]
    rows = zlib.decompress(chunks[b"IDAT"])
    found = []
    for y in range(height):
        line = rows[y * (width // 2 + 1) :][: width // 2 + 1]
        assert line[0] == 0
        indexes = [part for byte in line[1:] for part in (byte >> 4, byte & 15)]
        found.append([(*palette[index], alpha[index]) for index in indexes])
    return found


def test_a_logo_is_a_tile_with_a_mark() -> None:
    shown = pixels(png("102030", "f0e0d0", ["disc 32 32 8", "line 10 50 54 50 4"]))
    assert shown[0][0][3] == 0
    assert shown[2][32] == (0x10, 0x20, 0x30, 255)
    assert shown[32][32] == shown[50][32] == (0xF0, 0xE0, 0xD0, 255)
    edge = shown[32][24][0]
    assert 0x10 <= edge <= 0xF0
    assert len({row[y] for row in shown for y in range(SIZE)}) > 8


def test_every_pack_has_a_logo_of_its_own(content: Content) -> None:
    logos = {
        pack.name: pack.files()["logo.png"] for name in SHELVES for pack in _newest(content, name)
    }
    assert len(set(logos.values())) == len(logos) >= 24
    for logo in logos.values():
        shades = Counter(pixel for row in pixels(logo) for pixel in row if pixel[3] == 255)
        (_, ground), (_, mark), *_ = shades.most_common(2)
        assert SIZE * SIZE * 0.03 < mark < ground


def _newest(content: Content, name: str) -> list[Pack]:
    return list({pack.name: pack for pack, _ in content.shelf(name).packs(0)}.values())
