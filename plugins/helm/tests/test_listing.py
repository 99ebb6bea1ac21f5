"""Synchronizing: what is yielded, what it costs, and what is said when it cannot be done."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
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
from registrykit.events import Complete, Progress, Ref, Skip, Unchanged
from registrykit.sync import Settings
from registrykit.testing import faults
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.running import Run, collect
from registrykit.testing.servers import HelmSite, Names, Site
from registrykit.urls import Basic, Bearer
from registrykit_helm import listing
from registrykit_helm.registry import HelmRegistry

if TYPE_CHECKING:
    from plugins.helm.tests.conftest import Repository

HELM = HelmRegistry()


@pytest.fixture
def site(repository: Repository) -> Iterator[HelmSite]:
    with HelmSite(repository.index, repository.archives, base="/stable") as served:
        yield served


def run(site: HelmSite, catalog: MiniCatalog | None = None, **values: Any) -> Run:
    return collect(HELM, {"endpoint": site.endpoint, **values}, stored=catalog)


def failure(site: HelmSite, catalog: MiniCatalog | None = None, **values: Any) -> RegistryError:
    """Run into an error, which has its three parts and completes nothing."""
    stopped = collect(HELM, {"endpoint": site.endpoint, **values}, stored=catalog, raises=False)
    assert stopped.error is not None
    assert str(stopped.error)
    assert stopped.error.cause
    assert stopped.error.remedy
    assert not stopped.of(Complete)
    assert not stopped.of(Unchanged)
    return stopped.error


def versions(found: Run) -> list[str]:
    return [f"{event.artifact.path} {event.version.version}" for event in found.found]


def test_a_first_run_yields_every_version_with_one_request(
    site: HelmSite, repository: Repository
) -> None:
    first = run(site)
    assert versions(first) == ["nginx 1.1.0", "nginx 1.0.0", "redis 7.0.0-rc.1"]
    assert first.requests == 1
    assert [request.path for request in site.log] == ["/stable/index.yaml"]
    web = first.found[0]
    assert web.artifact.kind == "chart"
    assert web.artifact.description == "A web server"
    archive = repository.archives["nginx-1.1.0.tgz"]
    assert web.version.digest == f"sha256:{hashlib.sha256(archive).hexdigest()}"
    assert web.version.app_version == "1.27.0"
    assert web.version.created == "2026-01-30T08:00:00Z"
    assert web.version.urls == ("nginx-1.1.0.tgz",)
    assert web.version.facts["type"] == "application"
    assert first.found[2].version.deprecated
    assert first.found[2].version.facts["kubeVersion"] == ">=1.25.0-0"
    assert first.events[-1].__class__ is Complete


def test_the_end_vouches_for_everything(site: HelmSite, repository: Repository) -> None:
    (end,) = run(site).of(Complete)
    assert end.prefix == ""
    assert end.as_of == repository.generated
    assert end.memory is not None
    assert end.memory["url"] == site.endpoint + "/index.yaml"
    assert set(end.memory["charts"]) == {"nginx", "redis"}


def test_progress_is_told_in_charts(site: HelmSite) -> None:
    told = run(site).of(Progress)
    assert {(step.total, step.unit) for step in told} == {(2, "charts")}
    assert [step.done for step in told] == [0, 1, 2]


def test_an_unchanged_index_costs_one_conditional_request(site: HelmSite) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    second = run(site, catalog)
    assert second.events == (Unchanged("", None),)
    assert (second.requests, second.bytes) == (1, 0)
    assert [request.status for request in site.log] == [200, 304]
    assert catalog.apply(second.events).nothing
    assert len(catalog.versions) == 3


def test_a_date_is_enough_to_ask_with(site: HelmSite, repository: Repository) -> None:
    site.put(site.index_path, repository.index, etag="")
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    assert run(site, catalog).events == (Unchanged("", None),)
    assert [request.status for request in site.log] == [200, 304]
    assert "if-modified-since" in site.log[1].headers


def test_the_same_body_without_validators_is_unchanged(
    site: HelmSite, repository: Repository
) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    # The same bytes, uploaded again: every validator is new.
    site.put(site.index_path, repository.index, etag='"uploaded-again"')
    second = run(site, catalog)
    (unchanged,) = second.events
    assert isinstance(unchanged, Unchanged)
    assert unchanged.memory is not None
    assert unchanged.memory["etag"] == '"uploaded-again"'
    catalog.apply(second.events)
    third = run(site, catalog)
    assert third.events == (Unchanged("", None),)
    assert [request.status for request in site.log] == [200, 200, 304]
    # The hashes of the charts outlive a run that had no use for them.
    repository.add("redis", "7.0.0")
    site.publish(repository.index, repository.archives)
    assert Unchanged("nginx") in run(site, catalog).events


def test_only_changed_charts_are_yielded_again(site: HelmSite, repository: Repository) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    repository.add("redis", "7.0.0")
    repository.add("vault", "0.1.0")
    repository.generated = "2026-02-01T12:00:00Z"
    site.publish(repository.index, repository.archives)
    second = run(site, catalog)
    assert second.of(Unchanged) == (Unchanged("nginx"),)
    assert versions(second) == ["redis 7.0.0-rc.1", "redis 7.0.0", "vault 0.1.0"]
    (end,) = second.of(Complete)
    assert end.as_of == "2026-02-01T12:00:00Z"
    assert end.memory is not None
    assert set(end.memory["charts"]) == {"nginx", "redis", "vault"}
    changes = catalog.apply(second.events)
    assert {key[1:3] for key in changes.added} == {("redis", "7.0.0"), ("vault", "0.1.0")}
    assert not changes.removed


def test_what_vanished_is_removed_and_what_moved_is_noticed(
    site: HelmSite, repository: Repository
) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    del repository.charts["redis"]
    repository.charts["nginx"][0]["digest"] = "0" * 64
    site.publish(repository.index, repository.archives)
    changes = catalog.apply(run(site, catalog).events)
    assert [key[1:3] for key in changes.changed] == [("nginx", "1.1.0")]
    assert [key[1:3] for key in changes.removed] == [("redis", "7.0.0-rc.1")]


def test_a_full_run_reads_everything_again(site: HelmSite) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    full = collect(HELM, {"endpoint": site.endpoint}, stored=catalog, settings=Settings(full=True))
    assert len(full.found) == 3
    assert not full.of(Unchanged)
    assert [request.status for request in site.log] == [200, 200]


def test_memory_of_another_address_is_not_used(site: HelmSite, repository: Repository) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    moved = collect(HELM, {"endpoint": site.endpoint + "?team=x"}, stored=catalog)
    assert len(moved.found) == 3
    assert [request.status for request in site.log] == [200, 200]


@pytest.mark.parametrize(
    "memory", [{"url": 7}, {"etag": ["x"], "charts": 3}, {"charts": {"nginx": 4}, "hash": None}]
)
def test_strange_memory_harms_nothing(site: HelmSite, memory: dict[str, Any]) -> None:
    strange = {"url": site.endpoint + "/index.yaml", **memory}
    again = collect(HELM, {"endpoint": site.endpoint}, memory={"": strange})
    assert len(again.found) == 3


def test_a_resumed_run_that_was_complete_asks_nothing(site: HelmSite) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events, finished=False)
    resumed = collect(
        HELM,
        {"endpoint": site.endpoint},
        stored=catalog,
        settings=Settings(completed=catalog.completed),
    )
    assert resumed.events == ()
    assert resumed.requests == 0
    catalog.apply(resumed.events)
    assert len(catalog.versions) == 3


def test_entries_that_cannot_be_read_are_named_and_the_others_kept(
    site: HelmSite, repository: Repository
) -> None:
    repository.charts["nginx"].append({"name": "nginx", "version": None})
    repository.charts["redis"].append(
        {"name": "redis", "version": "7.0.0-rc.1", "digest": "1" * 64}
    )
    repository.charts["bare"] = [{"name": "bare", "version": "1.0.0"}]
    repository.charts["local"] = [{"name": "local", "version": "1.0.0", "urls": ["file:///x.tgz"]}]
    site.publish(repository.index, repository.archives)
    catalog = MiniCatalog()
    first = run(site, catalog)
    assert len(first.found) == 5
    told = {(skip.ref.path, skip.ref.version): skip.reason for skip in first.of(Skip)}
    assert len(told) == len(first.of(Skip)) == 4
    assert "no version" in told["nginx", ""]
    assert told["redis", "7.0.0-rc.1"] == "listed-twice"
    assert "not downloadable" in told["bare", "1.0.0"]
    assert "not downloadable" in told["local", "1.0.0"]
    catalog.apply(first.events)
    # What there is to report of a chart is reported again with every new index.
    repository.add("vault", "0.1.0")
    site.publish(repository.index, repository.archives)
    second = run(site, catalog)
    assert second.of(Skip) == first.of(Skip)
    assert not second.of(Unchanged)
    assert len(catalog.apply(second.events).added) == 1


def test_a_chart_without_a_name_does_not_stand_for_the_repository(
    site: HelmSite, repository: Repository
) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    site.publish(
        b'apiVersion: v1\nentries:\n  "": [{version: 1.0.0}]\n  "../x": [{version: 1.0.0}]\n'
        b"  redis: [{version: 7.0.0-rc.1, urls: [a.tgz]}]\n",
        {},
    )
    second = run(site, catalog)
    assert {skip.ref for skip in second.of(Skip)} == {
        Ref(listing.UNNAMED, "", "chart"),
        Ref("../x", "", "chart"),
    }
    changes = catalog.apply(second.events)
    assert {key[1:3] for key in changes.removed} == {("nginx", "1.1.0"), ("nginx", "1.0.0")}


def test_json_is_read_as_well(site: HelmSite, repository: Repository) -> None:
    site.publish(json.dumps({"apiVersion": "v1", "entries": repository.charts}), {})
    catalog = MiniCatalog()
    first = run(site, catalog)
    assert versions(first) == ["nginx 1.1.0", "nginx 1.0.0", "redis 7.0.0-rc.1"]
    catalog.apply(first.events)
    repository.add("vault", "0.1.0")
    site.publish(json.dumps({"apiVersion": "v1", "entries": repository.charts}), {})
    second = run(site, catalog)
    assert [found.artifact.path for found in second.found if found.version.version == "0.1.0"]
    changes = catalog.apply(second.events)
    assert [key[1:3] for key in changes.added] == [("vault", "0.1.0")]
    assert not changes.changed


def test_charts_that_cannot_all_be_remembered_are_read_again(
    site: HelmSite, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_REMEMBERED", 60)
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    memory = catalog.memory("")
    assert memory is not None
    assert set(memory["charts"]) == {"nginx"}
    repository.add("vault", "0.1.0")
    site.publish(repository.index, repository.archives)
    second = run(site, catalog)
    assert second.of(Unchanged) == (Unchanged("nginx"),)
    assert versions(second) == ["redis 7.0.0-rc.1", "vault 0.1.0"]
    assert len(catalog.apply(second.events).added) == 1


def test_twenty_thousand_charts_are_remembered_within_bounds() -> None:
    lines = ["apiVersion: v1", "entries:"]
    for number in range(20_000):
        lines.append(f"  chart-with-a-rather-long-name-{number:06}:")
        lines.append("  - version: 1.0.0\n    urls: [a.tgz]")
    with HelmSite("\n".join([*lines, 'generated: "2026-01-31T12:00:00Z"', ""])) as site:
        first = run(site)  # fails where more than 1 MiB is to be remembered
    (end,) = first.of(Complete)
    assert len(first.found) == 20_000
    assert end.memory is not None
    assert 5_000 < len(end.memory["charts"]) < 20_000
    assert len(first.of(Progress)) <= 101


def test_the_query_of_the_endpoint_is_kept(repository: Repository) -> None:
    with HelmSite(repository.index, base="/stable") as site:
        found = collect(HELM, {"endpoint": f"{site.endpoint}?team=x"})
        assert len(found.found) == 3
        assert [request.path for request in site.log] == ["/stable/index.yaml?team=x"]


def test_an_endpoint_that_names_the_index_is_understood(site: HelmSite) -> None:
    found = collect(HELM, {"endpoint": site.endpoint + "/index.yaml"})
    assert len(found.found) == 3
    assert site.count("/stable/index.yaml") == 1


# Sign-in


def test_each_way_to_sign_in_is_sent(site: HelmSite) -> None:
    site.sign_in = Basic("robot", "pässword")
    assert len(run(site, auth="basic", username="robot", password="pässword").found) == 3
    site.sign_in = Bearer("token-1")
    assert len(run(site, auth="token", token="token-1").found) == 3


def test_a_login_that_is_missing_or_wrong_says_so(site: HelmSite) -> None:
    site.sign_in = Basic("robot", "right")
    missing = failure(site)
    assert isinstance(missing, SignInFailed)
    assert missing.code == "needs-sign-in"
    wrong = failure(site, auth="basic", username="robot", password="wrong-canary")
    assert isinstance(wrong, SignInFailed)
    assert wrong.code == "sign-in-failed"
    assert "canary" not in f"{wrong} {wrong.cause} {wrong.remedy}"
    assert isinstance(failure(site, auth="token", token="canary"), SignInFailed)


def test_credentials_stay_with_the_endpoint(repository: Repository) -> None:
    with Site({"/index.yaml": repository.index}) as other, HelmSite(repository.index) as site:
        site.sign_in = Basic("robot", "right")
        site.spoil(site.index_path, faults.redirect(f"{other.url}/index.yaml"))
        found = collect(
            HELM,
            {"endpoint": site.endpoint, "auth": "basic", "username": "robot", "password": "right"},
        )
        assert len(found.found) == 3
        (asked,) = other.log
        assert "authorization" not in asked.headers


def test_another_host_is_not_read_unless_approved(repository: Repository) -> None:
    with Site({"/index.yaml": repository.index}) as other, HelmSite(repository.index) as site:
        site.spoil(
            site.index_path, faults.redirect(f"http://cdn.example.net:{other.port}/index.yaml")
        )
        names = Names({"127.0.0.1": site, "cdn.example.net": other})
        stopped = collect(HELM, {"endpoint": site.endpoint}, connect=names, raises=False)
        assert stopped.error is not None
        assert stopped.error.code == "host-not-approved"
        assert "cdn.example.net" in str(stopped.error)
        assert not other.log
        approved = Settings(approved=(f"cdn.example.net:{other.port}",))
        found = collect(HELM, {"endpoint": site.endpoint}, connect=names, settings=approved)
        assert len(found.found) == 3


# What goes wrong


def test_no_index_says_where_it_was_looked_for(site: HelmSite) -> None:
    site.remove(site.index_path)
    error = failure(site)
    assert isinstance(error, NotFound)
    assert str(error) == f"No index.yaml at {site.endpoint}/index.yaml."
    assert "index.yaml below it" in error.remedy


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"---\n", "empty"),
        (b"<!DOCTYPE html><html><title>Sign in</title></html>", "web page"),
        (b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", "XML"),
        (b"entries: {}\n", "apiVersion"),
        (b"apiVersion: v1\n", "entries"),
        (b"apiVersion: v1\nentries: []\n", "entries"),
        (b"apiVersion: v1\nentries:\n  a: [" + b"[" * 100_000, "nested"),
        (b"apiVersion: v1\nentries: &x\n  a: *x\n", "reference"),
        (b"apiVersion: v1\nentries:\n\ta: []\n", "Line 3"),
        (gzip.compress(b"apiVersion: v1\nentries: {}\n", mtime=0), "compressed"),
    ],
)
def test_what_is_no_index_leaves_the_catalog_alone(site: HelmSite, body: bytes, said: str) -> None:
    catalog = MiniCatalog()
    catalog.apply(run(site, catalog).events)
    site.publish(body, {})
    error = failure(site, catalog)
    assert isinstance(error, BadAnswer)
    assert said in f"{error} {error.cause}"


def test_an_index_that_breaks_off_is_not_complete(site: HelmSite, repository: Repository) -> None:
    for number in range(300):
        repository.add("nginx", f"2.0.{number}", b"x")
    site.publish(repository.index, {})
    for fault in (faults.cut(1_000), faults.cut_gzip(0.5)):
        site.spoil(site.index_path, fault)
        error = failure(site)
        assert isinstance(error, Unreachable)
        assert error.code == "truncated"
    site.mend()
    assert len(run(site).found) == 303


def test_an_index_that_is_too_large_is_not_read(
    site: HelmSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LARGEST", 1000)
    site.spoil(site.index_path, faults.gzip_bomb(100_000))
    error = failure(site)
    assert error.code == "too-large"
    assert "larger than" in str(error)
    assert "many repositories" in error.cause


@pytest.mark.parametrize(
    ("status", "kind"), [(500, Unreachable), (502, Unreachable), (503, Throttled), (418, BadAnswer)]
)
def test_a_server_in_trouble_is_told_apart(
    site: HelmSite, status: int, kind: type[RegistryError]
) -> None:
    site.spoil(site.index_path, faults.status(status, retry_after="3600"))
    error = failure(site)
    assert type(error) is kind
    assert str(status) in error.cause


def test_a_server_that_is_gone_is_unreachable(site: HelmSite) -> None:
    endpoint = site.endpoint
    site.stop()
    stopped = collect(HELM, {"endpoint": endpoint}, raises=False)
    assert isinstance(stopped.error, Unreachable)


def test_offline_opens_no_socket(site: HelmSite) -> None:
    stopped = collect(
        HELM, {"endpoint": site.endpoint}, settings=Settings(offline=True), raises=False
    )
    assert stopped.error is not None
    assert stopped.error.code == "offline"
    assert site.connections == 0
