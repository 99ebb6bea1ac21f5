"""Tokens: asking for them, how long they hold, and renewing them in mid-run."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from plugins.sdk.tests.oci_visits import ANN, USERS, filled, read_all, refused
from registrykit.cancel import CancelToken
from registrykit.errors import (
    BadAnswer,
    Cancelled,
    NotAllowed,
    SignInFailed,
)
from registrykit.http import Basic, Credentials
from registrykit.oci import Image, OciLimits
from registrykit.testing import faults
from registrykit.testing.oci import OciSite, reading
from registrykit.testing.servers import Answer, Site
from registrykit.testing.tokens import Rules, TokenServer


def test_the_token_server_is_told_service_and_scope(tokens: TokenServer) -> None:
    with filled(OciSite(tokens=tokens)) as site:
        site.manners.challenge = lambda scope, reason: (
            f'Bearer realm="{tokens.realm}?extra=1",service="the service",'
            f'scope="{scope} repository:acme/base:pull"'
        )
        with reading(site, ANN, via=tokens) as registry:
            assert list(registry.tags("acme/a")) == ["1.0"]
    assert tokens.log[0].path == (
        "/token?extra=1&service=the+service"
        "&scope=repository%3Aacme%2Fa%3Apull&scope=repository%3Aacme%2Fbase%3Apull"
    )


def test_a_scope_that_could_not_be_guessed_is_learnt(tokens: TokenServer) -> None:
    """Behind a path, some registries know their repositories by other names."""
    with filled(OciSite(tokens=tokens)) as site:

        def inside(scope: str) -> str:
            return scope.replace("repository:", "repository:key/")

        tokens.may = lambda user, scope: scope.startswith(("repository:key/", "registry"))
        site.manners.challenge = lambda scope, reason: (
            f'Bearer realm="{tokens.realm}",scope="{inside(scope)}"'
        )
        judge = tokens.judge
        tokens.judge = lambda token, scope: judge(token, inside(scope))  # type: ignore[method-assign]
        with reading(site, ANN, via=tokens) as registry:
            read_all(registry)
            read_all(registry)
        assert tokens.given == 3
        assert sum(one.status == 401 for one in site.log) == 1 + 1 + 2


def test_the_other_form_of_asking_for_a_token(tokens: TokenServer) -> None:
    tokens.rules = Rules(methods=frozenset({"POST"}), key="access_token")
    with filled(OciSite(tokens=tokens)) as site:
        with reading(site, ANN, via=tokens) as registry:
            read_all(registry)
        posted = [one for one in tokens.log if one.method == "POST"]
        assert [one.status for one in posted] == [200] * 3
        assert "authorization" not in posted[0].headers
        with reading(site, via=tokens) as registry:
            assert refused(registry).code == "no-token-server"


def test_a_token_that_was_taken_back_is_renewed_in_mid_run(tokens: TokenServer) -> None:
    with filled(OciSite(tokens=tokens)) as site:
        with reading(site, ANN, via=tokens) as registry:
            read_all(registry)
            tokens.revoke()
            read_all(registry)
        assert tokens.given == 6


def test_every_kind_of_request_is_renewed(tokens: TokenServer) -> None:
    with filled(OciSite(tokens=tokens)) as site, reading(site, ANN, via=tokens) as registry:
        manifest = registry.manifest("acme/a", "1.0")
        assert isinstance(manifest.document, Image)
        layer = manifest.document.layers[0]

        def streamed() -> bytes:
            with registry.blob("acme/a", layer) as blob:
                return b"".join(blob)

        for ask, answer in (
            (streamed, b"content"),
            (lambda: registry.read_blob("acme/a", layer), b"content"),
            (lambda: registry.digest("acme/a", "1.0"), manifest.digest),
            (lambda: registry.changed_manifest("acme/a", "1.0", manifest.etag), None),
            (lambda: registry.tags("acme/a").names, ("1.0",)),
        ):
            tokens.revoke()
            site.forget()
            assert ask() == answer
            assert next(one.status for one in site.log) == 401
            assert len(site.log) == 2


def test_a_token_is_renewed_before_it_runs_out(tokens: TokenServer) -> None:
    tokens.rules.life = 0.5
    limits = OciLimits(token_life_least=0.1, token_apart=0.05)
    tokens.rules.said_life = "1"
    with filled(OciSite(tokens=tokens)) as site:
        with reading(site, ANN, via=tokens, limits=limits) as registry:
            registry.tags("acme/a")
            known = registry.sign_in.token
            assert known is not None
            # 1 second, of which a fifth is kept as a margin.
            registry.sign_in._tokens["repository:acme/a:pull"].renew_at -= 0.8
            site.forget()
            registry.tags("acme/a")
        assert [one.status for one in site.log] == [200]
        assert tokens.given == 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (0, 60),
        (-1, 60),
        (10**18, 12 * 3600),
        ("60", 60),
        ("600", 600),
        ("soon", 60),
        (None, 60),
        (True, 60),
        ([], 60),
        (3600, 3600),
        (90.5, 90.5),
    ],
)
def test_au_13_how_long_a_token_holds(tokens: TokenServer, said: object, seconds: float) -> None:
    tokens.rules.more = {"expires_in": said, "issued_at": "2999-01-01T00:00:00Z"}
    with filled(OciSite(tokens=tokens)) as site:
        with reading(site, ANN, via=tokens) as registry:
            for _ in range(20):
                registry.tags("acme/a")
            (token,) = registry.sign_in._tokens.values()
            life = token.renew_at - token.obtained
            assert life == pytest.approx(seconds - min(30, seconds / 5), abs=1)
        assert tokens.given == 1


def test_au_13_the_age_of_a_token_is_told_by_the_servers_own_clock(tokens: TokenServer) -> None:
    tokens.rules.more = {"expires_in": 1000, "issued_at": "2001-01-01T00:00:00Z"}
    dated = faults_date("Mon, 01 Jan 2001 00:10:00 GMT")
    tokens.spoil("/token", dated)
    with filled(OciSite(tokens=tokens)) as site, reading(site, ANN, via=tokens) as registry:
        registry.tags("acme/a")
        (token,) = registry.sign_in._tokens.values()
        assert token.renew_at - token.obtained == pytest.approx(400 - 30, abs=1)


def faults_date(date: str):  # type: ignore[no-untyped-def]
    return lambda answer, request: Answer(
        answer.status, answer.body, {**answer.headers, "Date": date}
    )


def test_au_13_a_registry_that_forgets_tokens_at_once_causes_no_storm() -> None:
    limits = OciLimits(token_apart=0.3)
    with TokenServer(USERS) as tokens, filled(OciSite(tokens=tokens)) as site:
        with reading(site, ANN, via=tokens, limits=limits) as registry:
            registry.tags("acme/a")
            began = time.monotonic()
            for _ in range(4):
                tokens.revoke()
                registry.tags("acme/a")
            assert time.monotonic() - began >= 4 * 0.25
        assert tokens.given == 5


def test_au_13_the_pause_between_two_tokens_can_be_cancelled() -> None:
    cancel = CancelToken()
    with TokenServer(USERS) as tokens, filled(OciSite(tokens=tokens)) as site:
        limits = OciLimits(token_apart=60)
        with reading(site, ANN, via=tokens, limits=limits, cancel=cancel) as registry:
            registry.tags("acme/a")
            tokens.revoke()
            threading.Timer(0.2, cancel.cancel).start()
            began = time.monotonic()
            with pytest.raises(Cancelled):
                registry.tags("acme/a")
            assert time.monotonic() - began < 1


def test_eight_workers_renew_a_token_once(tokens: TokenServer) -> None:
    with filled(OciSite(tokens=tokens)) as site:
        with reading(site, ANN, via=tokens) as registry:
            registry.tags("acme/a")
            tokens.revoke()
            with ThreadPoolExecutor(8) as pool:
                found = pool.map(lambda _: registry.manifest("acme/a", "1.0"), range(64))
                assert len({one.digest for one in found}) == 1
        assert tokens.given == 2


def test_credentials_that_run_out_are_renewed_once_for_all() -> None:
    """EC-01: the password of a cloud registry holds for hours, and may run out in mid-run."""
    with filled(OciSite(sign_in=Basic("AWS", "first"))) as site:
        asked: list[Credentials | None] = []

        def source(known: Credentials | None) -> Credentials:
            asked.append(known)
            return Basic("AWS", ("first", "second", "third")[min(len(asked), 3) - 1])

        with reading(site, source=source) as registry:
            read_all(registry)
            site.account = Basic("AWS", "second")
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: registry.manifest("acme/a", "1.0"), range(32)))
            assert asked == [None, Basic("AWS", "first")]
            # Amazon says it with another status.
            expired = b'{"errors":[{"message":"Your authorization token has expired."}]}'
            site.spoil("/v2/acme/a/tags/list", faults.first(1, faults.status(403, expired)))
            site.account = Basic("AWS", "third")
            assert list(registry.tags("acme/a")) == ["1.0"]
            assert len(asked) == 3
            denied = b'{"errors":[{"message":"not authorized to perform ecr:ListImages"}]}'
            site.spoil("/v2/acme/a/tags/list", faults.status(403, denied))
            with pytest.raises(NotAllowed):
                registry.tags("acme/a")
            assert len(asked) == 3
            # It ends where the new ones are no better.
            site.account = Basic("AWS", "fourth")
            with pytest.raises(SignInFailed):
                registry.tags("acme/b")
            assert len(asked) == 4


def test_au_14_a_registry_that_refuses_its_own_tokens(tokens: TokenServer) -> None:
    with filled(OciSite(tokens=tokens)) as site, TokenServer(USERS) as other:
        site.manners.challenge = lambda scope, reason: (
            f'Bearer realm="{other.realm}",scope="{scope}"'
        )
        with reading(site, ANN, via=other) as registry:
            with pytest.raises(SignInFailed) as raised:
                registry.tags("acme/a")
            assert raised.value.code == "sign-in-failed"
            assert "token server" in raised.value.cause
        assert other.given == 1
        assert len(site.asked("tags/list")) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"token": None},
        {"token": ""},
        {"token": 17},
        {"token": "two\nlines"},
        {"token": "with blank"},
        {"token": "tök"},
        {"token": "x" * 40_000},
        [],
        "token",
    ],
)
def test_au_12_an_answer_without_a_usable_token(answer: object) -> None:
    body = json.dumps(answer).encode()
    with Site({"/token": body}) as tokens, filled(OciSite(sign_in=ANN)) as site:
        site.manners.challenge = lambda scope, reason: f'Bearer realm="{tokens.url}/token"'
        with reading(site, ANN, via=tokens) as registry:
            error = refused(registry)
            assert isinstance(error, BadAnswer)
            assert error.code == "no-token"


def test_au_12_an_answer_without_an_end() -> None:
    for body in (b'{"token":"' + b"x" * 10_000_000 + b'"}', b"[" * 100_000, b"<html>"):
        with Site({"/token": body}) as tokens, filled(OciSite(sign_in=ANN)) as site:
            site.manners.challenge = lambda scope, reason: f'Bearer realm="{tokens.url}/token"'
            with reading(site, ANN, via=tokens) as registry:
                assert refused(registry).code in ("no-token", "too-large")


def test_au_12_the_second_name_of_the_token_is_taken(tokens: TokenServer) -> None:
    tokens.rules.key = "access_token"
    tokens.rules.more = {"token": None, "refresh_token": "r3fresh", "other": [1]}
    with filled(OciSite(tokens=tokens)) as site, reading(site, ANN, via=tokens) as registry:
        assert list(registry.tags("acme/a")) == ["1.0"]
        # AU-17: what else comes along is not kept at all.
        assert "r3fresh" not in repr(vars(registry.sign_in))


def test_au_18_a_token_for_more_or_less_than_asked(tokens: TokenServer) -> None:
    tokens.may = lambda user, scope: True
    with filled(OciSite(tokens=tokens)) as site:
        site.manners.challenge = lambda scope, reason: (
            f'Bearer realm="{tokens.realm}",scope="{scope} repository:other:pull,push"'
        )
        with reading(site, ANN, via=tokens) as registry:
            assert read_all(registry) == ["acme/a", "acme/b"]
