"""The catalog on the command line: what people read of packs, and what is saved."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from desktop.cli import arguments
from desktop.cli.main import main
from desktop.engine import details
from desktop.engine.calls import Job
from desktop.store import catalog, columns
from desktop.store import registries as stored
from registrykit import Artifact, Complete, Document, Found, Ref, Version
from registrykit.errors import BadAnswer
from registrykit.events import DOCUMENT_NAMES
from registrykit.formats.pack import PACK, read_pack_json
from tests.scripted import Bench, digest_for, open_bench

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
PACK_JSON = {
    "name": "nginx",
    "version": "1.27.0",
    "displayName": "Nginx",
    "layer": "addon",
    "addonType": "ingress",
    "cloudTypes": ["aws", "gcp"],
    "eol": "2030-01-01",
    "kubeManifests": [],
    "annotations": {"source": "community", "system_state": "deprecated", "docsURL": "x" * 120},
    "constraints": {
        "dependencies": [
            {"packName": "kubernetes", "layer": "k8s", "minVersion": "1.27", "maxVersion": "1.31",
             "type": "optional"},
            {"packName": "cni", "layer": "cni", "type": "required"},
        ],
        "resources": [{"type": "cpu", "minLimit": 100, "components": [{"scheduleType": "all"}]}],
        "other": {"nested": ["a", "b"]},
    },
    "unheard-of": {"deep": [{"er": "kept"}]},
}  # fmt: skip
MORE = {
    "images": [f"quay.io/acme/nginx-{part}:1.27.0" for part in ("a", "b", "c", "d", "e", "f")],
    "namespace": "web",
    "presets": [{"name": "small", "group": "size", "add": "a:\n  b: \x1b[31m1\n"}],
}


@dataclass(frozen=True)
class Program:
    folder: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *given: str, code: int = 0) -> str:
        self.capture.readouterr()
        ended = main(["--data-dir", str(self.folder), *given])
        printed = self.capture.readouterr()
        assert ended == code, printed
        return printed.out if code == 0 or "--json" in given else printed.err

    def json(self, *given: str, code: int = 0) -> Any:
        return json.loads(self.run(*given, "--json", code=code))


@pytest.fixture
def program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Program:
    """A data directory with one pack in two registries, and a chart."""
    monkeypatch.setenv("REGISTRY_DESKTOP_KEYRING", "none")
    monkeypatch.setenv("COLUMNS", "160")
    bench = open_bench(tmp_path / "data")
    with bench.app.db.write() as tx:
        columns.remember(tx, "registrykit-scripted", (PACK,))
        other = replace(bench.registry, id="scripted00002", name="Second")
        stored.save_registry(tx, other)
    pack = read_pack_json(json.dumps(PACK_JSON).encode()).plus(MORE)
    for place in (bench, replace(bench, registry_id=other.id)):
        version = pack.listed(
            path="nginx",
            digest=digest_for(place.registry_id),
            content_digest=digest_for("archive"),
        )
        picture = base64.b64encode(PICTURE).decode()
        ref = Ref("nginx", version.version, "pack", version.wire_tag)
        chart = Found(Artifact("chart", "app"), Version("1.0.0"))
        place.sync(
            Found(pack.artifact("nginx"), version),
            Document(ref, "logo", picture, "image/png"),
            Document(ref, "presets", "presets: []\n", "text/yaml"),
            *([chart] if place is bench else []),
            Complete(""),
        )
    bench.app.close()
    return Program(tmp_path / "data", capsys)


def leaves(value: Any) -> Iterator[str]:
    """Yield every text and number in a fact."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    else:
        yield str(value)


def test_every_fact_of_a_pack_is_read_as_text_and_none_twice(program: Program) -> None:
    text = program.run("catalog", "show", "--registry", "Scripted", "nginx")
    shown = program.json("catalog", "show", "--registry", "Scripted", "nginx")
    facts = next(s["content"] for s in shown["sections"] if s["title"] == "Facts")
    words = " ".join(text.split())
    assert facts.pop("dependencies")[0]["layer"] == "k8s"
    assert words.count("Dependencies") == words.count("kubernetes") == 1
    for leaf in leaves(list(facts.values())):
        for line in filter(str.strip, leaf.replace("\x1b[31m", "").splitlines()):
            assert " ".join(line.split()) in words, line
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in (
        "Layer addon",
        "Add-on type ingress",
        "Clouds aws, gcp",
        "State deprecated",
        "End of life 2030-01-01",
        "namespace web",
        "Images (6)",
        "Presets (1)",
        "Resources (1)",
        "kubernetes >=1.27 <=1.31 pack optional",
        "cni any pack",
        "Second nginx 1.27.0 the same bytes",
    ):
        assert line in lines, text
    assert "\x1b" not in text


def test_one_kind_is_listed_with_its_columns(program: Program) -> None:
    header, row = program.run("search", "nginx", "--registry", "Second").splitlines()
    assert header.split() == (
        "Name Latest Versions Kind Registry Layer Add-on type Clouds State End of life".split()
    )
    assert "addon  ingress      aws, gcp  deprecated  2030-01-01" in row
    (head, *rows) = program.run("catalog", "list", "--registry", "Scripted").splitlines()
    assert "Layer" not in head
    assert len(rows) == 2
    only = program.run("catalog", "list", "--registry", "Scripted", "--kind", "pack")
    assert "Add-on type" in only


def test_a_logo_is_a_picture_that_is_given_with_json_alone(program: Program) -> None:
    where = ("catalog", "document", "--registry", "Scripted", "nginx", "1.27.0")
    assert program.run(*where, "presets") == "presets: []\n"
    assert "is a picture (image/png)" in program.run(*where, "logo", code=2)
    document = program.json(*where, "logo")["document"]
    assert document["media_type"] == "image/png"
    assert base64.b64decode(document["text"]) == PICTURE
    shown = program.json("catalog", "show", "--registry", "Scripted", "nginx")
    logo = next(section for section in shown["sections"] if section["kind"] == "logo")
    assert logo["content"] == {"media_type": "image/png", "size": len(PICTURE)}
    assert arguments.DOCUMENTS == DOCUMENT_NAMES


def test_the_same_version_elsewhere_is_a_section(program: Program) -> None:
    shown = program.json("catalog", "show", "--registry", "Second", "nginx")
    (section,) = [one for one in shown["sections"] if one["kind"] == "siblings"]
    assert section["title"] == "Also in your registries"
    (sibling,) = section["content"]
    assert (sibling["registry"], sibling["bytes"], sibling["twin"]) == ("Scripted", "same", False)
    (version,) = shown["artifact"]["versions"]
    assert version["extra"]["content_digest"] == digest_for("archive")
    alone = program.json("catalog", "show", "--registry", "Scripted", "app")
    assert "siblings" not in [one["kind"] for one in alone["sections"]]


# Saving


class Saving:
    """Plays a worker that saves these bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def start(self, _plugin: str, _job: object = None) -> Saving:
        return self

    def __enter__(self) -> Saving:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def save(self, *_given: object) -> Iterator[bytes | str]:
        yield self._content
        yield "app.tgz"


class Nobody:
    def attach(self, worker: object) -> None:
        return None


@pytest.mark.parametrize(
    ("digest", "content_digest", "refused"),
    [
        (digest_for("manifest"), digest_for("saved"), False),
        (digest_for("saved"), "", False),
        (digest_for("manifest"), f"manifest+{digest_for('manifest')}", False),
        ("", "", False),
        (digest_for("saved"), digest_for("other"), True),
        (digest_for("other"), "", True),
    ],
)
def test_what_is_saved_is_compared_with_the_digest_of_the_content(
    bench: Bench, tmp_path: Path, digest: str, content_digest: str, refused: bool
) -> None:
    version = Version("1.0.0", digest=digest, content_digest=content_digest)
    bench.sync(Found(Artifact("chart", "app"), version), Complete(""))
    (artifact,) = catalog.find_artifacts(bench.app.db, bench.registry_id, "app")
    (row,) = catalog.versions_of(bench.app.db, artifact.id)
    app = bench.app
    saver = details.Details(app.db, app.clock, Saving(b"saved"), app.plugins)  # type: ignore[arg-type]
    job = Job("registrykit-scripted", "1.0", "scripted", {})
    if refused:
        with pytest.raises(BadAnswer, match="is not what was listed"):
            saver.save(job, artifact, row, tmp_path, Nobody())
        assert not list(tmp_path.glob("*.tgz"))
    else:
        saved = saver.save(job, artifact, row, tmp_path, Nobody())
        assert saved.path.read_bytes() == b"saved"
        plain = tmp_path / "plain"
        plain.touch()
        assert saved.path.stat().st_mode == plain.stat().st_mode, "it is for whom other files are"
        assert saved.digest == digest_for("saved")
