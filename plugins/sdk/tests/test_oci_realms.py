"""Where a registry may send its users to sign in, and where no password ever goes."""

from __future__ import annotations

import pytest

from plugins.sdk.tests.oci_visits import ANN, USERS, filled, passwords, read_all, refused
from registrykit.errors import (
    NotAllowed,
    NotFound,
)
from registrykit.http import Tls
from registrykit.testing.oci import Manners, OciSite, reading
from registrykit.testing.servers import Answer, Site
from registrykit.testing.tls import Authority
from registrykit.testing.tokens import TokenServer


def challenged(site: OciSite, realm: str) -> None:
    site.manners.challenge = lambda scope, reason: f'Bearer realm="{realm}",service="s"'


REFUSED_REALMS = [
    ("AU-01", "http://evil.test/token", "host-not-approved"),
    ("AU-03", "http://169.254.169.254/token", "link-local-address"),
    ("AU-03", "http://[fd00:ec2::254]/token", "link-local-address"),
    ("AU-03", "http://2852039166/token", "link-local-address"),
    ("AU-03", "http://0xa9fea9fe/token", "link-local-address"),
    ("AU-03", "http://0251.0376.0251.0376/token", "link-local-address"),
    ("AU-04", "http://10.1.2.3/token", "host-not-approved"),
    ("AU-04", "http://localhost/token", "host-not-approved"),
    ("AU-06", "", "bad-realm"),
    ("AU-06", "/token", "bad-realm"),
    ("AU-06", "not a url", "bad-realm"),
    ("AU-06", "ftp://registry.test/token", "bad-realm"),
    ("AU-06", "http://registry.test/" + "x" * 60_000, "bad-realm"),
    ("AU-08", "http://ann:x@registry.test/token", "bad-realm"),
    ("AU-08", "http://registry.test/token#x", "bad-realm"),
    ("AU-08", "http://registry.test/to\tken", "bad-realm"),
    ("AU-08", "http://reg\u0131stry.test/token", "host-not-approved"),
    ("AU-09", "http://registry.test.evil.test/token", "host-not-approved"),
    ("AU-09", "http://registry.test@evil.test/token", "bad-realm"),
    ("AU-09", "http://evilregistry.test/token", "host-not-approved"),
    ("AU-10", "http://registry.test:8080/token", "host-not-approved"),
    ("AU-10", "https://registry.test/token", "host-not-approved"),
]


@pytest.mark.parametrize(("case", "realm", "code"), REFUSED_REALMS)
def test_realms_that_get_no_password(case: str, realm: str, code: str) -> None:
    names = ("evil.test", "registry.test.evil.test", "evilregistry.test", "10.1.2.3", "localhost")
    with filled(OciSite(sign_in=ANN)) as site, Site({"/token": b'{"token":"x"}'}) as evil:
        # Header fields are sent as Latin-1 here; what is beyond comes as servers send it.
        challenged(site, realm.encode().decode("latin-1"))
        others = dict.fromkeys((*names, "registry.test:8080", "xn--regstry-r4a.test"), evil)
        for host in ("169.254.169.254", "fd00:ec2::254"):
            others[host] = evil
        with reading(site, ANN, name="http://registry.test", others=others) as registry:
            error = refused(registry)
        assert error.code == code, case
        if code == "host-not-approved":
            assert isinstance(error, NotAllowed)
            assert "registry.test asks for a login at" in str(error)
            assert "approve" in error.remedy
        assert evil.connections == 0
        assert passwords(site) == 0


def test_au_01_somebody_without_a_password_is_not_sent_there_either() -> None:
    with filled(OciSite(sign_in=ANN)) as site, TokenServer() as tokens:
        challenged(site, "http://auth.test/token")
        others = {"auth.test": tokens}
        with reading(site, name="http://registry.test", others=others) as registry:
            assert refused(registry).code == "host-not-approved"
        assert tokens.connections == 0


@pytest.mark.parametrize("approved", ["auth.test", "auth.test:8080", "AUTH.test"])
def test_au_05_an_approved_token_server_gets_the_password(approved: str) -> None:
    realm = "http://auth.test:8080/token" if "8080" in approved else "http://auth.test/token"
    with TokenServer(USERS) as tokens, filled(OciSite(tokens=tokens)) as site:
        challenge = site._challenge
        site.manners.challenge = lambda scope, reason: challenge(scope, reason).replace(
            tokens.realm, realm
        )
        with reading(
            site,
            ANN,
            name="http://registry.test",
            others={"auth.test": tokens},
            approved=frozenset({approved}),
        ) as registry:
            assert read_all(registry) == ["acme/a", "acme/b"]
        assert passwords(tokens) == 3


def test_au_02_nothing_goes_from_an_encrypted_registry_to_an_open_token_server() -> None:
    authority = Authority()
    context = authority.issue("registry.test").server_context()
    with filled(OciSite(sign_in=ANN, tls=context)) as site, TokenServer(USERS) as tokens:
        for realm in ("http://auth.test/token", "http://registry.test/token"):
            challenged(site, realm)
            with reading(
                site,
                ANN,
                name="https://registry.test",
                others={"auth.test": tokens, "registry.test:80": tokens},
                approved=frozenset({"auth.test", "registry.test"}),
                tls=Tls(authority.certificate),
            ) as registry:
                error = refused(registry)
                assert isinstance(error, NotAllowed)
                assert error.code == "open-token-server"
        assert tokens.connections == 0
        assert passwords(site) == 0


def test_tl_08_the_token_servers_certificate_is_checked_as_well() -> None:
    ours, theirs = Authority(), Authority()
    context, other = (
        ours.issue("registry.test").server_context(),
        theirs.issue("auth.test").server_context(),
    )
    with (
        TokenServer(USERS, tls=other) as tokens,
        filled(OciSite(tokens=tokens, tls=context)) as site,
    ):
        challenged(site, "https://auth.test/token")
        for tls in (Tls(ours.certificate), Tls(skip_verify=True)):
            with reading(
                site,
                ANN,
                name="https://registry.test",
                others={"auth.test": tokens},
                approved=frozenset({"auth.test"}),
                tls=tls,
            ) as registry:
                assert refused(registry).default_code == "untrusted-tls"
        assert len(tokens.log) == 0


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_au_07_a_token_server_that_sends_elsewhere(status: int) -> None:
    with (
        TokenServer(USERS) as third,
        Site() as middle,
        filled(OciSite(tokens=third)) as site,
    ):
        challenged(site, "http://auth.test/token")
        middle.put("/token", Answer(status, headers={"Location": "http://third.test/token"}))
        others = {"auth.test": middle, "third.test": third}
        for approved, connections in (({"auth.test"}, 0), ({"auth.test", "third.test"}, 1)):
            with reading(
                site,
                ANN,
                name="http://registry.test",
                others=others,
                approved=frozenset(approved),
            ) as registry:
                error = refused(registry)
                assert error.code in ("host-not-approved", "sign-in-failed", "token-redirected")
            assert third.connections == connections
            assert passwords(third) == 0
        third.users = {}
        with reading(
            site, ANN, name="http://registry.test", others=others, approved=frozenset(approved)
        ) as registry:
            assert refused(registry).code == "token-redirected"


def test_a_token_server_that_is_gone(tokens: TokenServer) -> None:
    with filled(OciSite(tokens=tokens)) as site:
        challenged(site, f"{tokens.url}/nothing")
        with reading(site, ANN, via=tokens) as registry:
            error = refused(registry)
            assert isinstance(error, NotFound)
            assert error.code == "no-token-server"


def test_the_well_known_token_server_of_docker_hub_needs_no_approval() -> None:
    authority = Authority()
    pair = authority.issue("registry-1.docker.io", "auth.docker.io").server_context()
    with TokenServer(USERS, tls=pair) as tokens, filled(OciSite(tokens=tokens, tls=pair)) as site:
        challenge = site._challenge
        site.manners = Manners(
            challenge=lambda scope, reason: challenge(scope, reason).replace(
                tokens.realm, "https://auth.docker.io/token"
            )
        )
        others: dict[str, Site] = {"auth.docker.io": tokens}
        tls = Tls(authority.certificate)
        for credentials in (ANN, None):
            tokens.users = USERS if credentials else {}
            with reading(site, credentials, name="docker.io", others=others, tls=tls) as registry:
                assert read_all(registry) == ["acme/a", "acme/b"]
