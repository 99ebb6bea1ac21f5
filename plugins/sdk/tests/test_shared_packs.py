"""The 113 public packs and 21 public zarf.yaml, compared with independent readers."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from registrykit.formats.pack import LAYERS
from registrykit.formats.pack_archive import read_pack
from registrykit.formats.zarf import read_zarf_yaml

pytestmark = pytest.mark.shared

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def beside(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    return path


def test_every_public_pack_is_read() -> None:
    folders: dict[str, dict[str, bytes]] = {}
    with tarfile.open(beside(DATA / "packs" / "packs.tar.gz")) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member)
            if stream is not None:
                folder, _, name = member.name.removeprefix("./").partition("/")
                folders.setdefault(folder, {})[name] = stream.read()
    assert len(folders) == 113
    for folder, files in folders.items():
        contents = read_pack(_tgz(folder, files))
        described = json.loads(files["pack.json"].decode("utf-8-sig"))
        assert contents.pack.name == described["name"]
        assert contents.pack.version == described["version"]
        assert contents.pack.display_name == " ".join(described["displayName"].split())
        assert contents.pack.facts["layer"] in LAYERS
        assert dict(contents.files) == {name: len(text) for name, text in files.items()}
        assert contents.readme == files.get("README.md", b"").decode("utf-8-sig")
        assert contents.pack.facts["logo"]["mediaType"] in ("image/png", "image/jpeg")
        # The charts themselves are not in this collection; nothing else may be said.
        assert all("which is not there" in problem for problem in contents.pack.problems)
        values = yaml.safe_load(files["values.yaml"]) or {}
        pack = values.get("pack") or {}
        assert contents.pack.facts.get("namespace", "") == (pack.get("namespace") or "")


def test_every_public_zarf_yaml_is_read() -> None:
    names = sorted(beside(DATA / "zarf").glob("*.zarf.yaml"))
    assert len(names) == 21
    for file in names:
        content = file.read_bytes()
        package = read_zarf_yaml(content)
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        expected: dict[str, Any] = yaml.load(content, Loader=loader)
        metadata = expected["metadata"]
        assert package.name == metadata["name"]
        assert package.version == metadata.get("version", "")
        assert package.kind == expected["kind"]
        assert [one["name"] for one in package.facts["components"]] == [
            one["name"] for one in expected["components"]
        ]
        images = [image for one in expected["components"] for image in one.get("images", ())]
        assert package.facts.get("images", []) == list(dict.fromkeys(images))
        assert package.facts.keys() >= expected.keys() - {"metadata"}
        assert package.unknown == 0
        assert not package.problems


def _tgz(folder: str, files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            header = tarfile.TarInfo(f"{folder}/{name}")
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return gzip.compress(made.getvalue())
