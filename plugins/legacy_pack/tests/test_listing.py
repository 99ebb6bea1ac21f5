"""Synchronizing: what is yielded, and what it costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.cancel import CancelToken
from registrykit.errors import (
    Cancelled,
    RegistryError,
)
from registrykit.events import Complete, Document, Note, Progress, Skip, Unchanged
from registrykit.oci.limits import OciLimits
from registrykit.sync import Settings
from registrykit.testing.answers import Answer, Request
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.pack_sites import LegacyPackSite, Shape
from registrykit.testing.running import Run, collect
from registrykit.testing.servers import Names, Site
from registrykit_legacy_pack import listing, lists, remembered
from registrykit_legacy_pack.registry import LegacyPackRegistry

if TYPE_CHECKING:
    from plugins.legacy_pack.tests.conftest import MakePack

PACKS = LegacyPackRegistry()
CATALOG = "/v1/_catalog?n=1000"


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


@pytest.mark.parametrize("shape", ["archive", "whole", "files"])
def test_a_first_run_yields_every_version_with_its_facts(
    held: dict[str, Any], shape: Shape
) -> None:
    with LegacyPackSite(shape=shape) as site:
        site.publish(held)
        first = run(site)
    assert versions(first) == EVERYTHING
    nginx, lts, vault = first.found[1], first.found[3], first.found[4]
    assert (nginx.artifact.kind, nginx.artifact.display_name) == ("pack", "Nginx")
    assert nginx.artifact.description == "About nginx"
    assert nginx.version.facts["layer"] == "addon"
    assert nginx.version.facts["addonType"] == "ingress"
    assert nginx.version.facts["images"] == ["nginx:1.27.0"]
    assert nginx.version.facts["presets"] == [{"name": "small", "group": "size"}]
    assert nginx.version.facts["logo"] == {"mediaType": "image/png", "size": 32}
    assert nginx.version.facts["parentTags"] == ["1.x", "1.27.x"]
    assert nginx.version.size
    assert "problems" not in nginx.version.facts
    assert (lts.version.version, lts.version.tag) == ("22.4.3", "lts__22.4.3")
    assert lts.version.facts["tagGroup"] == "lts"
    assert lts.version.facts["parentTags"] == ["lts__22.x", "lts__22.4.x"]
    assert vault.version.deprecated
    assert vault.version.facts["state"] == "deprecated"
    assert not first.of(Skip)
    assert first.events[-1] == Complete("", {"advised": True})


def test_the_digest_is_that_of_the_archive_or_of_the_manifest(
    held: dict[str, Any], pack: MakePack
) -> None:
    for shape, start in (("archive", "sha256:"), ("files", "manifest+sha256:")):
        with LegacyPackSite(shape=shape) as site:  # type: ignore[arg-type]
            site.publish(held)
            before = synced(site)
            site.push("vault", "edge", pack("vault", "0.1.0"))
            before.apply(run(site, before).events)
            site.push("vault", "edge", pack("vault", "0.1.0", text="moved"))
            site.push("vault", "0.2.0", pack("vault", "0.2.0"))
            changes = before.apply(run(site, before).events)
        assert [key[1:3] for key in changes.changed] == [("vault", "edge")]
        assert all(version.digest.startswith(start) for version in before.versions.values())
        assert len({version.digest for version in before.versions.values()}) == 7


def test_a_first_run_costs_two_requests_for_each_version(site: LegacyPackSite) -> None:
    first = run(site)
    # The catalog, three lists of tags; then manifest and archive of five versions.
    assert first.requests == 1 + 3 + 5 * 2
    assert site.count(CATALOG) == 1


def test_the_documents_that_come_along_are_kept(site: LegacyPackSite) -> None:
    found = {(one.ref.path, one.ref.version, one.name) for one in run(site).of(Document)}
    assert ("nginx", "1.26.0", "readme") in found
    assert ("ubuntu", "22.4.3", "metadata") in found
    # Two tags with one version: the tag says whose README it is.
    site.push("nginx", "lts__1.26.0", {"pack.json": b'{"name": "nginx", "version": "1"}'})
    refs = {one.ref.tag: one.ref.version for one in run(site).of(Document) if one.name == "readme"}
    assert "lts__1.26.0" not in refs
    assert refs["1.26.0"] == "1.26.0"


def test_the_advice_to_move_is_given_once(site: LegacyPackSite) -> None:
    catalog = MiniCatalog()
    (note,) = catalog.apply(run(site, catalog).events).notes
    assert note.code == "legacy-format"
    assert "OCI registry" in note.message
    assert not run(site, catalog).of(Note)


def test_progress_is_told_in_packs(site: LegacyPackSite) -> None:
    told = run(site).of(Progress)
    assert [(step.done, step.total, step.unit) for step in told] == [
        (done, 3, "packs") for done in range(4)
    ]


# Runs after the first


def test_an_unchanged_repository_costs_one_request(site: LegacyPackSite) -> None:
    catalog = synced(site)
    second = run(site, catalog)
    assert second.requests == 1 + 3
    assert second.of(Unchanged) == (Unchanged("nginx"), Unchanged("ubuntu"), Unchanged("vault"))
    assert not second.found
    assert catalog.apply(second.events).nothing


def test_a_list_with_a_validator_is_not_sent_again(held: dict[str, Any]) -> None:
    with LegacyPackSite(list_etags=True) as site:
        site.publish(held)
        catalog = synced(site)
        second = run(site, catalog)
        assert [one.status for one in site.log] == [200, 304, 304, 304]
        assert second.of(Unchanged) == (Unchanged("nginx"), Unchanged("ubuntu"), Unchanged("vault"))
        site.push("nginx", "1.28.0", held["nginx"]["1.27.0"])
        assert len(catalog.apply(run(site, catalog).events).added) == 1


def test_a_catalog_with_tags_saves_the_lists(site: LegacyPackSite) -> None:
    digest = site.push("nginx", "1.27.0", {"pack.json": b'{"name": "nginx", "version": "1"}'})
    listed = {"name": "nginx", "tags": [{"tag": "1.27.0", "digest": digest}, {"name": "1.x"}]}
    site.put("/v1/_catalog", json.dumps([listed, {"name": "vault", "tags": ["0.1.0"]}]))
    catalog = synced(site)
    assert sorted(key[1:3] for key in catalog.versions) == [("nginx", "1.27.0"), ("vault", "0.1.0")]
    second = run(site, catalog)
    assert asked(site) == [CATALOG]
    assert second.of(Unchanged) == (Unchanged("nginx"), Unchanged("vault"))
    # A digest that the list itself tells shows what has moved, and what has not.
    site.forget()
    listed["tags"] = [{"tag": "1.27.0", "digest": digest}, {"tag": "1.26.0"}]
    site.put("/v1/_catalog", json.dumps({"repositories": [listed]}))
    changes = catalog.apply(run(site, catalog).events)
    assert [key[1:3] for key in changes.added] == [("nginx", "1.26.0")]
    assert [key[1:3] for key in changes.removed] == [("vault", "0.1.0")]
    assert not site.count("/v1/nginx/manifests/1.27.0")


def test_a_changed_list_asks_for_new_tags_and_for_those_that_people_move(
    site: LegacyPackSite, pack: MakePack
) -> None:
    site.tag("nginx", "1.26.0", "stable")
    site.tag("nginx", "1.26.0", "lts__1.26")
    site.tag("nginx", "1.26.0", "lts__1.26.1")
    catalog = synced(site)
    site.push("nginx", "1.28.0", pack("nginx", "1.28.0"))
    site.push("nginx", "lts__1.28.0", pack("nginx", "1.28.0"))
    site.tag("nginx", "1.27.0", "stable")
    changes = catalog.apply(run(site, catalog).events)
    assert len(changes.added) == 2
    assert [key[2] for key in changes.changed] == ["stable"]
    assert {path for path in asked(site) if "/manifests/" in path} == {
        f"/v1/nginx/manifests/{tag}" for tag in ("1.28.0", "lts__1.28.0", "stable", "lts__1.26")
    }
    assert site.count("/v1/nginx/manifests/lts__1.26", 304) == 1


def test_a_digest_that_is_listed_says_what_was_moved(site: LegacyPackSite, pack: MakePack) -> None:
    def list_all(*tags: str) -> None:
        listed = [{"tag": tag, "digest": digests[tag]} for tag in tags]
        site.put("/v1/_catalog", json.dumps([{"name": "nginx", "tags": listed}]))

    digests = {tag: site.push("nginx", tag, pack("nginx", tag)) for tag in ("1.26.0", "1.27.0")}
    list_all("1.26.0", "1.27.0")
    catalog = synced(site)
    digests["1.26.0"] = site.push("nginx", "1.26.0", pack("nginx", "1.26.0", text="moved"))
    list_all("1.26.0", "1.27.0")
    changes = catalog.apply(run(site, catalog).events)
    assert [key[2] for key in changes.changed] == ["1.26.0"]
    assert not site.count("/v1/nginx/manifests/1.27.0")


def test_a_tag_that_moved_is_noticed_in_time(
    site: LegacyPackSite, pack: MakePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = synced(site)
    site.push("nginx", "1.26.0", pack("nginx", "1.26.0", text="again"))
    assert catalog.apply(run(site, catalog).events).nothing
    later = listing.now() + listing.RECHECK
    monkeypatch.setattr(listing, "now", lambda: later)
    checked = run(site, catalog)
    changes = catalog.apply(checked.events)
    assert [key[2] for key in changes.changed] == ["1.26.0"]
    assert {one.prefix for one in checked.of(Unchanged)} == {"ubuntu", "vault"}
    # Looked at once, they are left alone again.
    assert run(site, catalog).requests == 1 + 3
    full = collect(
        PACKS,
        {"endpoint": site.url, "auth": "none"},
        stored=catalog,
        settings=Settings(full=True),
    )
    assert versions(full) == EVERYTHING


def test_a_moved_tag_alone_says_what_is_new(site: LegacyPackSite, pack: MakePack) -> None:
    site.tag("nginx", "1.26.0", "stable")
    catalog = synced(site)
    stable = catalog.versions["pack", "nginx", "stable", ""]
    assert stable.facts["version"] == "1.26.0"
    assert stable.digest == catalog.versions["pack", "nginx", "1.26.0", ""].digest
    site.tag("nginx", "1.27.0", "stable")
    site.push("nginx", "1.28.0", pack("nginx", "1.28.0"))
    changes = catalog.apply(run(site, catalog).events)
    assert [key[2] for key in changes.changed] == ["stable"]


def test_what_is_gone_is_removed(site: LegacyPackSite) -> None:
    catalog = synced(site)
    site.delete("nginx", "1.26.0")
    site.delete("vault")
    site.delete("ubuntu", "24.4.1")
    site.delete("ubuntu", "lts__22.4.3")  # the catalog still lists it
    changes = catalog.apply(run(site, catalog).events)
    assert len(changes.removed) == 4
    assert sorted(catalog.versions) == [("pack", "nginx", "1.27.0", "")]


def test_an_interrupted_run_asks_for_nothing_twice(site: LegacyPackSite) -> None:
    catalog = MiniCatalog()
    first = run(site, catalog)
    prefixes = [getattr(event, "prefix", "") for event in first.events]
    catalog.apply(first.events[: prefixes.index("nginx") + 1], finished=False)
    site.forget()
    resumed = collect(
        PACKS,
        {"endpoint": site.url, "auth": "none"},
        stored=catalog,
        settings=Settings(completed=catalog.completed),
    )
    assert not [path for path in asked(site) if "nginx" in path]
    catalog.apply(resumed.events)
    assert len(catalog.versions) == 5
    done = collect(
        PACKS,
        {"endpoint": site.url, "auth": "none"},
        stored=catalog,
        settings=Settings(completed=("",)),
    )
    assert (done.events, done.requests) == ((), 0)


def test_cancelling_ends_a_run_and_keeps_what_was_complete(pack: MakePack) -> None:
    token = CancelToken()
    with LegacyPackSite(shape="whole", page_size=30) as site:
        for number in range(60):
            for version in ("1.0.0", "1.1.0"):
                site.push(f"pack-{number:02}", version, pack(f"pack-{number:02}", version))
        site.put("/v1/pack-40/tags/list", lambda request: _cancelling(token))
        catalog = MiniCatalog()
        config = {"endpoint": site.url, "auth": "none"}
        stopped = collect(PACKS, config, stored=catalog, cancel=token, raises=False)
        assert isinstance(stopped.error, Cancelled)
        catalog.apply(stopped.events, finished=False)
        kept = len(catalog.completed)
        assert 0 < kept < 60
        site.remove("/v1/pack-40/tags/list")
        site.forget()
        resumed = collect(
            PACKS, config, stored=catalog, settings=Settings(completed=catalog.completed)
        )
        # Two pages of the catalog; a list, two manifests and two archives for each other pack.
        assert resumed.requests == 2 + (60 - kept) * 5
        catalog.apply(resumed.events)
        assert len(catalog.versions) == 120
        site.forget()
        assert catalog.apply(run(site, catalog).events).nothing
        assert len(site.log) == 2 + 60


def _cancelling(token: CancelToken) -> Answer:
    token.cancel()
    return Answer(503)


def test_memory_stays_in_bounds(
    site: LegacyPackSite, pack: MakePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST_REMEMBERED", 2500)
    for number in range(10):
        site.push("nginx", f"1.28.{number}", pack("nginx", f"1.28.{number}"))
    catalog = synced(site)
    memory = catalog.memory("nginx")
    assert memory is not None
    assert 0 < len(memory["rows"]) < 12
    assert Unchanged("nginx") in run(site, catalog).events
    site.push("nginx", "1.29.0", pack("nginx", "1.29.0"))
    changes = catalog.apply(run(site, catalog).events)
    assert [key[2] for key in changes.added] == ["1.29.0"]
    assert not changes.changed
    assert not changes.removed


@pytest.mark.parametrize(
    "strange",
    [{"root": 7}, {"rows": {"1.27.0": {"version": 3}}}, {"checked": "x"}, {"tags": None}],
)
def test_strange_memory_harms_nothing(site: LegacyPackSite, strange: dict[str, Any]) -> None:
    memory = {name: {"root": site.url, **strange} for name in ("nginx", "ubuntu", "vault")}
    config = {"endpoint": site.url, "auth": "none"}
    assert versions(collect(PACKS, config, memory=memory)) == EVERYTHING


def test_memory_of_another_server_is_not_used(site: LegacyPackSite) -> None:
    catalog = synced(site)
    config = {"endpoint": f"http://localhost:{site.port}", "auth": "none"}
    names = Names({"localhost": site})
    assert versions(collect(PACKS, config, stored=catalog, connect=names)) == EVERYTHING


# Lists


def test_pages_are_followed(held: dict[str, Any], pack: MakePack) -> None:
    with LegacyPackSite(page_size=2, list_etags=True) as site:
        site.publish(held)
        for number in range(5):
            site.push("nginx", f"2.0.{number}", pack("nginx", f"2.0.{number}"))
        catalog = synced(site)
        assert len(catalog.versions) == 10
        # The validator of a first page says nothing of the others.
        assert catalog.memories["nginx"]["etag"] == ""
        site.push("nginx", "9.0.0", pack("nginx", "9.0.0"))
        assert len(catalog.apply(run(site, catalog).events).added) == 1


def test_a_server_that_wants_no_number_is_asked_without(site: LegacyPackSite) -> None:
    def refuse(answer: Answer, request: Request) -> Answer:
        return Answer(400, b"{}") if "n=" in request.query else answer

    site.spoil("*", refuse)
    assert versions(run(site)) == EVERYTHING
    assert site.count("/v1/_catalog") == 1


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("<https://evil.example.com/v1/_catalog?last=b>; rel=next", "foreign-link"),
        ("</v1/_catalog?last=a>; rel=next", "endless-list"),
        ("</v1/_catalog?last=a; rel=next", "bad-link"),
    ],
)
def test_links_that_lead_astray_are_not_followed(
    site: LegacyPackSite, link: str, code: str
) -> None:
    page = Answer(200, b'{"repositories":["nginx"]}', {"Link": link})
    site.put("/v1/_catalog", page)
    assert failure(site).code == code


def test_a_link_leads_to_another_page_only(site: LegacyPackSite) -> None:
    page = Answer(200, b'{"repositories":["nginx"]}', {"Link": "</elsewhere?last=a>; rel=next"})
    site.put("/v1/_catalog", page)
    assert failure(site).code == "bad-link"
    assert not [path for path in asked(site) if "elsewhere" in path]


@pytest.mark.parametrize(
    ("limits", "pages"),
    [
        (OciLimits(pages=5), 5),
        (OciLimits(names=10), 3),
        (OciLimits(listing=0.05), 0),
        (OciLimits(empty_pages=7), 8),
    ],
    ids=["pages", "names", "time", "empty"],
)
def test_pg_02_a_list_without_an_end_is_left(
    site: LegacyPackSite, monkeypatch: pytest.MonkeyPatch, limits: OciLimits, pages: int
) -> None:
    def endless(request: Request) -> Answer:
        at = len(site.log)
        listed = [{"name": f"p{at}", "tags": ["1.0.0", "1.1.0", "1.2.0"]}]
        body = json.dumps({"repositories": [] if pages == 8 else listed}).encode()
        return Answer(200, body, {"Link": f"</v1/_catalog?last={at}>; rel=next"})

    site.put("/v1/_catalog", endless)
    monkeypatch.setattr(lists, "LIMITS", limits)
    assert failure(site).code == "endless-list"
    assert pages in (0, len(site.log))


@pytest.mark.parametrize("tags", [b'{"tags":null}', b'{"tags":[]}', b"{}"])
def test_a_repository_without_tags_is_empty(site: LegacyPackSite, tags: bytes) -> None:
    catalog = synced(site)
    site.put("/v1/vault/tags/list", tags)
    if tags == b"{}":
        assert run(site, catalog).of(Skip)[0].ref.path == "vault"
    else:
        assert len(catalog.apply(run(site, catalog).events).removed) == 1


@pytest.mark.parametrize(
    "name", ["", "a//b", "../x", "a/./b", "a b", "a?b", "a%2fb", "a\nb", "x" * 300, "a\\b"]
)
def test_names_that_lead_elsewhere_are_told_and_not_asked_for(
    site: LegacyPackSite, name: str
) -> None:
    site.put("/v1/_catalog", json.dumps({"repositories": [name, "nginx", None, 7]}))
    found = run(site)
    assert {one.artifact.path for one in found.found} == {"nginx"}
    assert len(found.of(Skip)) == (1 if name == "" else 2)
    assert {path.split("/")[2] for path in asked(site)} == {"_catalog?n=1000", "nginx"}


def test_tags_that_lead_elsewhere_are_told_and_not_asked_for(site: LegacyPackSite) -> None:
    site.put("/v1/vault/tags/list", json.dumps({"tags": ["0.1.0", "../../x", "a\0b", ""]}))
    found = run(site)
    assert "vault 0.1.0" in versions(found)
    assert len(found.of(Skip)) == 3
    assert [path for path in asked(site) if "vault/manifests" in path] == [
        "/v1/vault/manifests/0.1.0"
    ]
