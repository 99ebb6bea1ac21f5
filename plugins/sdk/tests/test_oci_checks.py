"""The stages of the connection check of an OCI registry."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from registrykit import checks
from registrykit.events import Check
from registrykit.http import Basic, Bearer, Credentials
from registrykit.oci.content import Source, content_stages
from registrykit.testing import faults
from registrykit.testing.oci import OciSite, reading
from registrykit.testing.servers import Answer, Site
from registrykit.testing.tokens import TokenServer

ANN = Basic("ann", "hunter2")


def look(
    site: OciSite,
    credentials: Credentials | None = None,
    *,
    under: Sequence[str] = (),
    repositories: Sequence[str] = (),
    via: Site | None = None,
) -> dict[str, Check]:
    with reading(site, credentials, via=via) as registry:
        address = registry.address.api
        source = Source(registry.address, paths=tuple(under), repositories=tuple(repositories))
        registry.http.kept["oci", registry.address] = registry
        steps = content_stages(registry.http, source)
        found = {check.stage: check for check in checks.run(registry.http, address, steps)}
    assert tuple(found) == checks.STAGES
    for check in found.values():
        assert check.message
        assert check.verdict in ("ok", "skipped") or check.remedy
        assert "hunter2" not in f"{check.message} {check.remedy}"
    return found


def filled(site: OciSite) -> OciSite:
    for name in ("acme/a", "acme/b", "other/c"):
        site.push_image(name, "1.0")
    return site


def test_an_open_registry() -> None:
    with filled(OciSite()) as site:
        found = look(site)
        assert found["protocol"].message.endswith("speaks the OCI distribution protocol.")
        assert found["sign-in"].verdict == "skipped"
        assert found["sign-in"].message == "The registry did not ask for a login."
        assert found["listing"].message == "Repositories: 3."
        assert found["content"].message == "acme/a has 1 tag; 1.0 is an artifact of another kind."
        found = look(site, under=["acme", "nothing"])
        assert found["listing"].message.endswith("Repositories: 2 under acme, 0 under nothing.")
        found = look(site, under=["nothing"])
        assert (found["listing"].verdict, found["listing"].code) == ("warning", "no-repositories")
        assert found["content"].verdict == "skipped"
        # AU-22
        message = look(site, ANN)["sign-in"].message
        assert message.startswith("The registry did not ask for a login; requests are sent as ann")


@pytest.mark.parametrize(
    ("credentials", "verdict", "code"),
    [
        (ANN, "ok", ""),
        (None, "failed", "needs-sign-in"),
        (Basic("ann", "wrong"), "failed", "sign-in-failed"),
        (Bearer("t0ken"), "failed", "sign-in-failed"),
    ],
)
def test_a_registry_with_passwords(
    credentials: Credentials | None, verdict: str, code: str
) -> None:
    with filled(OciSite(sign_in=ANN)) as site:
        found = look(site, credentials)
        assert found["protocol"].verdict == "ok"
        assert (found["sign-in"].verdict, found["sign-in"].code) == (verdict, code)
        assert found["listing"].verdict == ("ok" if verdict == "ok" else "skipped")


def test_a_registry_with_a_token_server() -> None:
    with TokenServer({"ann": "hunter2"}) as tokens, filled(OciSite(tokens=tokens)) as site:
        found = look(site, ANN, via=tokens)
        assert found["sign-in"].verdict == "ok"
        assert tokens.origin.authority in found["sign-in"].message
        assert found["content"].verdict == "ok"
        assert look(site, Basic("ann", "wrong"), via=tokens)["sign-in"].code == "sign-in-failed"
        error = look(site, ANN)["sign-in"]
        assert (error.verdict, error.code) == ("failed", "host-not-approved")
        assert tokens.origin.authority in error.message
        nobody = look(site, via=tokens)
        assert nobody["sign-in"].verdict == "skipped"
        assert nobody["listing"].verdict != "ok"
        tokens.users = {}
        assert look(site, via=tokens)["content"].verdict == "ok"


@pytest.mark.parametrize("status", [404, 405, 403])
def test_a_registry_without_a_list(status: int) -> None:
    with filled(OciSite(sign_in=ANN)) as site:
        site.manners.catalog = status
        found = look(site, ANN)
        assert (found["sign-in"].verdict, found["listing"].verdict) == ("ok", "warning")
        assert "paths" in found["listing"].remedy
        assert found["content"].verdict == "skipped"
        found = look(site, ANN, repositories=["other/c"])
        assert found["listing"].verdict == "skipped"
        assert found["content"].message == "other/c has 1 tag; 1.0 is an artifact of another kind."
        found = look(site, ANN, repositories=["other/none"])
        assert (found["content"].verdict, found["content"].code) == ("warning", "no-repository")


def test_what_is_no_registry() -> None:
    with OciSite() as site:
        site.spoil("/v2/", faults.html("Log in"))
        assert look(site)["protocol"].code == "no-registry"
        site.spoil("/v2/", faults.status(404, b"nothing"))
        found = look(site)["protocol"]
        assert found.code == "no-registry"
        assert "JFrog" in found.remedy
        site.spoil("/v2/", faults.status(403))
        assert look(site)["protocol"].code == "not-allowed"
        site.spoil("/v2/", faults.status(500))
        assert look(site)["protocol"].code == "server-error"
        # 404 at the root, but with the sign of a registry: some answer like that.
        version = {"Docker-Distribution-Api-Version": "registry/2.0"}
        site.spoil("/v2/", lambda answer, request: Answer(404, b"", version))
        assert look(site)["protocol"].verdict == "ok"


def test_an_empty_repository() -> None:
    with OciSite() as site:
        site.push_image("acme/b", "")
        assert look(site, under=["acme/b"])["content"].message == "acme/b has no tags."
