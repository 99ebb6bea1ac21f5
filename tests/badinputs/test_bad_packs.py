"""Packs that are bombs, traps or rubbish, in every registry that holds packs, met by the program.

All of them lie in one registry, beside a healthy one: each costs itself at most. The ids (PK-01 …)
are those of the catalog of bad input.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from registrykit.testing import faults
from registrykit.testing.answers import Fault
from registrykit.testing.oci import OciSite
from registrykit.testing.pack_sites import LegacyPackSite
from registrykit.urls import Basic
from tests.e2e.layouts import push_pack_by_newer_oras, tar_gz
from tests.program import Program

PLACE = "acme/spectro-packs/archive"
MIB = 1024 * 1024
NOISE = random.Random(1).randbytes(4 * MIB).translate(bytes(b | 0x80 for b in range(256)))
"""Bytes that are no text: each becomes three."""
ESCAPES = "\x1b[2J\x1b]0;owned\x07\u202egpj.exe\u200b"


def described(**fields: Any) -> bytes:
    return json.dumps({"name": "bad", "version": "1.0.0", "layer": "addon", **fields}).encode()


def pack(pack_json: bytes = b"", **files: bytes) -> bytes:
    """Return an archive; `__` stands for a dot in the names of files."""
    told = {"pack.json": pack_json or described(), "values.yaml": b"pack: {}\n"}
    told |= {name.replace("__", "."): content for name, content in files.items()}
    return tar_gz(told, "bad-1.0.0")


def with_link() -> bytes:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as made:
        content = described()
        member = tarfile.TarInfo("bad/pack.json")
        member.size = len(content)
        made.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("bad/README.md")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    return gzip.compress(tar.getvalue())


def many_folders() -> bytes:
    """Return an archive with a text of 4 MiB in each of many folders."""
    text = b"a: b c d e f\n" * (4 * MIB // 13)
    told = {f"t{number}/values.yaml": text for number in range(12)}
    return tar_gz({"bad/pack.json": described(), **told})


NUMBER = b"1" * 30

LISTED: Mapping[str, bytes] = {
    # what is odd and listed all the same
    "pk-01-bom": pack(b"\xef\xbb\xbf" + described()),
    "pk-03-number": pack(b'{"name":"bad","version":1.10}'),
    "pk-08-display-name": pack(described(displayName=ESCAPES + "Bad" + "x" * 500_000)),
    "pk-12-logo-is-a-page": pack(logo__png=b"<html><script>alert(1)</script></html>"),
    "pk-17-readme-10-mib": pack(README__md=b"# Long\n" + b"word " * (2 * MIB)),
    "pk-17-readme-escapes": pack(README__md=f"# Odd {ESCAPES}\n<script>x</script>\n".encode()),
    "pk-19-readme-binary": pack(README__md=NOISE),
    "pk-19-values-binary": pack(values__yaml=NOISE[: 3 * MIB]),
    "pk-22-schema": pack(
        schema__yaml=b"$ref: http://169.254.169.254/x\npattern: '^(\\w+\\s?)*$'\n"
    ),
    "pk-23-dependencies": pack(
        described(constraints={"dependencies": [{"packName": f"p{n}"} for n in range(10_000)]})
    ),
    "pk-25-charts": pack(described(charts=["../../x.tgz", "/etc/passwd", "charts/none.tgz"])),
    "pk-27-annotation": pack(described(annotations={"icon": "A" * 900_000})),
    "wide": pack(b'{"name":"bad","version":"1.0.0","x":[' + b"[]," * 300_000 + b"[]]}"),
    "deep": pack(b'{"name":"bad","version":"1.0.0","x":' + b"[" * 300 + NUMBER + b"]" * 300 + b"}"),
    "ar-03-link": with_link(),
}
SKIPPED: Mapping[str, tuple[bytes, str]] = {
    # what cannot be read, and a word of the reason
    "pk-01-comment": (pack(b'{\n// a pack\n"name": "bad", "version": "1.0.0"}'), "line 2"),
    "pk-01-surrogate": (
        pack(b'{"name":"bad","version":"1.0.0","x":"\\ud800"}'),
        "half a character",
    ),
    "pk-02-list": (pack(b"[]"), "json object"),
    "pk-03-no-version": (pack(b'{"name": "bad"}'), "no version"),
    "pk-03-escapes": (pack(described(version=ESCAPES)), "cannot be shown"),
    "deeper": (
        pack(b'{"name":"bad","version":"1.0.0","x":' + b"[" * 900 + NUMBER + b"]" * 900 + b"}"),
        "nested",
    ),
    "ar-10-bomb": (gzip.compress(bytes(300 * MIB), 9), "too large"),
    "ar-10-many-folders": (many_folders(), "too large"),
    "ar-13-cut": (pack()[:-20], "cut off"),
    "ar-16-page": (b"<!doctype html><title>Sign in</title>", "web page"),
    "ar-16-zip": (b"PK\x03\x04" + bytes(100), "zip"),
}


@dataclass
class Read:
    """What the program made of a registry, at first and again."""

    program: Program
    place: str
    run: dict[str, Any]
    again: dict[str, Any]
    artifacts: dict[str, dict[str, Any]]
    skipped: dict[str, str]

    def said(self, command: str, *words: str) -> tuple[int, str]:
        """Return the exit code of a command on the catalog, and what it prints for people."""
        result = self.program.run("catalog", command, "--registry", "packs", *words)
        assert "Traceback" not in result.err
        return result.code, result.out


def push_to_oci(site: OciSite, name: str, content: bytes) -> None:
    push_pack_by_newer_oras(site, f"{PLACE}/{name}", "1.0.0", content)


def push_to_legacy(site: LegacyPackSite, name: str, content: bytes) -> None:
    site.push(name, "1.0.0", {"bad-1.0.0.tar.gz": content}, shape="files")


@pytest.fixture(scope="module", params=["oci", "legacy-pack"])
def read(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Read]:
    program = Program(tmp_path_factory.mktemp("badpacks") / "data")
    archives = {"good": pack(), **LISTED, **{name: one for name, (one, _) in SKIPPED.items()}}
    with OciSite() as oci, LegacyPackSite() as legacy:
        for name, content in archives.items():
            push_to_oci(oci, name, content)
            push_to_legacy(legacy, name, content)
        values = ["endpoint=" + legacy.endpoint, "auth=none"]
        if request.param == "oci":
            values = [f"endpoint={oci.endpoint}", "provider_type=pack", "base_content_path=acme"]
        options = [word for value in values for word in ("--set", value)]
        program.json("registry", "add", request.param, "--name", "packs", "--no-check", *options)
        (run,) = program.json("sync", "packs", code=3)["runs"]
        history = program.json("history", "packs", "--run", str(run["id"]))
        listed = program.json("catalog", "list", "--registry", "packs")["artifacts"]
        (again,) = program.json("sync", "packs")["runs"]
        yield Read(
            program,
            f"{PLACE}/" if request.param == "oci" else "",
            run,
            again,
            {one["path"].rpartition("/")[2]: one for one in listed},
            {one["artifact"].rpartition("/")[2]: one["reason"] for one in history["skipped"]},
        )


def test_each_costs_itself_and_nothing_is_read_again(read: Read) -> None:
    assert read.run["outcome"] == "partial"
    assert set(read.artifacts) == {"good", *LISTED}
    assert set(read.skipped) == set(SKIPPED)
    assert read.again["outcome"] == "unchanged"
    assert read.again["skipped"] == len(SKIPPED)
    assert read.again["bytes"] < 200_000


@pytest.mark.parametrize("name", SKIPPED)
def test_the_reason_is_told(read: Read, name: str) -> None:
    reason = read.skipped[name]
    assert SKIPPED[name][1] in reason.lower()
    assert reason.isprintable()
    assert reason[:1].isupper()


def test_what_reaches_the_screen_is_harmless(read: Read) -> None:
    for name in ("pk-08-display-name", "pk-17-readme-escapes"):
        _, shown = read.said("show", read.place + name)
        assert name in shown
        for sign in "\x1b\x07\u202e":
            assert sign not in shown
    assert len(read.artifacts["pk-08-display-name"]["display_name"]) <= 200
    assert read.artifacts["pk-12-logo-is-a-page"]["versions"] == 1
    code, _ = read.said("document", f"{read.place}pk-12-logo-is-a-page", "1.0.0", "logo")
    assert code == 4


@pytest.mark.parametrize("name", ["pk-17-readme-10-mib", "pk-19-readme-binary"])
def test_a_text_is_there_as_far_as_it_fits(read: Read, name: str) -> None:
    where = ("--registry", "packs", f"{read.place}{name}", "1.0.0", "readme", "--fetch")
    text = read.program.json("catalog", "document", *where)["document"]["text"]
    assert 0 < len(text.encode()) <= 4 * MIB + 100
    assert text.rstrip().endswith("bytes]")


# A registry that is in trouble as a whole


@dataclass
class Stage:
    """A legacy registry that was synchronized once."""

    program: Program
    site: LegacyPackSite
    before: Any = None

    def catalog(self) -> Any:
        return self.program.json("catalog", "list", "--registry", "packs")["artifacts"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    program = Program(tmp_path_factory.mktemp("badlegacy") / "data")
    with LegacyPackSite() as site:
        push_to_legacy(site, "good", pack())
        program.json(
            "registry", "add", "legacy-pack", "--name", "packs",
            "--set", f"endpoint={site.endpoint}", "--set", "auth=none",
        )  # fmt: skip
        program.json("sync", "packs")
        stage = Stage(program, site)
        stage.before = stage.catalog()
        yield stage


@pytest.fixture
def stage(prepared: Stage) -> Iterator[Stage]:
    yield prepared
    prepared.site.mend()
    prepared.site.sign_in = None


KEEP: Mapping[str, tuple[str, Fault | None, str]] = {
    # what goes wrong where, and the code of the run
    "lp-01 404": ("/v1/_catalog", faults.status(404), "not-a-pack-registry"),
    "lp-01 page": ("*", faults.html(), "not-a-pack-registry"),
    "lp-01 another": ("/v1/_catalog", faults.raw(b"HTTP/1.0 200 OK\r\n\r\n[1, 2"), ""),
    "lp-02": ("/v1/_catalog", faults.endless(b'{"repositories":["'), "too-large"),
    "lp-03": ("/v1/good/tags/list", faults.status(500), "server-error"),
    "password": ("", None, "needs-sign-in"),
    "429": ("/v1/_catalog", faults.status(429, retry_after="3600"), "throttled"),
}


@pytest.mark.parametrize("case", KEEP)
def test_a_registry_in_trouble_keeps_its_packs(case: str, stage: Stage) -> None:
    path, fault, code = KEEP[case]
    if fault is None:
        stage.site.sign_in = Basic("robot", "right")
    else:
        stage.site.spoil(path, fault)
    (run,) = stage.program.json("sync", "packs", code=4)["runs"]
    assert (run["outcome"], run["removed"]) == ("failed", 0)
    assert run["code"] == code or not code, run
    assert run["message"]
    assert run["remedy"]
    assert stage.catalog() == stage.before


def test_lp_08_a_registry_that_is_gone_can_be_read(stage: Stage) -> None:
    port = stage.site.port
    stage.site.stop()
    try:
        (run,) = stage.program.json("sync", "packs", code=4)["runs"]
        assert run["code"] == "refused"
        assert stage.catalog() == stage.before
        where = ("--registry", "packs", "good", "1.0.0")
        shown = stage.program.json("catalog", "show", *where)
        assert shown["artifact"]["versions"]
    finally:
        stage.site.start(port)
