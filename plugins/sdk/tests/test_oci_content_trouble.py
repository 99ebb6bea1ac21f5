"""Registries that misbehave, and runs that end before their time."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from plugins.sdk.tests.oci_contents import (
    CREATED,
    HELM_CONFIG,
    HELM_LAYER,
    PACKS,
    ZARF_CONFIG,
    ZARF_LAYER,
    OciContents,
    Reader,
    asked,
    pack_files,
    push_chart,
    push_container,
    push_pack,
    tgz,
)
from registrykit.artifacts import Version
from registrykit.cancel import CancelToken
from registrykit.errors import BadAnswer, Cancelled, NotAllowed, RegistryError, Throttled
from registrykit.events import Complete, Found, Skip, Unchanged
from registrykit.oci.content import repository as reading
from registrykit.oci.content.once import Once
from registrykit.oci.content.remembered import MOST_REMEMBERED, Remembered, Row, recall
from registrykit.oci.media import DOCKER_MANIFEST, OCI_INDEX
from registrykit.sync import Settings, open_context
from registrykit.testing import faults
from registrykit.testing.answers import Answer, Fault, Request
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.running import Run, collect


@pytest.fixture
def site() -> Iterator[OciSite]:
    """A healthy chart, pack and image; everything else is added by a test."""
    with OciSite() as served:
        push_chart(served, "acme/web", "1.0.0")
        push_pack(served, f"acme/{PACKS}/nginx", "1.27.0")
        push_container(served, "acme/app", "v1")
        yield served


HEALTHY = {"chart acme/web 1.0.0", f"pack acme/{PACKS}/nginx 1.27.0", "image acme/app v1"}


def manifest(**fields: Any) -> bytes:
    told = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "x/y", "digest": "sha256:" + "0" * 64, "size": 2},
        "layers": [],
        **fields,
    }
    return json.dumps(told).encode()


def nested(site: OciSite, repository: str, depth: int) -> None:
    digest = push_container(site, repository, "")
    kind = "application/vnd.oci.image.manifest.v1+json"
    for _ in range(depth):
        content, _ = site.pushed(repository, digest)
        entry = {"mediaType": kind, "digest": digest, "size": len(content)}
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
        digest, kind = site.push(repository, "", index, OCI_INDEX), OCI_INDEX
    content, media_type = site.pushed(repository, digest)
    site.push(repository, "x", content, media_type)


PLACE = f"acme/{PACKS}/bad"
DEEP = b'{"a":' * 100_000


def layer(**fields: Any) -> dict[str, Any]:
    return {"mediaType": "a", "digest": "sha256:" + "1" * 64, "size": 1, **fields}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nothing", "not valid JSON"),
        (DEEP, "not valid JSON"),
        (b'{"schemaVersion": 1}', "old format"),
        (manifest(manifests=[]), "mixes"),
        (b'{"layers": [], "layers": []}', "stands in it twice"),
        (manifest(layers=[layer(size=-1)]), "layers[0].size"),
        (manifest(layers=[layer(size=2**70)]), "layers[0].size"),
        (manifest(layers=[layer(digest="sha256:../x")]), "invalid digest"),
        (manifest(mediaType=DOCKER_MANIFEST), "header says"),
        (manifest(annotations={"a": "x" * 5_000_000}), "too large"),
    ],
    ids=[
        "not-json",
        "deep",
        "schema-1",
        "mixed",
        "twice",
        "size",
        "sizes",
        "digest",
        "lie",
        "huge",
    ],
)
def test_one_odd_manifest_costs_one_version(site: OciSite, content: bytes, words: str) -> None:
    site.push("acme/odd", "1.0.0", content)
    push_chart(site, "acme/odd", "1.0.1")
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert reader.versions == HEALTHY | {"chart acme/odd 1.0.1"}
    (skip,) = run.of(Skip)
    assert (skip.ref.path, skip.ref.version) == ("acme/odd", "1.0.0")
    assert words in skip.reason
    site.forget()
    run, changes = reader.sync()
    assert changes.nothing
    assert asked(site)[1:] == (0, 0)


def push_archive(site: OciSite, content: bytes, tag: str = "1") -> None:
    site.push_image(PLACE, tag, layers=[Layer(content, title="bad-1.tar.gz")])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>Sign in</html>", "web page"),
        (b"", "empty"),
        (gzip.compress(b"\0" * 100_000_000, 9), "too large"),
        (tgz(pack_files("bad", "1"), "bad-1")[:200], "cut off"),
        (tgz({"README.md": b"# A"}, "bad-1"), "no pack.json"),
        (tgz({"pack.json": b"[]"}, "bad-1"), "JSON object"),
        (tgz({"a/pack.json": b"{}", "b/pack.json": b"{}"}), "ambiguous"),
        (tgz({"pack.json": b'{"name": "bad"}'}, "bad-1"), "no version"),
    ],
    ids=["page", "empty", "bomb", "cut", "none", "list", "two", "version"],
)
def test_one_bad_archive_costs_one_version(site: OciSite, content: bytes, words: str) -> None:
    push_archive(site, content)
    push_pack(site, PLACE, "1.0.1")
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert reader.versions == HEALTHY | {f"pack {PLACE} 1.0.1"}
    (skip,) = run.of(Skip)
    assert (skip.ref.path, skip.ref.version) == (PLACE, "1")
    assert words in skip.reason
    # It is known by its digest, and nobody looks at it again.
    site.forget()
    push_pack(site, PLACE, "1.0.2")
    run, _ = reader.sync()
    assert asked(site)[1:] == (1, 1)
    assert len(run.of(Skip)) == 1


@pytest.mark.parametrize("layers", [0, 2])
def test_a_pack_has_one_archive(site: OciSite, layers: int) -> None:
    several = [Layer(bytes([number]), title=f"{number}.tgz") for number in range(layers)]
    site.push_image(PLACE, "1", layers=several)
    run, _ = Reader(site.endpoint).sync()
    assert [(skip.ref.path, skip.ref.version) for skip in run.of(Skip)] == [(PLACE, "1")]


def test_bytes_that_are_others_are_asked_for_again_and_refused(site: OciSite) -> None:
    reader = Reader(site.endpoint)
    reader.sync()
    known = reader.versions
    push_pack(site, f"acme/{PACKS}/nginx", "1.28.0")
    blobs = site._repositories[f"acme/{PACKS}/nginx"].blobs
    (digest,) = [d for d in blobs if not site.asked(d) and len(blobs[d]) > 2]
    good = blobs[digest]
    blobs[digest] = good[:-1] + bytes([good[-1] ^ 1])
    run, changes = reader.sync()
    assert changes.nothing
    assert reader.versions == known
    (skip,) = run.of(Skip)
    assert skip.ref.version == "1.28.0"
    assert "does not match its digest" in skip.reason
    assert len(site.asked(f"/blobs/{digest}")) == 2
    # It is no fault of the content: as soon as the right bytes come it is there.
    blobs[digest] = good
    _, changes = reader.sync()
    assert [key[2] for key in changes.added] == ["1.28.0"]
    site.forget()
    assert reader.sync()[1].nothing
    assert asked(site)[1:] == (0, 0)


def test_a_manifest_under_a_wrong_digest_is_refused(site: OciSite) -> None:
    def lying(_: Request) -> Answer:
        content, media_type = manifest(), "application/vnd.oci.image.manifest.v1+json"
        headers = {"Content-Type": media_type, "Docker-Content-Digest": "sha256:" + "1" * 64}
        return Answer(200, content, headers)

    site.push_image("acme/odd", "1", layers=[])
    site.put("/v2/acme/odd/manifests/1", lying)
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert reader.versions == HEALTHY
    assert "does not match its digest" in run.of(Skip)[0].reason


@pytest.mark.parametrize("full", [False, True])
def test_what_cannot_be_reached_is_kept_as_it_is_spelled(
    site: OciSite, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    push_chart(site, "acme/web", "1.0.0+b")
    reader = Reader(site.endpoint)
    reader.sync()
    later = reading.now() + reading.RECHECK
    monkeypatch.setattr(reading, "now", lambda: later)
    push_chart(site, "acme/web", "1.0.1")
    site.spoil("/v2/acme/web/manifests/1.0.0_b", faults.status(403))
    run, changes = reader.sync(full=full)
    assert not changes.removed
    assert [skip.ref.version for skip in run.of(Skip)] == ["1.0.0+b"]
    assert "chart acme/web 1.0.0+b" in reader.versions


def test_content_that_is_missing_is_looked_for_again(site: OciSite) -> None:
    chart = {"mediaType": HELM_CONFIG, "digest": "sha256:" + "2" * 64, "size": 20}
    layer = site.push_blob("acme/web", b"archive", HELM_LAYER)
    site.push("acme/web", "2.0.0", manifest(config=chart, layers=[layer]))
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert reader.versions == HEALTHY
    assert "There is no blob" in run.of(Skip)[0].reason
    site.forget()
    run, changes = reader.sync()
    assert changes.nothing
    # Only what is missing: one manifest, and the blob that is not there.
    assert (len(site.asked("/manifests/")), len(site.asked("/blobs/"))) == (1, 1)


@pytest.mark.parametrize(
    "fault", [faults.status(400), faults.status(409), faults.status(307), faults.html()]
)
def test_an_answer_that_says_nothing_of_the_content_is_not_remembered(
    site: OciSite, fault: Fault
) -> None:
    def spoilt(answer: Answer, request: Request) -> Answer:
        return fault(answer, request) if "/blobs/" in request.path else answer

    site.spoil("*", spoilt)
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert not reader.versions
    assert len(run.of(Skip)) == 3
    site.mend()
    reader.sync()
    assert reader.versions == HEALTHY
    site.forget()
    assert reader.sync()[1].nothing
    assert asked(site)[1:] == (0, 0)


@pytest.mark.parametrize("depth", [2, 3, 100])
def test_indexes_in_indexes_end(site: OciSite, depth: int) -> None:
    nested(site, "acme/deep", depth)
    reader = Reader(site.endpoint, paths=["acme/deep"])
    reader.sync()
    assert reader.versions == {f"{'image' if depth < 4 else 'artifact'} acme/deep x"}
    assert len(site.asked("/manifests/")) <= 4


def test_a_zarf_definition_that_is_a_trap(site: OciSite) -> None:
    trap = b"a: &a [x,x]\nb: &b [*a,*a]\nkind: ZarfPackageConfig\nmetadata: {name: x}\n"
    layer = Layer(trap, ZARF_LAYER, "zarf.yaml")
    site.push_image("acme/trap", "1", layers=[layer], config_type=ZARF_CONFIG)
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert reader.versions == HEALTHY
    assert [skip.ref.path for skip in run.of(Skip)] == ["acme/trap"]


@pytest.mark.parametrize(
    ("tags", "versions", "skipped"),
    [
        (None, [], []),
        ([], [], []),
        (["1.0.0", "1.0.0"], ["1.0.0"], []),
        (["1.0.0", 5, "", "a b", "x" * 200], ["1.0.0"], 4),
        ({"1.0.0": 1}, [], 1),
    ],
)
def test_odd_lists_of_tags(site: OciSite, tags: Any, versions: list[str], skipped: Any) -> None:
    push_chart(site, "acme/odd", "1.0.0")
    body = json.dumps({"name": "acme/odd", "tags": tags}).encode()
    site.put("/v2/acme/odd/tags/list", Answer(200, body, {"Content-Type": "application/json"}))
    reader = Reader(site.endpoint)
    run, _ = reader.sync()
    assert reader.versions == HEALTHY | {f"chart acme/odd {version}" for version in versions}
    assert len(run.of(Skip)) == (skipped or 0)
    assert reader.sync()[1].nothing


@pytest.mark.parametrize(
    "fault", [faults.status(403), faults.status(500), faults.html(), faults.status(400)]
)
def test_a_repository_that_may_not_be_read_costs_itself(site: OciSite, fault: Any) -> None:
    reader = Reader(site.endpoint)
    reader.sync()
    site.spoil("/v2/acme/web/tags/list", fault)
    run, changes = reader.sync()
    assert changes.nothing
    assert [skip.ref.path for skip in run.of(Skip)] == ["acme/web"]
    assert len(run.of(Unchanged)) == 2


def test_where_nothing_may_be_read_the_run_fails(site: OciSite) -> None:
    for name in ("acme/web", "acme/app", f"acme/{PACKS}/nginx"):
        site.spoil(f"/v2/{name}/tags/list", faults.status(403))
    with pytest.raises(NotAllowed):
        Reader(site.endpoint).sync()


def test_a_registry_that_is_overloaded_ends_the_run(site: OciSite) -> None:
    site.spoil("/v2/acme/web/manifests/1.0.0", faults.status(429, retry_after="600"))
    reader = Reader(site.endpoint)
    with pytest.raises(Throttled):
        reader.sync()
    site.mend()
    reader.sync()
    assert reader.versions == HEALTHY


# Runs that end early

MANY, EACH = 200, 50


@pytest.fixture(scope="module")
def large() -> Iterator[OciSite]:
    with OciSite() as served:
        for repository in range(MANY):
            for tag in range(EACH):
                note = {"of": f"{repository} {tag}", **CREATED}
                served.push_image(f"acme/r{repository:03}", f"1.{tag}.0", annotations=note)
        yield served


class _Stopping(MiniCatalog):
    """What was stored before somebody cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = Settings()

    def stop(self, run: Run) -> None:
        self.apply(run.events, finished=False)
        self.settings = Settings(completed=self.completed)


def test_a_cancelled_run_goes_on_where_it_was(large: OciSite) -> None:
    large.forget()
    values = {"endpoint": large.endpoint}
    catalog, token = _Stopping(), CancelToken()
    stopped: list[float] = []

    def stop() -> None:
        while len(large.log) < 3000:
            time.sleep(0.005)
        stopped.append(time.monotonic())
        token.cancel()

    watcher = threading.Thread(target=stop)
    watcher.start()
    run = collect(OciContents(), values, stored=catalog, cancel=token, raises=False)
    ended = time.monotonic()
    watcher.join()
    assert isinstance(run.error, Cancelled)
    assert ended - stopped[0] < 2.0
    catalog.stop(run)
    had = set(catalog.completed)
    assert 0 < len(had) < MANY
    large.forget()
    rest = collect(OciContents(), values, stored=catalog, settings=catalog.settings)
    catalog.apply(rest.events)
    assert not had & {path.split("/v2/")[1].split("/tags/")[0] for path in large.asked("/tags/")}
    assert not had & {found.artifact.path for found in rest.found}
    assert len(large.asked("/manifests/")) == (MANY - len(had)) * EACH
    assert len(catalog.versions) == MANY * EACH
    large.forget()
    again = collect(OciContents(), values, stored=catalog)
    assert catalog.apply(again.events).nothing
    assert len(large.asked("/tags/list")) == MANY
    assert again.requests == MANY + len(large.asked("_catalog"))


def test_a_run_that_is_stalled_is_cancelled_at_once(site: OciSite) -> None:
    site.spoil("/v2/acme/web/manifests/1.0.0", faults.stall())
    token = CancelToken()
    with open_context(OciContents(), {"endpoint": site.endpoint}, cancel=token) as ctx:
        timer = threading.Timer(0.3, token.cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            list(OciContents().sync(ctx))
        assert time.monotonic() - began < 0.3 + 2.0
        timer.join()


def test_events_come_repository_by_repository(large: OciSite) -> None:
    """So that what is waiting stays small, and what was stored counts when a run ends early."""
    run, _ = Reader(large.endpoint, paths=["acme/r001", "acme/r002"]).sync()
    order = [
        f"found {event.artifact.path}" if isinstance(event, Found) else f"done {event.prefix}"
        for event in run.events
        if isinstance(event, (Found, Complete))
    ]
    assert list(dict.fromkeys(order)) == [
        "found acme/r001",
        "done acme/r001",
        "found acme/r002",
        "done acme/r002",
        "done ",
    ]
    assert len(order) == 2 * EACH + 3


# What is remembered


def test_what_is_remembered_has_bounds() -> None:
    noise = (hashlib.sha512(bytes([number % 256, number // 256])) for number in range(15_000))
    rows = {
        str(number): Row(str(number), version=Version("1", description=digest.hexdigest()))
        for number, digest in enumerate(noise)
    }
    kept = Remembered("here", "tags", 1.5, ["x"], rows=rows).as_memory()
    assert len(kept["rows"]) <= MOST_REMEMBERED
    found = recall(kept, "here")
    assert 0 < len(found.rows) < len(rows)
    assert list(found.rows) == list(rows)[: len(found.rows)]
    assert found.missing == ["x"]
    assert not recall(kept, "elsewhere").rows
    assert not recall({**kept, "rows": b"damaged"}, "here").rows
    assert not recall({**kept, "checked": "soon"}, "here").rows


def test_what_several_want_at_once_is_read_once() -> None:
    once, begun, go = Once(100), threading.Event(), threading.Event()
    calls: list[int] = []

    def slow() -> str:
        calls.append(1)
        begun.set()
        go.wait(10)
        return "x"

    got: list[str] = []
    threads = [
        threading.Thread(target=lambda: got.append(once.get("a", slow, len))) for _ in range(3)
    ]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert (got, len(calls)) == (["x"] * 3, 1)
    # Errors are nobody else's, and what is too much is forgotten.
    with pytest.raises(RegistryError):
        once.get("b", _fail, len)
    assert once.get("b", lambda: "y", lambda _: 200) == "y"
    assert once.get("b", lambda: "z", len) == "z"


def _fail() -> str:
    raise BadAnswer("no")
