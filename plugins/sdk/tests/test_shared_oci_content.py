"""The 113 public packs and 21 public zarf.yaml, listed from an OCI registry."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest
import yaml

from plugins.sdk.tests.oci_contents import PACKS, Reader, asked, push_pack, push_zarf
from registrykit.events import Note, Skip
from registrykit.testing.oci import OciSite

pytestmark = pytest.mark.shared

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def beside(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    return path


@pytest.fixture(scope="module")
def packs() -> dict[tuple[str, str], dict[str, bytes]]:
    """Return the files of each pack by its name and version."""
    folders: dict[str, dict[str, bytes]] = {}
    with tarfile.open(beside(DATA / "packs" / "packs.tar.gz")) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member)
            if stream is not None:
                folder, _, name = member.name.removeprefix("./").partition("/")
                folders.setdefault(folder, {})[name] = stream.read()
    held: dict[tuple[str, str], dict[str, bytes]] = {}
    for folder, files in folders.items():
        described = json.loads(files["pack.json"].decode("utf-8-sig"))
        place = described["name"], described["version"]
        # Two folders may hold the same version of one pack.
        held[place if place not in held else (place[0], folder)] = files
    assert len(held) == 113
    return held


@pytest.mark.parametrize("provider", ["pack", "any"])
def test_every_public_pack_is_listed(
    packs: dict[tuple[str, str], dict[str, bytes]], provider: str
) -> None:
    with OciSite() as site:
        site.push_image(f"acme/{PACKS}", "0.0.0")
        for (name, tag), files in packs.items():
            for base in ("acme", "other"):
                push_pack(site, f"{base}/{PACKS}/{name}", tag, files, today=base == "other")
        reader = Reader(site.endpoint, provider=provider, paths=["acme", "other"])
        first, _ = reader.sync()
        assert not first.of(Skip)
        assert not first.of(Note)
        assert len(first.found) == 2 * 113
        # The packs of both bases are the same bytes, and were fetched once.
        assert len(site.asked("/blobs/")) == len({f.version.content_digest for f in first.found})
        for found in first.found:
            name, tag = found.artifact.name, found.version.wire_tag
            files = packs[name, tag]
            described = json.loads(files["pack.json"].decode("utf-8-sig"))
            assert found.artifact.kind == "pack"
            for key in ("layer", "addonType", "cloudTypes"):
                assert found.version.facts.get(key) == described.get(key)
            needed = described.get("constraints", {}).get("dependencies", [])
            assert [d.name for d in found.version.dependencies] == [n["packName"] for n in needed]
        documents = Counter(document.name for document in first.documents)
        assert documents["metadata"] == documents["logo"] == documents["manifest"] == 2 * 113
        site.forget()
        again, changes = reader.sync()
        assert changes.nothing
        assert asked(site)[1:] == (0, 0)
        repositories = {found.artifact.path for found in first.found}
        # With every kind, the empty one above the packs is looked at as well.
        asked_for = len(repositories) + (provider == "any") + len(site.asked("_catalog"))
        assert again.requests == asked_for


def test_every_public_zarf_package_is_listed() -> None:
    files = sorted(beside(DATA / "zarf").glob("*.zarf.yaml"))
    assert len(files) == 21
    with OciSite() as site:
        for file in files:
            push_zarf(site, f"zarf/{file.name.split('.')[0]}", "1.0.0-x", file.read_bytes())
        run, _ = Reader(site.endpoint, provider="zarf").sync()
    assert not run.of(Skip)
    assert len(run.found) == 21
    for file, found in zip(files, run.found, strict=True):
        told = yaml.safe_load(file.read_text("utf-8"))
        facts = found.version.facts
        assert found.artifact.path == f"zarf/{file.name.split('.')[0]}"
        assert facts["name"] == told["metadata"]["name"]
        assert facts["architectures"] == ["amd64", "arm64"]
        assert [c["name"] for c in facts["components"]] == [c["name"] for c in told["components"]]
        assert found.artifact.description == (told["metadata"].get("description") or "").strip()
