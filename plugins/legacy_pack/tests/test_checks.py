"""The connection check, stage by stage."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from registrykit.checks import STAGES
from registrykit.events import Check
from registrykit.testing import faults
from registrykit.testing.answers import Answer
from registrykit.testing.pack_sites import LegacyPackSite
from registrykit.testing.running import collect, collect_checks
from registrykit.testing.servers import Names, Site
from registrykit.urls import Basic
from registrykit_legacy_pack.registry import LegacyPackRegistry

if TYPE_CHECKING:
    from plugins.legacy_pack.tests.conftest import MakePack

PACKS = LegacyPackRegistry()
ROBOT: dict[str, Any] = {"auth": "basic", "username": "robot", "password": "right"}


def look(site: Site, connect: Names | None = None, **values: Any) -> dict[str, Check]:
    """Check, and return the stages, of which every one is there, once, and in its order."""
    config = {"endpoint": site.url, "auth": "none", **values}
    stages = collect_checks(PACKS, config, connect=connect)
    assert tuple(check.stage for check in stages) == STAGES
    for check in stages:
        assert check.message
        assert "canary" not in f"{check}"
        if check.verdict in ("failed", "warning"):
            assert check.code
            assert check.remedy
    return {check.stage: check for check in stages}


def verdicts(stages: dict[str, Check]) -> list[str]:
    """Return the verdicts of the stages that are about packs."""
    return [stages[name].verdict for name in ("protocol", "sign-in", "listing", "content")]


def test_a_healthy_registry_is_read_and_the_move_to_oci_advised(site: LegacyPackSite) -> None:
    stages = look(site)
    assert verdicts(stages) == ["warning", "skipped", "ok", "ok"]
    protocol = stages["protocol"]
    assert (protocol.code, "is up" in protocol.message) == ("legacy-format", True)
    assert "oras" in protocol.remedy
    assert stages["listing"].message == "3 packs."
    assert stages["content"].message == "nginx 1.26.0 can be read."
    assert [one.path.partition("?")[0] for one in site.log][:3] == [
        *["/health", "/v1/_catalog", "/v1/nginx/tags/list"]
    ]
    assert len(site.log) == 5


def test_signed_in(site: LegacyPackSite) -> None:
    site.sign_in = Basic("robot", "right")
    stages = look(site, **ROBOT)
    assert verdicts(stages) == ["warning", "ok", "ok", "ok"]
    assert "robot" in stages["sign-in"].message


@pytest.mark.parametrize(
    "values",
    [{}, {"auth": "basic"}, {**ROBOT, "password": "canary"}, {"auth": "token", "token": "canary"}],
)
def test_a_login_that_is_missing_or_wrong_fails_in_its_stage(
    site: LegacyPackSite, values: dict[str, Any]
) -> None:
    site.sign_in = Basic("robot", "right")
    stages = look(site, **values)
    assert verdicts(stages) == ["warning", "failed", "skipped", "skipped"]
    assert stages["tcp"].verdict == "ok"


def test_a_login_that_may_not_read_fails_in_its_stage(site: LegacyPackSite) -> None:
    site.spoil("/v1/_catalog", faults.status(403))
    stages = look(site, **ROBOT)
    assert verdicts(stages) == ["warning", "failed", "skipped", "skipped"]
    assert stages["sign-in"].code == "not-allowed"


def test_a_server_without_health_is_known_by_its_catalog(site: LegacyPackSite) -> None:
    for fault in (faults.status(404), faults.html(), faults.status(401)):
        site.spoil("/health", fault)
        stages = look(site)
        assert verdicts(stages) == ["warning", "skipped", "ok", "ok"]
        assert "has a catalog" in stages["protocol"].message


@pytest.mark.parametrize("page", ["<html></html>", "{}", "[]", "not json"])
def test_lp_01_another_server_fails_in_its_protocol(page: str) -> None:
    with Site({"/v1/_catalog": page} if page != "[]" else {}) as site:
        stages = look(site)
    assert verdicts(stages) == ["failed", "skipped", "skipped", "skipped"]
    assert stages["protocol"].code == "not-a-pack-registry"


@pytest.mark.parametrize(
    "api",
    [
        Answer(401),
        Answer(200, b"{}"),
        Answer(200, b"x", {"Docker-Distribution-Api-Version": "registry/2.0"}),
    ],
)
def test_lp_01_an_oci_registry_is_said_to_be_one(api: Answer) -> None:
    with Site({"/v2/": api}) as site:
        stages = look(site)
    assert stages["protocol"].code == "oci-registry"
    assert "Add as OCI?" in stages["protocol"].message
    assert "look like" not in stages["protocol"].message


def test_lp_06_an_open_connection_is_told(site: LegacyPackSite) -> None:
    names = Names({"packs.example.com": site})
    stages = look(site, names, endpoint="http://packs.example.com")
    assert (stages["tls"].verdict, stages["tls"].code) == ("warning", "not-encrypted")
    assert verdicts(stages) == ["warning", "skipped", "ok", "ok"]


def test_lp_07_a_certificate_of_ones_own_needs_its_authority(held: dict[str, Any]) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pem = authority.cert_pem.bytes().decode()
    with LegacyPackSite(tls=context) as site:
        site.publish(held)
        stranger = look(site)
        assert (stranger["tls"].verdict, stranger["tls"].code) == (
            "failed",
            "untrusted-certificate",
        )
        known = look(site, ca_certificate=pem)
        assert (known["tls"].verdict, verdicts(known)[-1]) == ("ok", "ok")
        found = collect(PACKS, {"endpoint": site.url, "auth": "none", "ca_certificate": pem})
        assert len(found.found) == 5


def test_an_empty_catalog_is_told(site: LegacyPackSite) -> None:
    site.publish({})
    stages = look(site)
    assert verdicts(stages) == ["warning", "skipped", "warning", "skipped"]
    assert stages["listing"].code == "no-packs"


def test_a_pack_that_cannot_be_read_is_a_warning(site: LegacyPackSite, pack: MakePack) -> None:
    site.push("nginx", "1.26.0", {"pack.json": "[]"})
    stages = look(site)
    assert verdicts(stages) == ["warning", "skipped", "ok", "warning"]
    assert stages["content"].code == "unreadable-pack"
    site.spoil("/v1/nginx/manifests/1.26.0", faults.status(500))
    assert look(site)["content"].code == "server-error"
    site.put("/v1/_catalog", json.dumps({"repositories": ["..", "vault"]}))
    site.put("/v1/vault/tags/list", json.dumps({"tags": None}))
    assert look(site)["content"].code == "no-tags"
