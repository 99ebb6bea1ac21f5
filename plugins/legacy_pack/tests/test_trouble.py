"""Synchronizing what is in trouble: sign-in, other servers, packs that cannot be read.

The ids in the names (LP-01 …) are those of the catalog of bad input.
"""

from __future__ import annotations

import itertools
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.errors import (
    BadAnswer,
    NotFound,
    RegistryError,
    SignInFailed,
    Throttled,
    Unreachable,
)
from registrykit.events import Complete, Note, Skip, Unchanged
from registrykit.testing import faults
from registrykit.testing.answers import Answer, Request
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.pack_sites import LegacyPackSite, pack_archive
from registrykit.testing.running import Run, collect, collect_bytes, collect_documents
from registrykit.testing.servers import Names, Site
from registrykit.urls import Basic, Bearer
from registrykit_legacy_pack.registry import LegacyPackRegistry

if TYPE_CHECKING:
    from plugins.legacy_pack.tests.conftest import MakePack

PACKS = LegacyPackRegistry()


def run(site: Site, catalog: MiniCatalog | None = None, **values: Any) -> Run:
    return collect(PACKS, {"endpoint": site.url, "auth": "none", **values}, stored=catalog)


def failure(site: Site, catalog: MiniCatalog | None = None, **values: Any) -> RegistryError:
    """Run into an error, which has its three parts and completes nothing."""
    config = {"endpoint": site.url, "auth": "none", **values}
    stopped = collect(PACKS, config, stored=catalog, raises=False)
    assert stopped.error is not None
    assert all((str(stopped.error), stopped.error.remedy))
    assert Complete("") not in [Complete(event.prefix) for event in stopped.of(Complete)]
    return stopped.error


def synced(site: Site) -> MiniCatalog:
    """Return a catalog that has taken over everything that the site holds."""
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    site.forget()
    return catalog


def versions(found: Run) -> list[str]:
    return [f"{one.artifact.path} {one.version.wire_tag}" for one in found.found]


def asked(site: Site) -> list[str]:
    return [one.path for one in site.log]


EVERYTHING = ["nginx 1.26.0", "nginx 1.27.0", "ubuntu 24.4.1", "ubuntu lts__22.4.3", "vault 0.1.0"]


# Sign-in


def test_each_way_to_sign_in_is_sent(site: LegacyPackSite) -> None:
    site.sign_in = Basic("robot", "pässword")
    login: dict[str, Any] = {"auth": "basic", "username": "robot", "password": "pässword"}
    assert versions(run(site, **login)) == EVERYTHING
    site.sign_in = Bearer("token-1")
    assert versions(run(site, auth="token", token="token-1")) == EVERYTHING


def test_a_login_that_is_missing_or_wrong_says_so(site: LegacyPackSite) -> None:
    site.sign_in = Basic("robot", "right")
    bare: dict[str, Any] = {}
    for values in (bare, {"auth": "basic"}):
        missing = failure(site, **values)
        assert isinstance(missing, SignInFailed)
        assert missing.code == "needs-sign-in"
    wrong = failure(site, auth="basic", username="robot", password="wrong-canary")
    assert wrong.code == "sign-in-failed"
    assert "canary" not in f"{wrong} {wrong.cause} {wrong.remedy}"


def test_credentials_stay_with_the_registry(site: LegacyPackSite) -> None:
    login: dict[str, Any] = {"auth": "basic", "username": "robot", "password": "right"}
    with LegacyPackSite() as other:
        for name, tags in {"nginx": ("1.26.0", "1.27.0")}.items():
            for tag in tags:
                other.push(name, tag, {"pack.json": b'{"name": "nginx", "version": "1"}'})
        site.sign_in = Basic("robot", "right")

        def elsewhere(answer: Answer, request: Request) -> Answer:
            if "/blobs/" not in request.path:
                return answer
            return Answer(307, headers={"Location": f"{other.url}{request.path}"})

        site.spoil("*", elsewhere)
        found = run(site, **login)
        assert other.log
        assert not [one for one in other.log if "authorization" in one.headers]
        assert found.of(Skip)


def test_a_host_that_nobody_approved_is_asked_for_first(site: LegacyPackSite) -> None:
    def elsewhere(answer: Answer, request: Request) -> Answer:
        moved = {"Location": "http://storage.example.com/x"}
        return Answer(307, headers=moved) if "/blobs/" in request.path else answer

    site.spoil("*", elsewhere)
    assert failure(site).code == "host-not-approved"


# LP: what goes wrong


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (faults.status(404), NotFound, "not-a-pack-registry"),
        (faults.html(), BadAnswer, "not-a-pack-registry"),
        (faults.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), BadAnswer, None),
        (faults.status(418), BadAnswer, "unexpected-status"),
    ],
    ids=["404", "html", "another version", "teapot"],
)
def test_lp_01_another_server_is_said_to_be_one(
    site: LegacyPackSite, fault: Any, kind: type[RegistryError], code: str | None
) -> None:
    catalog = synced(site)
    site.spoil("/v1/_catalog", fault)
    error = failure(site, catalog)
    assert isinstance(error, kind)
    if code != "unexpected-status":
        assert error.code == "not-a-pack-registry"
        assert "pack registry" in str(error)
        assert error.cause
    assert len(catalog.versions) == 5


def test_lp_02_a_list_that_is_too_large_ends_the_run(site: LegacyPackSite) -> None:
    catalog = synced(site)
    site.spoil("/v1/_catalog", faults.endless(b'{"repositories":["' + b"x" * 60_000))
    assert failure(site, catalog).code == "too-large"
    assert len(catalog.versions) == 5


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (faults.status(404), False),
        (faults.status(500), False),
        (faults.status(403), False),
        (faults.cut(10), False),
        (faults.status(418), False),
        (faults.html(), True),
    ],
    ids=["404", "500", "403", "cut", "418", "html"],
)
@pytest.mark.parametrize("part", ["manifests/1.27.0", "blobs"])
def test_lp_03_a_pack_without_its_content_costs_only_itself(
    site: LegacyPackSite, fault: Any, again: bool, part: str
) -> None:
    def spoil(answer: Answer, request: Request) -> Answer:
        hit = "nginx" in request.path and part in request.path
        return fault(answer, request) if hit else answer

    site.spoil("*", spoil)
    catalog = MiniCatalog()
    first = run(site, catalog)
    lost = {"nginx 1.27.0"} if "manifests" in part else {"nginx 1.26.0", "nginx 1.27.0"}
    named = {f"{one.ref.path} {one.ref.version}" for one in first.of(Skip)}
    assert named == lost
    assert all(one.reason for one in first.of(Skip))
    # What a manifest names is listed by its tag, even where nothing else is understood.
    bare = {"nginx 1.27.0"} if again and "manifests" in part else set()
    assert set(versions(first)) == set(EVERYTHING) - lost | bare
    catalog.apply(first.events)
    site.mend()
    site.forget()
    mended = catalog.apply(run(site, catalog).events)
    if again and "manifests" in part:
        return
    # What could not be reached is asked for again, and nothing else of the other packs.
    assert len(mended.added) == len(lost)
    assert len(catalog.versions) == 5
    assert not [path for path in asked(site) if "vault/manifests" in path]


def test_bl_01_damaged_bytes_are_asked_for_once_more(site: LegacyPackSite) -> None:
    damaged: set[str] = set()

    def once(answer: Answer, request: Request) -> Answer:
        if "/blobs/" not in request.path or request.path in damaged:
            return answer
        damaged.add(request.path)
        assert isinstance(answer.body, bytes)
        return Answer(200, b"X" + answer.body[1:], answer.headers)

    site.spoil("*", once)
    found = run(site)
    assert versions(found) == EVERYTHING
    assert not found.of(Skip)
    assert len(damaged) == 5
    (one, *_) = found.found
    damaged.clear()
    config = {"endpoint": site.url, "auth": "none"}
    assert collect_documents(PACKS, config, one.artifact, one.version)


def test_lp_03_gaps_that_stay_change_nothing(site: LegacyPackSite) -> None:
    catalog = synced(site)
    catalog.memories["nginx"]["missing"] = ["1.27.0"]
    site.spoil("/v1/nginx/manifests/1.27.0", faults.status(500))
    again = run(site, catalog)
    assert [one.ref.version for one in again.of(Skip)] == ["1.27.0"]
    assert catalog.apply(again.events).nothing
    site.mend()
    assert "nginx" in [one.prefix for one in run(site, catalog).of(Unchanged)]


def test_lp_03_a_registry_of_which_nothing_can_be_read_fails(site: LegacyPackSite) -> None:
    catalog = synced(site)

    def refuse(answer: Answer, request: Request) -> Answer:
        return answer if "_catalog" in request.path else Answer(403)

    site.spoil("*", refuse)
    assert failure(site, catalog).code == "not-allowed"
    assert len(catalog.versions) == 5


def test_lp_03_one_repository_that_may_not_be_read_is_kept(site: LegacyPackSite) -> None:
    catalog = synced(site)
    site.spoil("/v1/vault/tags/list", faults.status(403))
    found = run(site, catalog)
    assert [one.ref.path for one in found.of(Skip)] == ["vault"]
    assert catalog.apply(found.events).nothing


def test_lp_04_names_that_repeat_are_read_once(site: LegacyPackSite) -> None:
    site.put("/v1/_catalog", json.dumps({"repositories": ["vault"] * 10_000 + ["nginx"]}))
    found = run(site)
    assert found.requests == 1 + 2 + 3 * 2
    assert "9,999 names" in found.of(Note)[1].message


def test_lp_05_what_has_no_digest_is_listed_and_cannot_be_verified(site: LegacyPackSite) -> None:
    layers = [{"mediaType": "application/json", "annotations": {}}, {"size": 7}]
    manifest = json.dumps({"schemaVersion": 2, "layers": layers})
    site.put("/v1/vault/manifests/0.1.0", Answer(body=manifest.encode()))
    found = run(site)
    (gap,) = found.of(Skip)
    assert "cannot be verified" in gap.reason
    vault = next(one for one in found.found if one.artifact.path == "vault")
    assert vault.version.version == "0.1.0"
    assert vault.version.digest.startswith("manifest+sha256:")


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b"text",
        b"{}",
        b'{"layers": 7}',
        b'{"schemaVersion": 1, "fsLayers": []}',
        b'{"layers": [{"digest": "sha256:short"}]}',
        b'{"layers": []}',
    ],
)
def test_a_manifest_that_is_not_understood_costs_the_facts_only(
    site: LegacyPackSite, manifest: bytes
) -> None:
    site.put("/v1/vault/manifests/0.1.0", Answer(body=manifest))
    catalog = MiniCatalog()
    found = run(site, catalog)
    assert versions(found) == EVERYTHING
    (gap,) = found.of(Skip)
    assert (gap.ref.path, gap.ref.version) == ("vault", "0.1.0")
    assert "not one that is understood" in gap.reason
    catalog.apply(found.events)
    assert run(site, catalog).requests == 1 + 3


def test_a_digest_that_is_wrong_is_a_gap(site: LegacyPackSite) -> None:
    def other(answer: Answer, request: Request) -> Answer:
        return Answer(body=b"{}" * 40) if "/blobs/" in request.path else answer

    site.spoil("*", other)
    found = run(site)
    assert not found.found
    assert len(found.of(Skip)) == 5
    assert all("not what its manifest lists" in one.reason for one in found.of(Skip))
    site.mend()
    wrong = {"Docker-Content-Digest": "sha256:" + "0" * 64}
    site.put("/v1/vault/manifests/0.1.0", Answer(body=b"{}", headers=wrong))
    (gap,) = run(site).of(Skip)
    assert "is not the one that the registry speaks of" in gap.reason


def test_pack_json_that_cannot_be_read_is_a_gap_until_it_moves(
    site: LegacyPackSite, pack: MakePack
) -> None:
    site.push("vault", "0.2.0", {"pack.json": b'{"name": "vault"\n"version": 1}'})
    catalog = MiniCatalog()
    first = run(site, catalog)
    (gap,) = first.of(Skip)
    assert (gap.ref.version, "Line 2" in gap.reason) == ("0.2.0", True)
    catalog.apply(first.events)
    site.forget()
    assert run(site, catalog).requests == 1 + 3
    site.push("vault", "0.2.0", pack("vault", "0.2.0"))
    site.push("vault", "0.3.0", pack("vault", "0.3.0"))
    assert len(catalog.apply(run(site, catalog).events).added) == 2


def test_lp_06_an_open_connection_is_told_by_the_check() -> None:
    # Nothing is refused here: the check warns, and asks for nothing but https://.
    assert not list(PACKS.validate(PACKS.Config(endpoint="http://packs.example.com", auth="none")))


def test_lp_08_a_registry_that_is_gone_keeps_what_is_known(site: LegacyPackSite) -> None:
    catalog = synced(site)
    config = {"endpoint": "https://registry.example.com", "auth": "none"}
    gone = collect(PACKS, config, stored=catalog, connect=Names({}), raises=False)
    assert isinstance(gone.error, Unreachable)
    assert gone.error.code == "dns"
    assert gone.events == ()
    config["endpoint"] = site.url
    site.stop()
    refused = collect(PACKS, config, stored=catalog, raises=False)
    assert isinstance(refused.error, Unreachable)
    assert refused.events == ()
    assert len(catalog.versions) == 5


def test_a_registry_that_wants_rest_ends_the_run(site: LegacyPackSite) -> None:
    catalog = synced(site)
    site.spoil("/v1/nginx/tags/list", faults.status(429, retry_after="600"))
    error = failure(site, catalog)
    assert isinstance(error, Throttled)
    assert error.retry_after == 600
    assert len(catalog.versions) == 5


def test_bl_08_a_blob_without_an_end_is_left(site: LegacyPackSite) -> None:
    archive = pack_archive("nginx-9", {"pack.json": b'{"name": "nginx", "version": "9"}'})
    site.push("nginx", "9", {"nginx-9.tar.gz": archive}, shape="files")
    found = next(one for one in run(site).found if one.version.version == "9")

    def endless(answer: Answer, request: Request) -> Answer:
        if "/blobs/" not in request.path:
            return answer
        return Answer(200, itertools.repeat(bytes(64 * 1024)), chunked=True)

    site.spoil("*", endless)
    with pytest.raises(BadAnswer) as raised:
        collect_bytes(PACKS, {"endpoint": site.url, "auth": "none"}, found.artifact, found.version)
    assert raised.value.code == "digest-mismatch"


def test_long_texts_of_many_versions_take_little_room(site: LegacyPackSite) -> None:
    for number in range(25):
        long = f"# {number}\n".encode() + b"word " * (4 * 1024 * 1024 // 5)
        described = json.dumps({"name": "long", "version": f"1.{number}"}).encode()
        files = {"pack.json": described, "README.md": long, "schema.yaml": long}
        site.push("long", f"1.{number}.0", files, shape="whole")
    tracemalloc.start()
    try:
        found = run(site)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(versions(found)) == 30
    assert peak < 100 * 1024 * 1024, f"{peak:,}"  # they are 200 MiB
