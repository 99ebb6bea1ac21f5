"""One token for several repositories, where the token server grants it and says so."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs

import pytest

from plugins.sdk.tests.oci_contents import Reader, push_chart
from plugins.sdk.tests.oci_visits import ANN, USERS, passwords
from registrykit.errors import SignInFailed
from registrykit.events import Skip
from registrykit.oci.sign_in import TOGETHER
from registrykit.oci.tokens import Token, pulls
from registrykit.testing.answers import Answer, Request
from registrykit.testing.oci import OciSite
from registrykit.testing.tokens import Signer, TokenServer
from registrykit.urls import Basic

NAMES = [f"acme/r{number:02}" for number in range(25)]
GROUPS = -(-len(NAMES) // TOGETHER)


class Odd(TokenServer):
    """Does not take a request for several scopes as the specification has it."""

    def __init__(self, way: str) -> None:
        super().__init__(USERS, signer=None if way == "opaque" else Signer())
        self._way = way

    def answer(self, request: Request) -> Answer:
        scopes = parse_qs(request.query).get("scope", [])
        if len(scopes) > 1 and self._way.isdigit():
            return Answer(int(self._way), b"{}", {"Content-Type": "application/json"})
        if len(scopes) > 1 and self._way == "long":
            return Answer(body=json.dumps({"token": jwt(*scopes) + "x" * 6144}).encode())
        return super().answer(request)

    def grant(self, user: str, *scopes: str) -> str:
        if self._way == "first":
            scopes = scopes[:1]
        if self._way == "none" and len(scopes) > 1:
            scopes = ()
        return super().grant(user, *scopes)


def jwt(*scopes: str) -> str:
    access = [
        {"type": kind, "name": name, "actions": actions.split(",") if actions else None}
        for kind, name, actions in (scope.split(":") for scope in scopes)
    ]
    claims = base64.urlsafe_b64encode(json.dumps({"access": access}).encode())
    return f"e30.{claims.decode().rstrip('=')}.c2lnbmVk"


def filled(tokens: TokenServer) -> OciSite:
    site = OciSite(tokens=tokens)
    for name in NAMES:
        push_chart(site, name, "1.0.0")
    return site


def reader(site: OciSite, credentials: Basic | None = ANN) -> Reader:
    found = Reader(site.endpoint)
    found.type._more["credentials"] = credentials
    return found


@pytest.mark.parametrize("credentials", [ANN, None])
def test_one_token_serves_several_repositories(credentials: Basic | None) -> None:
    tokens = TokenServer(USERS if credentials else None, signer=Signer())
    with filled(tokens) as site:
        somebody = reader(site, credentials)
        somebody.sync()
        # One for the catalog; the same number where everything is read and where nothing is.
        assert len(site.asked("/token", 200)) == 1 + GROUPS
        site.forget()
        _, changes = somebody.sync()
        assert changes.nothing
        assert len(site.asked("/token", 200)) == 1 + GROUPS
        assert len(site.asked("/tags/list", 200)) == len(NAMES)
    assert len(somebody.versions) == len(NAMES)


def test_what_is_not_granted_with_the_others_is_asked_for_alone() -> None:
    denied = f"repository:{NAMES[3]}:pull"
    tokens = TokenServer(USERS, may=lambda user, scope: scope != denied, signer=Signer())
    with filled(tokens) as site:
        somebody = reader(site)
        run, _ = somebody.sync()
        assert [skip.ref.path for skip in run.of(Skip)] == [NAMES[3]]
        assert len(somebody.versions) == len(NAMES) - 1
        assert len(site.asked("/token", 200)) == 1 + GROUPS + 1


@pytest.mark.parametrize(
    "way", ["opaque", "first", "none", "long", "400", "401", "403", "414", "500"]
)
def test_other_token_servers_are_asked_for_one_scope_at_a_time(way: str) -> None:
    with filled(Odd(way)) as site:
        somebody = reader(site)
        run, _ = somebody.sync()
        assert not run.of(Skip)
        assert len(somebody.versions) == len(NAMES)
        one_by_one = [path for path in site.asked("/token", 200) if path.count("scope=") == 1]
        assert len(NAMES) <= len(one_by_one) <= 1 + len(NAMES)


def test_a_wrong_password_is_tried_once() -> None:
    with filled(TokenServer(USERS, signer=Signer())) as site:
        somebody = reader(site, Basic("ann", "wrong"))
        somebody.values["repositories"] = NAMES
        with pytest.raises(SignInFailed):
            somebody.sync()
        assert passwords(site) == 1


@pytest.mark.parametrize(
    ("token", "scopes"),
    [
        (jwt("repository:a:pull", "repository:b/c:push,pull"), {"a", "b/c"}),
        (jwt("repository:a:push", "repository:b:"), set()),
        (jwt("repository:a:pull") + "x" * 6144, set()),
        ("opaque", set()),
        ("a.b.c", set()),
        ("..", set()),
        (f"e30.{base64.urlsafe_b64encode(b'[]').decode()}.x", set()),
        (f"e30.{base64.urlsafe_b64encode(b'{}').decode()}.x", set()),
        (f"e30.{base64.urlsafe_b64encode(b'[' * 4000).decode()}.x", set()),
    ],
)
def test_what_a_token_says_of_itself(token: str, scopes: set[str]) -> None:
    assert pulls(Token(token, 0.0, 1.0)) == {f"repository:{name}:pull" for name in scopes}
