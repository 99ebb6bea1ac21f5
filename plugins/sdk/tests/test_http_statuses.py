"""Statuses: told by what the user can do, with what the server says, and without our secrets."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from registrykit.errors import (
    BadAnswer,
    NotAllowed,
    NotFound,
    RegistryError,
    SignInFailed,
    Throttled,
    Unreachable,
)
from registrykit.http import Basic, Bearer, Http, Limits
from registrykit.testing import faults
from registrykit.testing.servers import Answer, Request, Site

QUICK = Limits(backoff=0.01)


def client(site: Site, **settings: object) -> Http:
    settings.setdefault("limits", QUICK)
    return Http(origins=frozenset({site.origin}), **settings)  # type: ignore[arg-type]


def failure(http: Http, url: str, **how: object) -> RegistryError:
    with pytest.raises(RegistryError) as failed:
        http.get(url, **how)  # type: ignore[arg-type]
    error = failed.value
    assert str(error)
    assert error.remedy
    assert str(error)[-1] == "."
    return error


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, BadAnswer, "unexpected-status"),
        (401, SignInFailed, "sign-in-failed"),
        (403, NotAllowed, "not-allowed"),
        (404, NotFound, "not-found"),
        (410, NotFound, "not-found"),
        (418, BadAnswer, "unexpected-status"),
        (429, Throttled, "throttled"),
        (500, Unreachable, "server-error"),
        (502, Unreachable, "bad-gateway"),
        (503, Throttled, "throttled"),
        (504, Unreachable, "bad-gateway"),
        (204, BadAnswer, "unexpected-status"),
        (206, BadAnswer, "unexpected-status"),
        (304, BadAnswer, "unexpected-status"),
        (101, BadAnswer, "unexpected-status"),
        (999, Unreachable, "server-error"),
    ],
)
def test_statuses_are_told_by_what_the_user_can_do(
    status: int, kind: type[RegistryError], code: str
) -> None:
    with Site({"/a": b"x"}) as site, client(site, credentials=Bearer("t0ken")) as http:
        site.spoil("/a", faults.status(status, b"go away"))
        error = failure(http, site.url + "/a")
        assert type(error) is kind
        assert error.code == code
        assert str(status) in error.cause
        if status not in (101, 204, 304):
            assert "go away" in error.cause
        assert site.count("/a") == (3 if status in (429, 502, 503, 504) else 1)


def test_a_sign_in_that_is_missing_differs_from_one_that_is_wrong() -> None:
    with Site({"/a": b"x"}, sign_in=Basic("ann", "right")) as site:
        with client(site) as http:
            assert failure(http, site.url + "/a").code == "needs-sign-in"
        with client(site, credentials=Basic("ann", "wrong")) as http:
            error = failure(http, site.url + "/a")
            assert error.code == "sign-in-failed"
            assert "authentication required" in error.cause
        with client(site, credentials=Basic("ann", "right")) as http:
            assert http.get(site.url + "/a").body == b"x"
        site.sign_in = Basic("änn", "pässwörd")
        with client(site, credentials=Basic("änn", "pässwörd")) as http:
            assert http.get(site.url + "/a").body == b"x"
        site.sign_in = Bearer("t0ken")
        with client(site, credentials=Bearer("t0ken")) as http:
            assert http.get(site.url + "/a").body == b"x"


@pytest.mark.parametrize(
    ("body", "media_type", "said"),
    [
        (
            b'{"errors":[{"code":"DENIED","message":"no\\u0000 such"}]}',
            "application/json",
            "no such",
        ),
        (b'{"error":"invalid_token","error_description":"gone"}', "application/json", "gone"),
        (b'{"error":{"message":"deep"}}', "application/json", "deep"),
        (b'{"errors":[' + b"[" * 5000, "application/json", ""),
        (b"<html><title>403 Forbidden</title></html>", "text/html", "403 Forbidden"),
        ("\u202etxt\x1b[31m".encode(), "text/plain", "txt [31m"),
        (b"\x00\xff" * 100, "application/octet-stream", ""),
        (b"x" * 900, "text/plain", "x" * 199 + "\u2026"),
    ],
)
def test_what_the_server_says_is_quoted_cleanly(body: bytes, media_type: str, said: str) -> None:
    answer = Answer(403, body, {"Content-Type": media_type})
    with Site({"/a": answer}) as site, client(site) as http:
        cause = failure(http, site.url + "/a").cause
    assert cause == (
        f"It answered with status 403 and says: \u201c{said}\u201d"
        if said
        else "It answered with status 403."
    )


@pytest.mark.parametrize("credentials", [Basic("ann", "s3cret/+ü"), Bearer("s3cret-t0ken")])
def test_secrets_that_come_back_are_masked(credentials: Basic | Bearer) -> None:
    def echo(request: Request) -> Answer:
        sent = request.headers["authorization"]
        return Answer(403, f"{sent} s3cret/+ü s3cret%2F%2B%C3%BC s3cret-t0ken".encode(), TEXT_PLAIN)

    with Site({"/a": echo}) as site, client(site, credentials=credentials) as http:
        error = failure(http, site.url + "/a")
        told = f"{error} {error.cause} {error.remedy} {error.__cause__} {error.__context__}"
        secret = credentials.password if isinstance(credentials, Basic) else credentials.token
        assert "***" in told
        assert secret not in told
        if isinstance(credentials, Basic):
            assert site.log[0].headers["authorization"].split()[1] not in told
            assert "s3cret%2F" not in told
        with client(site) as bare:
            error = failure(bare, site.url + "/a", headers={"Authorization": "Bearer own-0ne"})
            assert "own-0ne" not in error.cause
            site.put("/b", Answer(200, b"x", {"Content-Encoding": "own-0ne"}))
            error = failure(bare, site.url + "/b", headers={"Authorization": "Bearer own-0ne"})
            assert "encoded as ***" in error.cause
        site.put("/a", Answer(200, b"x", {"Content-Encoding": secret.encode().decode("latin-1")}))
        if secret.isascii():
            assert "***" in failure(http, site.url + "/a").cause


TEXT_PLAIN = {"Content-Type": "text/plain"}


HOUR, MONTH = 3600, 30 * 86400


@pytest.mark.parametrize(
    ("retry_after", "told"),
    [
        ("3600", HOUR),
        ("1000000000000", 6 * HOUR),
        ("-1", None),
        ("soon", None),
        (HOUR, HOUR),
        (MONTH, 6 * HOUR),
        (-HOUR, 0),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(
    retry_after: str | int, told: float | None
) -> None:
    if isinstance(retry_after, int):
        when = datetime.now(UTC) + timedelta(seconds=retry_after)
        retry_after = format_datetime(when, usegmt=True)
    with Site({"/a": b"x"}) as site, client(site) as http:
        site.spoil("/a", faults.status(429, retry_after=retry_after))
        error = failure(http, site.url + "/a")
        assert isinstance(error, Throttled)
        assert error.retry_after == (None if told is None else pytest.approx(told, abs=60))
        # A long wait is not waited for, and nobody else asks meanwhile.
        assert site.count() == (1 if told else 3)
        if told:
            again = failure(http, site.url + "/b")
            assert isinstance(again, Throttled)
            assert again.retry_after
            assert site.count() == 1


def test_a_short_wait_is_kept_by_every_thread() -> None:
    with Site({"/a": b"a", "/b": b"b"}) as site, client(site) as http:
        site.spoil("/a", faults.first(1, faults.status(429, retry_after="1")))
        began = time.monotonic()
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(http.get, site.url + "/a")
            while not site.count("/a"):
                time.sleep(0.005)
            time.sleep(0.1)
            second = threads.submit(http.get, site.url + "/b")
            assert (first.result().body, second.result().body) == (b"a", b"b")
        assert time.monotonic() - began >= 0.9
        assert [entry.path for entry in site.log].count("/a") == 2


def test_a_server_that_falters_is_asked_again() -> None:
    with Site({"/a": b"x"}) as site, client(site) as http:
        for fault in (
            faults.status(503),
            faults.status(502),
            faults.reset(),
            faults.reset(40),
            faults.reset(10_000),
        ):
            site.forget()
            site.put("/a", b"x" * 50_000)
            site.spoil("/a", faults.first(2, fault))
            assert len(http.get(site.url + "/a", decode=False).body) == 50_000
            assert site.count("/a") == 3
