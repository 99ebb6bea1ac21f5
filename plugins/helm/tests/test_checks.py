"""The connection check, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.checks import STAGES
from registrykit.events import Check
from registrykit.oci.content.shapes import HELM_CHARTS, HELM_CONFIG
from registrykit.sync import Settings
from registrykit.testing import faults
from registrykit.testing.answers import Answer, Request
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.running import collect_checks
from registrykit.testing.servers import HelmSite, Names
from registrykit.urls import Basic, Bearer
from registrykit_helm.registry import HelmRegistry

if TYPE_CHECKING:
    from plugins.helm.tests.conftest import Repository

HELM = HelmRegistry()
ROBOT: dict[str, Any] = {"auth": "basic", "username": "robot", "password": "right"}
PAGE = b"<!DOCTYPE html><html><head><title>Charts</title></head></html>"


@pytest.fixture
def site(repository: Repository) -> Iterator[HelmSite]:
    with HelmSite(repository.index, repository.archives, base="/stable") as served:
        yield served


def look(site: HelmSite, connect: Names | None = None, **values: Any) -> dict[str, Check]:
    """Check, and return the stages, of which every one is there, once, and in its order."""
    stages = collect_checks(HELM, {"endpoint": site.endpoint, **values}, connect=connect)
    assert tuple(check.stage for check in stages) == STAGES
    for check in stages:
        assert check.message
        assert "canary" not in f"{check}"
        if check.verdict in ("failed", "warning"):
            assert check.code
            assert check.remedy
    return {check.stage: check for check in stages}


def verdicts(stages: dict[str, Check]) -> list[str]:
    """Return the verdicts of the stages that are about Helm."""
    return [stages[name].verdict for name in ("protocol", "sign-in", "listing", "content")]


def test_a_healthy_repository_costs_two_requests(site: HelmSite) -> None:
    stages = look(site)
    assert verdicts(stages) == ["ok", "skipped", "ok", "ok"]
    assert "login" in stages["sign-in"].message
    assert stages["listing"].message == "2 charts, 3 versions."
    assert [(request.path, request.status) for request in site.log] == [
        ("/stable/index.yaml", 200),
        ("/stable/nginx-1.1.0.tgz", site.log[1].status),
    ]


def test_the_archive_that_is_fetched_is_the_newest(site: HelmSite, repository: Repository) -> None:
    repository.add("aaa", "9.0.0", created="2020-01-01T00:00:00Z")
    repository.add("zzz", "0.1.0", created="2026-06-01T00:00:00+02:00")
    site.publish(repository.index, repository.archives)
    assert "zzz 0.1.0" in look(site)["content"].message


def test_signed_in(site: HelmSite) -> None:
    site.sign_in = Basic("robot", "right")
    stages = look(site, **ROBOT)
    assert verdicts(stages) == ["ok", "ok", "ok", "ok"]
    assert "robot" in stages["sign-in"].message
    site.sign_in = Bearer("right")
    assert verdicts(look(site, auth="token", token="right")) == ["ok", "ok", "ok", "ok"]


def test_a_login_that_is_missing_or_wrong_fails_in_its_stage(site: HelmSite) -> None:
    site.sign_in = Basic("robot", "right")
    missing: dict[str, Any] = {}
    for values in (missing, {**ROBOT, "password": "canary"}, {"auth": "token", "token": "canary"}):
        stages = look(site, **values)
        assert verdicts(stages) == ["skipped", "failed", "skipped", "skipped"]
        assert stages["tcp"].verdict == "ok"
    assert site.count() == 3


def test_a_login_that_may_not_read_fails_in_its_stage(site: HelmSite) -> None:
    site.spoil(site.index_path, faults.status(403))
    stages = look(site, **ROBOT)
    assert verdicts(stages) == ["skipped", "failed", "skipped", "skipped"]
    assert stages["sign-in"].code == "not-allowed"


def test_a_redirect_to_another_host_is_no_matter_of_the_login(site: HelmSite) -> None:
    site.spoil(site.index_path, faults.redirect("https://cdn.example.net/index.yaml"))
    stages = look(site, Names({"127.0.0.1": site}))
    assert verdicts(stages) == ["failed", "skipped", "skipped", "skipped"]
    assert stages["protocol"].code == "host-not-approved"
    assert "cdn.example.net" in stages["protocol"].message


def test_a_wrong_url_fails_in_the_protocol(site: HelmSite) -> None:
    site.remove(site.index_path)
    stages = look(site)
    assert verdicts(stages) == ["failed", "skipped", "skipped", "skipped"]
    assert stages["protocol"].code == "not-found"
    assert "No index.yaml at" in stages["protocol"].message
    assert site.count() == 2  # the index, and whether it is an OCI registry


def test_a_web_page_fails_in_the_protocol(site: HelmSite) -> None:
    # As the portals of registries do it: the same page for every path.
    site.publish(PAGE, {})
    site.put("/v2/", PAGE)
    stages = look(site)
    assert verdicts(stages) == ["failed", "skipped", "skipped", "skipped"]
    assert "web page" in stages["protocol"].message
    assert stages["protocol"].code == "not-an-index"


def test_an_oci_registry_is_recognized(site: HelmSite) -> None:
    def api(answer: Answer, request: Request) -> Answer:
        headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
        return Answer(200, b"", headers)

    def challenge(answer: Answer, request: Request) -> Answer:
        return Answer(401, b"", {"WWW-Authenticate": 'Bearer realm="https://auth.example/token"'})

    site.publish(PAGE, {})
    site.put("/v2/", b"{}")
    assert look(site)["protocol"].code == "oci-registry"
    site.spoil("/v2/", api)
    assert look(site)["protocol"].code == "oci-registry"
    site.spoil("/v2/", challenge)
    assert look(site)["protocol"].code == "oci-registry"
    site.remove(site.index_path)
    stages = look(site)
    assert verdicts(stages) == ["failed", "skipped", "skipped", "skipped"]
    assert stages["protocol"].message.startswith(
        "No index.yaml here, but this is an OCI registry. Add as OCI?"
    )
    assert stages["protocol"].message.count("index.yaml") == 1
    assert "OCI registry" in stages["protocol"].remedy


def test_an_empty_index_is_a_warning(site: HelmSite) -> None:
    site.publish(b"apiVersion: v1\nentries: {}\n", {})
    stages = look(site)
    assert verdicts(stages) == ["ok", "skipped", "warning", "skipped"]
    assert stages["listing"].code == "no-charts"


def test_entries_that_cannot_be_read_are_counted(site: HelmSite, repository: Repository) -> None:
    repository.charts["nginx"].append({"name": "nginx"})
    repository.charts["bare"] = [{"name": "bare", "version": "1.0.0"}]
    site.publish(repository.index, repository.archives)
    stages = look(site)
    assert verdicts(stages) == ["ok", "skipped", "warning", "ok"]
    assert stages["listing"].message.startswith("3 charts, 4 versions. 2 entries could not be read")


def test_an_index_that_turns_out_broken_fails(site: HelmSite, repository: Repository) -> None:
    broken = repository.index.replace(b"  redis:\n", b"  redis:\n  - [\n")
    assert broken != repository.index
    site.publish(broken, repository.archives)
    stages = look(site)
    assert "failed" in verdicts(stages)[:3]
    assert stages["content"].verdict == "skipped"


def test_archives_on_another_host_are_a_warning_that_names_it(
    site: HelmSite, repository: Repository
) -> None:
    repository.add("zzz", "1.0.0", created="2027-01-01T00:00:00Z")
    repository.charts["zzz"][0]["urls"] = ["https://cdn.example.net/zzz-1.0.0.tgz"]
    site.publish(repository.index, repository.archives)
    names = Names({"127.0.0.1": site})
    stages = look(site, names)
    assert verdicts(stages) == ["ok", "skipped", "ok", "warning"]
    assert stages["content"].code == "host-not-approved"
    assert "cdn.example.net" in stages["content"].message
    assert {host for host, _ in names.asked} == {"127.0.0.1"}


def test_an_archive_in_an_oci_registry_is_fetched_from_there(
    site: HelmSite, repository: Repository
) -> None:
    def refer_to(host: str) -> None:
        repository.charts["nginx"][0] |= {
            "urls": [f"oci://{host}/acme/nginx:1.1.0"],
            "created": "2027-01-01T00:00:00Z",
        }
        site.publish(repository.index, repository.archives)

    refer_to("ghcr.io")
    names = Names({"127.0.0.1": site})
    stages = look(site, names)
    assert verdicts(stages) == ["ok", "skipped", "ok", "warning"]
    assert stages["content"].code == "host-not-approved"
    assert "ghcr.io" in stages["content"].message
    with OciSite() as other:
        other.push_image(
            "acme/nginx",
            "1.1.0",
            layers=[Layer(repository.archives["nginx-1.1.0.tgz"], HELM_CHARTS[0])],
            config_type=HELM_CONFIG,
        )
        refer_to(other.origin.authority)
        approved = Settings(approved=(other.origin.authority,))
        checks = collect_checks(HELM, {"endpoint": site.endpoint}, settings=approved)
        assert checks[-1].message == "The archive of nginx 1.1.0 can be fetched."


def test_an_archive_that_cannot_be_fetched_is_a_warning(site: HelmSite) -> None:
    archive = "/stable/nginx-1.1.0.tgz"
    site.remove(archive)
    assert look(site)["content"].code == "archive-missing"
    for content in (PAGE, b""):
        site.put(archive, content)
        assert look(site)["content"].code == "not-an-archive"
    site.spoil(archive, faults.status(401))
    stages = look(site)
    assert verdicts(stages) == ["ok", "skipped", "ok", "warning"]
    assert stages["content"].code == "needs-sign-in"


def test_a_server_that_is_gone_fails_before_the_protocol(site: HelmSite) -> None:
    endpoint = site.endpoint
    site.stop()
    stages = {check.stage: check for check in collect_checks(HELM, {"endpoint": endpoint})}
    assert stages["tcp"].verdict == "failed"
    assert verdicts(stages) == ["skipped"] * 4
