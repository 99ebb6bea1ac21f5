"""Signing in to an OCI registry, as it asks for it, and what is said when it fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from plugins.sdk.tests.oci_visits import ANN, USERS, filled, passwords, read_all, refused
from registrykit.errors import (
    BadAnswer,
    BadConfig,
    NotAllowed,
    RegistryError,
    SignInFailed,
)
from registrykit.http import Basic, Bearer, Credentials
from registrykit.testing import faults
from registrykit.testing.oci import OciSite, reading
from registrykit.testing.servers import Answer
from registrykit.testing.tokens import TokenServer


def test_nobody_signs_in_where_nobody_has_to() -> None:
    with filled(OciSite()) as site, reading(site) as registry:
        assert read_all(registry) == ["acme/a", "acme/b"]
        assert all("authorization" not in one.headers for one in site.log)
        assert len(site.log) == 1 + 2 * 4


def test_basic_costs_one_question_for_the_whole_run() -> None:
    with filled(OciSite(sign_in=ANN)) as site, reading(site, ANN) as registry:
        assert read_all(registry) == ["acme/a", "acme/b"]
        assert [one.path for one in site.log if one.status == 401] == ["/v2/"]
        assert len(site.log) == 1 + 1 + 2 * 4


@pytest.mark.parametrize("anonymous", [False, True])
def test_tokens_cost_one_question_for_each_kind(anonymous: bool) -> None:
    with (
        TokenServer({} if anonymous else USERS) as tokens,
        filled(OciSite(tokens=tokens)) as site,
    ):
        credentials = None if anonymous else ANN
        with reading(site, credentials, via=tokens) as registry:
            assert read_all(registry) == ["acme/a", "acme/b"]
        # One for the catalog, one for each repository.
        assert tokens.given == 3
        missed = [one.path for one in site.log if one.status == 401]
        known = [] if anonymous else ["/v2/"]
        assert missed == [*known, "/v2/_catalog?n=1000", "/v2/acme/a/tags/list?n=1000"]
        assert passwords(site) == 0
        assert passwords(tokens) == (0 if anonymous else 3)


def test_a_token_of_the_users_own_is_sent_as_it_is() -> None:
    with filled(OciSite()) as site, reading(site, Bearer("t0ken")) as registry:
        read_all(registry)
        assert {one.headers.get("authorization") for one in site.log} == {"Bearer t0ken"}


def test_harbor_wants_a_password_for_the_catalog_and_tokens_for_the_rest(
    tokens: TokenServer,
) -> None:
    with filled(OciSite(tokens=tokens)) as site:
        bearer = site._challenge

        def challenge(scope: str, reason: str) -> str:
            basic = scope.startswith("registry") or reason != "missing"
            return 'Basic realm="harbor"' if basic else bearer(scope, reason)

        site.manners.challenge = challenge
        site.put("/v2/_catalog", Answer(200, b'{"repositories":["acme/a","acme/b"]}'))
        refuse = site._refused

        def harbor(request, scope):  # type: ignore[no-untyped-def]
            if request.headers.get("authorization") == "Basic YW5uOmh1bnRlcjI=":
                return None
            return refuse(request, scope)

        site._refused = harbor  # type: ignore[method-assign]
        with reading(site, ANN, via=tokens) as registry:
            assert read_all(registry) == ["acme/a", "acme/b"]
            tokens.revoke()
            assert read_all(registry) == ["acme/a", "acme/b"]
        assert tokens.given == 4


@pytest.mark.parametrize("kind", ["basic", "bearer", "own token"])
def test_au_14_a_wrong_password_is_tried_once(tokens: TokenServer, kind: str) -> None:
    wrong: Credentials = Bearer("wrong") if kind == "own token" else Basic("ann", "wrong")
    with filled(OciSite(sign_in=ANN)) as site:
        if kind == "bearer":
            site.tokens = tokens
        with reading(site, wrong, via=tokens) as registry:

            def attempt(number: int) -> RegistryError | None:
                try:
                    registry.tags(f"acme/{number}")
                except RegistryError as error:
                    return error
                return None

            with ThreadPoolExecutor(8) as pool:
                errors = list(pool.map(attempt, range(50)))
            assert all(isinstance(error, SignInFailed) for error in errors)
            assert {error.code for error in errors if error} == {"sign-in-failed"}
        # One try, and at the registry's own place one more to tell it from a missing right.
        assert passwords(tokens) == (1 if kind == "bearer" else 0)
        signed = sum("authorization" in one.headers for one in site.log)
        assert signed == (0 if kind == "bearer" else 2)


def test_an_account_that_may_not_read_everything(tokens: TokenServer) -> None:
    tokens.may = lambda user, scope: bool(user) and "acme/b" not in scope
    for site in (OciSite(tokens=tokens), OciSite(sign_in=ANN)):
        with filled(site):
            if site.account:
                site.spoil("/v2/acme/b/tags/list", faults.status(401))
            with reading(site, ANN, via=tokens) as registry:
                assert list(registry.tags("acme/a")) == ["1.0"]
                for _ in range(2):
                    with pytest.raises(NotAllowed) as raised:
                        registry.tags("acme/b")
                    assert "acme/b" in str(raised.value)
                assert list(registry.tags("acme/a")) == ["1.0"]


@pytest.mark.parametrize("status", [401, 403])
def test_au_15_a_list_that_may_not_be_read(tokens: TokenServer, status: int) -> None:
    tokens.may = lambda user, scope: bool(user) and scope.startswith("repository")
    for site in (OciSite(tokens=tokens), OciSite(sign_in=ANN)):
        if site.account:
            site.manners.catalog = status
        elif status == 403:
            continue
        with filled(site), reading(site, ANN, via=tokens) as registry:
            error = refused(registry)
            assert isinstance(error, NotAllowed)
            assert error.code == "catalog-not-allowed"
            assert "repository paths" in error.remedy
            assert list(registry.tags("acme/a")) == ["1.0"]


@pytest.mark.parametrize(
    ("challenge", "code"),
    [
        ("Negotiate, NTLM", "sign-in-unsupported"),
        ('Digest realm="r", nonce="n"', "sign-in-unsupported"),
        ('Bearer realm="open', "bad-challenge"),
        ('Basic realm="r"', "needs-sign-in"),
        ("", "needs-sign-in"),
    ],
)
def test_au_16_ways_that_are_not_open(challenge: str, code: str) -> None:
    with filled(OciSite(sign_in=ANN)) as site:
        site.manners.challenge = lambda scope, reason: challenge
        with reading(site) as registry:
            error = refused(registry)
            assert error.code == code
            assert isinstance(error, BadAnswer if code == "bad-challenge" else SignInFailed)
        if code == "sign-in-unsupported":
            with reading(site, ANN) as registry:
                # The right password is taken whatever the registry says it wants.
                assert registry.tags("acme/a").names == ("1.0",)


def test_a_registry_that_does_not_say_how_gets_the_password_it_may_have() -> None:
    with filled(OciSite(sign_in=ANN)) as site:
        site.manners.challenge = lambda scope, reason: ""
        site.manners.open_root = True
        with reading(site, ANN) as registry:
            assert read_all(registry) == ["acme/a", "acme/b"]


def test_a_token_where_a_password_is_wanted_says_so() -> None:
    with filled(OciSite(sign_in=ANN)) as site, reading(site, Bearer("t")) as registry:
        error = refused(registry)
        assert error.code == "sign-in-failed"
        assert "user name and a password" in error.remedy


def test_au_11_where_both_are_offered_it_is_a_token(tokens: TokenServer) -> None:
    with filled(OciSite(tokens=tokens)) as site:
        bearer = site._challenge
        site.manners.challenge = lambda scope, reason: (
            f'Basic realm="r", {bearer(scope, reason).replace("Bearer", "bearer")}'
        )
        with reading(site, ANN, via=tokens) as registry:
            assert list(registry.tags("acme/a")) == ["1.0"]
        assert passwords(site) == 0


@pytest.mark.parametrize("password", ["a:b", "é😀", "x" * 5000, " lead and trail "])
def test_au_19_passwords_of_every_kind(password: str) -> None:
    account = Basic("ann", password)
    with filled(OciSite(sign_in=account)) as site, reading(site, account) as registry:
        assert list(registry.tags("acme/a")) == ["1.0"]
    with (
        TokenServer({"ann": password}) as tokens,
        filled(OciSite(tokens=tokens)) as site,
        reading(site, account, via=tokens) as registry,
    ):
        assert list(registry.tags("acme/a")) == ["1.0"]


def test_au_19_au_20_what_cannot_be_sent_is_said_at_once() -> None:
    for account in (Basic("ann", "pasted\n"), Basic("a:nn", "x")):
        with OciSite() as site, pytest.raises(BadConfig), reading(site, account):
            pass


def test_au_22_a_registry_that_asks_for_nothing() -> None:
    with filled(OciSite()) as site, reading(site, ANN) as registry:
        assert read_all(registry) == ["acme/a", "acme/b"]
        assert "authorization" not in site.log[0].headers
        # Others than strangers may see more, so it is sent all the same.
        assert passwords(site) == len(site.log) - 1
        assert registry.probe().status == 200
