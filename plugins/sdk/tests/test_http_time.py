"""Time: connections that do not come, answers that do not end, and calls that are cancelled."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from registrykit.cancel import CancelToken
from registrykit.errors import (
    Cancelled,
    RegistryError,
    Unreachable,
)
from registrykit.http import Http, Limits, Origin
from registrykit.testing import faults
from registrykit.testing.servers import Answer, Fault, Site

QUICK = Limits(backoff=0.01)
TEXT = "".join(f"line {n}\n" for n in range(5_000))


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


def test_each_way_not_to_get_a_connection_has_its_own_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = f"http://127.0.0.1:{port}/"
    unknown = "http://does-not-exist.invalid/"
    origins = frozenset({Origin.of(refused), Origin.of(unknown)})
    with Http(origins=origins, limits=QUICK) as http:
        errors = [failure(http, refused), failure(http, unknown)]
        assert [error.code for error in errors] == ["refused", "dns"]
        assert str(port) in str(errors[0])
        assert "does-not-exist.invalid" in str(errors[1])
        assert http.stats.requests == 0


def test_a_name_server_that_does_not_answer_has_its_own_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    token = CancelToken()
    origin = Origin.of("http://slow.test/")
    try:
        with Http(origins=frozenset({origin}), limits=Limits(connect=0.3), cancel=token) as http:
            began = time.monotonic()
            assert failure(http, "http://slow.test/").code == "dns"
            assert time.monotonic() - began < 0.6
            threading.Timer(0.1, token.cancel).start()
            began = time.monotonic()
            assert isinstance(failure(http, "http://slow.test/"), Cancelled)
            assert time.monotonic() - began < 0.5
    finally:
        release.set()


def test_an_address_that_swallows_everything_does_not_hold_up_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with full_listener() as port, Site({"/a": b"x"}) as site:
        places = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", site.port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
        origin = Origin.of("http://two.test/")
        with Http(origins=frozenset({origin})) as http:
            began = time.monotonic()
            assert http.get("http://two.test/a").body == b"x"
            assert time.monotonic() - began < 2


def test_a_server_that_takes_no_connection_is_given_up_in_time() -> None:
    with full_listener() as port:
        url = f"http://127.0.0.1:{port}/"
        token = CancelToken()
        limits = Limits(connect=0.4)
        with Http(origins=frozenset({Origin.of(url)}), limits=limits, cancel=token) as http:
            began = time.monotonic()
            assert failure(http, url).code == "timeout"
            assert time.monotonic() - began < 0.8
            threading.Timer(0.1, token.cancel).start()
            began = time.monotonic()
            assert isinstance(failure(http, url), Cancelled)
            assert time.monotonic() - began < 0.4


@contextmanager
def full_listener() -> Iterator[int]:
    """Give a port whose queue is full, so that connecting to it never comes to an end."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for sock in (first, second):
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]


def test_an_origin_that_is_down_is_not_asked_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    calls: list[int] = []

    def connect(host: str, port: int) -> socket.socket:
        calls.append(port)
        return socket.create_connection((host, port))

    with Site({"/": b"x"}) as site:
        origins = frozenset({Origin.of(url), site.origin})
        with Http(origins=origins, connect=connect) as http:
            codes = [failure(http, url).code for _ in range(5)]
            assert codes == ["refused", "refused", "refused", "given-up", "given-up"]
            assert len(calls) == 3
            assert "refused the connection" in failure(http, url).cause
            assert http.get(site.url + "/").body == b"x"  # another origin is another matter


def test_failures_that_are_followed_by_success_are_forgotten() -> None:
    down = True

    def connect(host: str, port: int) -> socket.socket:
        if down:
            raise ConnectionRefusedError(111, "")
        return socket.create_connection((host, port))

    answer = Answer(200, b"x", {"Connection": "close"})
    with Site({"/": answer}) as site, client(site, connect=connect) as http:
        for _ in range(3):
            down = True
            assert failure(http, site.url + "/").code == "refused"
            assert failure(http, site.url + "/").code == "refused"
            down = False
            assert http.get(site.url + "/").body == b"x"


@pytest.mark.parametrize(
    "fault",
    [
        faults.drip(0.05, headers=True),
        faults.drip(0.05),
        faults.stall(20),
        faults.stall(20, at=100),
    ],
    ids=["slow-headers", "slow-body", "silent", "silent-in-the-body"],
)
def test_the_deadline_holds_however_slowly_bytes_come(fault: Fault) -> None:
    with Site({"/a": TEXT}) as site, client(site) as http:
        site.spoil("/a", fault)
        began = time.monotonic()
        error = failure(http, site.url + "/a", deadline=0.6)
        assert 0.5 < time.monotonic() - began < 1.2
        assert isinstance(error, Unreachable)
        assert error.code == "timeout"
        assert "0.6 s" in error.cause


def test_silence_ends_before_the_deadline_and_says_so() -> None:
    with Site({"/a": TEXT}) as site, client(site, limits=Limits(idle=0.3)) as http:
        site.spoil("/a", faults.stall(20))
        error = failure(http, site.url + "/a", deadline=20)
        assert error.cause == "Nothing came for 0.3 s."


def test_a_download_that_only_trickles_is_ended() -> None:
    limits = Limits(idle=0.3, slowest=10_000)
    with Site({"/a": TEXT}) as site, client(site, limits=limits) as http:
        site.spoil("/a", faults.drip(0.02, 10))
        with pytest.raises(Unreachable) as slow, http.stream(site.url + "/a") as download:
            list(download)
    assert "too slowly" in slow.value.cause


def test_the_deadline_holds_for_those_who_wait_for_a_free_connection() -> None:
    with Site({"/a": b"x"}) as site, client(site, at_most_per_host=1) as http:
        site.spoil("/a", faults.stall(1))
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(http.get, site.url + "/a")
            while not site.count():
                time.sleep(0.005)
            error = failure(http, site.url + "/a", deadline=0.3)
            assert error.code == "busy"
            assert "0.3 s" in error.cause
            assert slow.result().body == b"x"


def test_the_deadline_holds_for_redirects_and_repetitions_together() -> None:
    with Site({"/a": b"x"}) as site, client(site, limits=Limits(backoff=0.5)) as http:
        site.spoil("/a", faults.stall(0.3), faults.status(503))
        began = time.monotonic()
        failure(http, site.url + "/a", deadline=0.8)
        assert time.monotonic() - began < 1.6


@pytest.mark.parametrize(
    "fault",
    [faults.stall(20), faults.stall(20, at=100), faults.status(503, retry_after="4")],
    ids=["before-the-answer", "in-the-body", "while-waiting-to-ask-again"],
)
def test_cancelling_ends_a_blocked_request_at_once(fault: Fault) -> None:
    token = CancelToken()
    with Site({"/a": TEXT}) as site, client(site, cancel=token) as http:
        site.spoil("/a", fault)
        with ThreadPoolExecutor(1) as threads:
            blocked = threads.submit(failure, http, site.url + "/a")
            while not site.count():
                time.sleep(0.005)
            time.sleep(0.1)
            assert not blocked.done()
            began = time.monotonic()
            token.cancel()
            assert isinstance(blocked.result(), Cancelled)
            assert time.monotonic() - began < 0.5


def test_cancelling_ends_those_who_wait_for_a_free_connection() -> None:
    token = CancelToken()
    with Site({"/a": b"x"}) as site, client(site, cancel=token, at_most_per_host=1) as http:
        site.spoil("/a", faults.stall(20))
        with ThreadPoolExecutor(3) as threads:
            blocked = [threads.submit(failure, http, site.url + "/a") for _ in range(3)]
            while not site.count():
                time.sleep(0.005)
            token.cancel()
            assert all(isinstance(one.result(), Cancelled) for one in blocked)
        assert site.count() == 1


def test_a_download_notices_the_cancelling() -> None:
    token = CancelToken()
    with Site({"/a": b"x"}) as site, client(site, cancel=token) as http:
        site.spoil("/a", faults.endless())
        with http.stream(site.url + "/a") as download:
            pieces = iter(download)
            next(pieces)
            token.cancel()
            with pytest.raises(Cancelled):
                list(pieces)
