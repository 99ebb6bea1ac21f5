"""The 113 public packs, served in every shape and compared with an independent reader."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from registrykit.events import Skip, Unchanged
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.pack_sites import LegacyPackSite, Shape
from registrykit.testing.running import collect, collect_bytes, collect_documents
from registrykit_legacy_pack.registry import LegacyPackRegistry

pytestmark = pytest.mark.shared

FILE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "packs" / "packs.tar.gz"
PACKS = LegacyPackRegistry()

Held = dict[str, dict[str, dict[str, bytes]]]


@pytest.fixture(scope="module")
def public() -> Held:
    """Return the files of each pack, by name and by the tag that its folder ends with."""
    if not FILE.exists():
        pytest.skip(f"{FILE.name} is not beside the checkout")
    folders: dict[str, dict[str, bytes]] = {}
    with tarfile.open(FILE) as archive:
        for member in archive.getmembers():
            if member.isfile():
                folder, _, name = member.name.removeprefix("./").partition("/")
                stream = archive.extractfile(member)
                assert stream is not None
                folders.setdefault(folder, {})[name] = stream.read()
    held: Held = {}
    for folder, files in folders.items():
        described = json.loads(files["pack.json"].decode("utf-8-sig"))
        # Of seventy-six in two hundred, folder and version differ.
        tag = described["version"]
        tags = held.setdefault(described["name"], {})
        tags[tag if tag not in tags else folder] = files
    return held


@pytest.mark.parametrize("shape", ["whole", "files"])
def test_every_pack_is_listed_with_its_facts(public: Held, shape: Shape) -> None:
    catalog = MiniCatalog()
    with LegacyPackSite(shape=shape) as site:
        site.publish(public)
        config: dict[str, Any] = {"endpoint": site.endpoint, "auth": "none"}
        first = collect(PACKS, config, stored=catalog)
        catalog.apply(first.events)
        second = collect(PACKS, config, stored=catalog)
        assert catalog.apply(second.events).nothing
        assert second.requests == 1 + len(public)
        assert len(second.of(Unchanged)) == len(public)
        assert sum(map(len, public.values())) == len(first.found) == 113
        assert not first.of(Skip)
        for one in first.found:
            files = public[one.artifact.path][one.version.wire_tag]
            described = json.loads(files["pack.json"].decode("utf-8-sig"))
            facts = one.version.facts
            for key in ("layer", "addonType", "cloudTypes", "charts", "kubeManifests"):
                assert facts.get(key) == described.get(key)
            annotations = described["annotations"]
            assert facts["annotations"] == annotations
            assert one.version.deprecated is (
                annotations.get("system_state") in ("deprecated", "deleted")
            )
            assert facts["logo"]["size"] == len(files["logo.png"])
            asked = described.get("constraints", {}).get("dependencies", [])
            assert [d.name for d in one.version.dependencies] == [d["packName"] for d in asked]
            values = yaml.safe_load(files["values.yaml"]) or {}
            content = (values.get("pack") or {}).get("content") or {}
            images = dict.fromkeys(image["image"] for image in content.get("images") or [])
            assert facts.get("images", []) == list(images)
            if "presets.yaml" in files:
                presets = yaml.safe_load(files["presets.yaml"])["presets"]
                assert [p["name"] for p in facts["presets"]] == [p["name"] for p in presets]
        layers = Counter(one.version.facts["layer"] for one in first.found)
        assert layers == {"addon": 100, "csi": 12, "cni": 1}


def test_documents_and_bytes_are_those_of_the_pack(public: Held) -> None:
    with LegacyPackSite() as site:
        names = sorted(public)[::20]
        site.publish({name: public[name] for name in names})
        config: dict[str, Any] = {"endpoint": site.endpoint, "auth": "none"}
        found = collect(PACKS, config).found
        for one in found:
            files = public[one.artifact.path][one.version.wire_tag]
            told = collect_documents(PACKS, config, one.artifact, one.version)
            texts = {document.name: document.text for document in told}
            for name, file in (("readme", "README.md"), ("schema", "schema.yaml")):
                assert texts.get(name, "") == files.get(file, b"").decode("utf-8-sig")
            _, content = collect_bytes(PACKS, config, one.artifact, one.version)
            assert f"sha256:{hashlib.sha256(content).hexdigest()}" == one.version.digest
        assert len(found) >= 5
