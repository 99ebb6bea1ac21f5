"""Bombs and oddities in OCI registries: what is listed stays in bounds, whatever comes.

The ids (MF-10 …) are those of the catalog of bad input.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import tracemalloc
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from plugins.sdk.tests.oci_contents import (
    HELM_CONFIG,
    HELM_LAYER,
    OCI_CONFIG,
    PACKS,
    ZARF_CONFIG,
    ZARF_LAYER,
    ZARF_YAML,
    Reader,
    chart_files,
    one,
    pack_files,
    push_chart,
    push_container,
    push_pack,
    tgz,
)
from registrykit.artifacts import Version
from registrykit.errors import BadAnswer
from registrykit.events import Skip, SyncEvent
from registrykit.formats.entries import settle_facts
from registrykit.formats.pack_archive import PackLimits, read_pack
from registrykit.frames import MAX_EVENTS, MAX_MEMORY, batches, pack
from registrykit.frames import Remembered as RememberedFrame
from registrykit.http import Http
from registrykit.oci.addresses import read_address
from registrykit.oci.content.look import Look
from registrykit.oci.content.once import Once
from registrykit.oci.content.remembered import Remembered, Row
from registrykit.oci.content.shapes import pack_layer
from registrykit.oci.content.source import Source
from registrykit.oci.manifests import Image
from registrykit.oci.media import OCI_INDEX, OCI_MANIFEST
from registrykit.testing.oci import Layer, OciSite
from registrykit.yielded import check_event

MIB = 1024 * 1024
PLACE = f"acme/{PACKS}/bad"
NOT_TEXT = os.urandom(4 * MIB).translate(bytes(byte | 0x80 for byte in range(256)))


@pytest.fixture
def site() -> Iterator[OciSite]:
    with OciSite() as served:
        push_chart(served, "acme/web", "1.0.0")
        yield served


Push = Callable[[OciSite], object]


def a_pack(**files: bytes) -> Push:
    told = {name.replace("__", "."): content for name, content in files.items()}
    return lambda site: push_pack(site, PLACE, "1", {**pack_files("bad", "1"), **told})


def an_artifact(**annotations: str) -> Push:
    def push(site: OciSite) -> None:
        layers = [Layer(b"x", title="a.txt")]
        site.push_image(
            "acme/odd", "1", layers=layers, config_type="application/x.y", annotations=annotations
        )

    return push


def a_chart(config: bytes) -> Push:
    def push(site: OciSite) -> None:
        layers = [Layer(chart_files("odd", "1.0.0")[1], HELM_LAYER)]
        site.push_image("acme/odd", "1.0.0", layers=layers, config=config, config_type=HELM_CONFIG)

    return push


def a_zarf_package(**files: bytes) -> Push:
    def push(site: OciSite) -> None:
        told = {"zarf.yaml": ZARF_YAML} | {n.replace("__", "."): c for n, c in files.items()}
        layers = [Layer(content, ZARF_LAYER, name) for name, content in told.items()]
        site.push_image("acme/odd", "1", layers=layers, config_type=ZARF_CONFIG)

    return push


def an_image(config: Any) -> Push:
    content = config if isinstance(config, bytes) else json.dumps(config).encode()
    layers = [Layer(bytes(100))]
    return lambda site: site.push_image(
        "acme/odd", "1", layers=layers, config=content, config_type=OCI_CONFIG
    )


def an_index(count: int, **platform: str) -> Push:
    def push(site: OciSite) -> None:
        digest = push_container(site, "acme/odd", "")
        size = len(site.pushed("acme/odd", digest)[0])
        entry = {"mediaType": OCI_MANIFEST, "digest": digest, "size": size}
        entries = [
            {**entry, "platform": {"os": "linux", "architecture": f"a{number}", **platform}}
            for number in range(count)
        ]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        site.push("acme/odd", "1", index, OCI_INDEX)

    return push


def many_layers(site: OciSite) -> None:
    layer = site.push_blob("acme/odd", b"a", "a/b")
    layers = [
        {**layer, "annotations": {"org.opencontainers.image.title": f"file-{number}" * 10}}
        for number in range(9000)
    ]
    config = site.push_blob("acme/odd", b"{}", "x/y")
    fields = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    site.push("acme/odd", "1", fields)


LABELS = {f"label-{number}": "x" * 100 for number in range(9000)}
LISTED: dict[str, Push] = {
    "pk-17 readme of no text": a_pack(README__md=NOT_TEXT),
    "pk-17 readme in utf-16": a_pack(README__md=b"\xff\xfe" + "山".encode("utf-16-le") * 2 * MIB),
    "pk-19 values of no text": a_pack(values__yaml=NOT_TEXT[: 3 * MIB]),
    "zf-04 values of no text": a_zarf_package(values__yaml=NOT_TEXT[:-1]),
    "zf-06 checksums of no text": a_zarf_package(checksums__txt=NOT_TEXT[: 2 * MIB]),
    "mf-10 annotation": an_artifact(long="x" * 3_900_000),
    "mf-10 annotations": an_artifact(**{f"k{n}": "v" * 50 for n in range(40_000)}),
    "mf-10 keys": an_artifact(**{f"{n}" + "k" * 60_000: "v" for n in range(60)}),
    "mf-18 platforms": an_index(9000, variant="x" * 50),
    "mf-18 a long platform": an_index(2, architecture="x" * 1_500_000),
    "layers": many_layers,
    "labels": an_image({"architecture": "a", "os": "linux", "config": {"Labels": LABELS}}),
    "lone surrogates": an_image(b'{"os":"\\ud800","config":{"Labels":{"\\udfff":"\\ud800"}}}'),
    "config of no text": an_image(NOT_TEXT[:-1]),
    "chart of surrogates": a_chart(b'{"version":"1.0.0","description":"\\ud800","x":"\\udfff"}'),
    "chart with a long number": a_chart(b'{"version":"1.0.0","x":' + b"9" * 5000 + b"}"),
    "deep chart": a_chart(b'{"version":"1.0.0","x":' + b"[" * 900 + b"]" * 900 + b"}"),
    "wide chart": a_chart(b'{"version":"1.0.0","x":[' + b"[]," * 200_000 + b"[]]}"),
}


@pytest.mark.parametrize("case", LISTED)
def test_what_is_odd_is_listed_in_bounds(site: OciSite, case: str) -> None:
    LISTED[case](site)
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert not run.of(Skip)
    assert len(reader.versions) == 2
    assert_sendable(run.events)
    (found,) = [found for found in run.found if found.artifact.path != "acme/web"]
    assert_sendable(list(reader.texts(found).values()))
    assert reader.saved(found)[0].isascii()
    assert reader.sync()[1].nothing


def assert_sendable(events: Sequence[SyncEvent]) -> None:
    """Check what the worker would: kinds, sizes, and that each event fits into a frame."""
    for event in events:
        check_event(event)
    for start in range(0, len(events), MAX_EVENTS):
        assert list(batches(events[start : start + MAX_EVENTS]))


def test_a_pack_json_that_is_deep_costs_one_version(site: OciSite) -> None:
    deep = b"[" * 900 + b"1" * 30 + b"]" * 900
    a_pack(pack__json=b'{"name":"bad","version":"1","x":' + deep + b"}")(site)
    reader = Reader(site.endpoint)
    (skip,) = reader.sync()[0].of(Skip)
    assert "nested too deeply" in skip.reason
    assert len(reader.versions) == 1


def test_texts_of_many_folders_are_not_collected() -> None:
    """Which folder is the pack is known at the end of the archive alone."""
    described = {"bad/pack.json": b'{"name":"bad","version":"1"}'}
    folders = {f"t{number}/values.yaml": bytes(1000) for number in range(20)}
    limits = PackLimits(texts=15_000)
    assert read_pack(tgz({**described, **dict(list(folders.items())[:10])}), limits=limits)
    with pytest.raises(BadAnswer) as raised:
        read_pack(tgz({**described, **folders}), limits=limits)
    assert raised.value.code == "pack-too-large"


def test_packs_in_waiting_take_little_room(site: OciSite) -> None:
    """Long texts of many versions are not all held until their repository is complete."""
    for number in range(30):
        long = f"# {number}\n".encode() + b"word " * (MIB * 4 // 5)
        files = {**pack_files("bad", f"1.{number}"), "README.md": long, "schema.yaml": long}
        push_pack(site, PLACE, f"1.{number}", files)
    reader = Reader(site.endpoint)
    tracemalloc.start()
    try:
        run, _ = reader.sync()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(reader.versions) == 31
    assert not run.of(Skip)
    assert peak < 150 * MIB, f"{peak:,}"  # they are 240 MiB


def test_the_names_of_files_count_for_what_is_kept(site: OciSite) -> None:
    names = {f"{number}" + "n" * 200: b"" for number in range(5000)}
    push_pack(site, PLACE, "1", {**pack_files("bad", "1"), **names})
    address = read_address(site.endpoint)
    with Http(origins=address.origins) as http:
        look = Look(http, Source(address))
        before = look._once._room
        manifest = look.registry.manifest(PLACE, "1")
        assert isinstance(manifest.document, Image)
        look.pack(PLACE, pack_layer(manifest.document))
        assert before - look._once._room > 5000 * 300


def test_an_error_keeps_nothing_of_what_it_was_raised_over() -> None:
    """A bomb that was refused is gone at once, and not when somebody looks for cycles."""

    class Unpacked:
        pass

    seen: list[weakref.ref[Unpacked]] = []

    def refuse() -> str:
        unpacked = Unpacked()
        seen.append(weakref.ref(unpacked))
        raise BadAnswer("too large")

    gc.disable()
    try:
        with suppress(BadAnswer):
            Once(100).get("a", refuse, len)
        assert seen[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "facts",
    [
        {"x": [[]] * 200_000},
        {"x": [1] * 200_000},
        {"x": {str(number): True for number in range(200_000)}},
        {"山" * 250 + str(number): 1 for number in range(50_000)},
    ],
    ids=["lists", "numbers", "fields", "names"],
)
def test_facts_are_bounded_by_the_room_they_take_up(facts: dict[str, Any]) -> None:
    remarks: list[str] = []
    kept = settle_facts(facts, remarks)
    assert 1000 < len(kept.get("x", kept)) < 20_000
    assert len(msgspec.json.encode(kept)) < 4 * MIB
    assert "left out" in remarks[0]


@pytest.mark.parametrize("part", ["config", "layer"])
@pytest.mark.parametrize("way", ["changed", "longer", "shorter"])
def test_an_image_of_other_bytes_is_refused(site: OciSite, part: str, way: str) -> None:
    push_container(site, "acme/app", "v1")
    reader = Reader(site.endpoint)
    found = one(reader.sync()[0], "acme/app")
    blobs = site._repositories["acme/app"].blobs
    (digest,) = [d for d, c in blobs.items() if c.startswith(b"{") == (part == "config")]
    good = blobs[digest]
    changed = good[:-1] + bytes([good[-1] ^ 1])
    blobs[digest] = {"changed": changed, "longer": good + b"x", "shorter": good[:-1]}[way]
    with pytest.raises(BadAnswer) as raised:
        reader.saved(found)
    assert raised.value.code == ("digest-mismatch" if way == "changed" else "size-mismatch")


def test_mf_09_an_index_that_is_too_long_is_not_saved_in_part(site: OciSite) -> None:
    digests = [
        site.push_image("acme/long", "", annotations={"n": str(number)}) for number in range(1001)
    ]
    site.push_index("acme/long", "1", [(digest, {"os": "linux"}) for digest in digests])
    reader = Reader(site.endpoint)
    with pytest.raises(BadAnswer) as raised:
        reader.saved(one(reader.sync()[0], "acme/long"))
    assert raised.value.code == "index-too-long"


def test_memory_is_bounded_with_all_that_is_in_it() -> None:
    def noise(kind: str, number: int) -> str:
        return hashlib.sha512(f"{kind} {number}".encode()).hexdigest()

    missing = [noise("missing", number) for number in range(5000)]
    rows = {noise("tag", n): Row(version=Version("1", digest=noise("d", n))) for n in range(12_000)}
    kept = Remembered("here", "tags", 1.0, missing, rows=rows).as_memory()
    assert len(pack(RememberedFrame(kept))) < MAX_MEMORY - 16 * 1024
    assert len(kept["rows"]) > 500_000


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("a-1.txt", "a-1.txt"),
        ("folder/a.txt", "a.txt"),
        ("NUL", "odd-1"),
        ("con.txt", "odd-1"),
        ("Com1.tgz", "odd-1"),
        ("../../x", "x"),
        ("..", "odd-1"),
        ("a\\..\\b.exe", "b.exe"),
        ("\u202egpj.exe", "odd-1"),
        ("C:evil", "odd-1"),
        (".bashrc", "odd-1"),
        ("-rf", "odd-1"),
        ("a.", "odd-1"),
        ("x" * 300, "odd-1"),
        ("a\0b", "odd-1"),
    ],
)
def test_ui_05_names_of_files_are_plain_everywhere(site: OciSite, title: str, file: str) -> None:
    site.push_image("acme/odd", "1", layers=[Layer(b"x", title=title)], config_type="x/y")
    reader = Reader(site.endpoint)
    assert reader.saved(one(reader.sync()[0], "acme/odd")) == (file, b"x")


def test_mf_01_packs_may_have_digests_of_another_kind(site: OciSite) -> None:
    content = tgz(pack_files("bad", "1"), "bad-1")
    site.push_blob(PLACE, b"{}", "x/y")
    digest = f"sha512:{hashlib.sha512(content).hexdigest()}"
    site._repositories[PLACE].blobs[digest] = content
    title = {"org.opencontainers.image.title": "bad-1.tar.gz"}
    layer = {"mediaType": "a/b", "digest": digest, "size": len(content), "annotations": title}
    config = {**site.push_blob(PLACE, b"{}", "application/vnd.oci.empty.v1+json")}
    fields = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
    body = json.dumps(fields).encode()
    named = f"sha512:{hashlib.sha512(body).hexdigest()}"
    site._repositories[PLACE].manifests[named] = (body, OCI_MANIFEST)
    site._repositories[PLACE].tags["1"] = named
    reader = Reader(site.endpoint)
    found = one(reader.sync()[0], PLACE)
    assert (found.version.digest, found.version.content_digest) == (named, digest)
    assert reader.texts(found)["readme"].text.startswith("# bad")
    assert reader.saved(found) == ("bad-1.tar.gz", content)
    site._repositories[PLACE].blobs[digest] = content[:-1] + b"x"
    with pytest.raises(BadAnswer):
        reader.saved(found)
    assert reader.sync()[1].nothing
