"""Ordinary requests: bodies, validators, packing, counting, keep-alive, downloads."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registrykit.cancel import CancelToken
from registrykit.errors import BadAnswer, BadConfig, Cancelled, Offline, Unreachable
from registrykit.http import Headers, Http, Limits, Origin
from registrykit.testing import faults
from registrykit.testing.servers import Answer, Request, Site


def client(site: Site, **settings: object) -> Http:
    return Http(origins=frozenset({site.origin}), **settings)  # type: ignore[arg-type]


TEXT = "".join(f"line {n}\n" for n in range(20_000))


def test_a_body_comes_whole_packed_or_not() -> None:
    with Site({"/a.yaml": TEXT}) as site, client(site, user_agent="test/1") as http:
        packed, plain = http.get(site.url + "/a.yaml"), http.get(site.url + "/a.yaml", decode=False)
        assert packed.body == plain.body == TEXT.encode()
        assert packed.status == 200
        assert packed.url == site.url + "/a.yaml"
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        sent = site.log[0].headers
        assert (sent["user-agent"], sent["accept"], sent["accept-encoding"]) == (
            "test/1",
            "*/*",
            "gzip",
        )
        assert site.log[1].headers["accept-encoding"] == "identity"
        assert site.connections == 1
        assert http.stats.requests == 2
        assert len(TEXT) < http.stats.bytes < 2 * len(TEXT)


def test_a_request_for_what_is_known_already_has_no_body() -> None:
    with Site({"/a": TEXT}) as site, client(site) as http:
        first = http.get(site.url + "/a")
        for known in (
            {"etag": first.etag, "last_modified": first.last_modified},
            {"etag": first.etag},
            {"last_modified": first.last_modified},
        ):
            again = http.get(site.url + "/a", **known)  # type: ignore[arg-type]
            assert again.not_modified
            assert (again.status, again.body) == (304, b"")
            assert (again.etag, again.last_modified) == (first.etag, first.last_modified)
        site.put("/a", TEXT + "more", modified=datetime.now(UTC) + timedelta(hours=1))
        assert http.get(site.url + "/a", etag=first.etag).body == (TEXT + "more").encode()


def test_no_change_needs_no_body_whatever_the_headers_say() -> None:
    answer = Answer(304, headers={"Content-Encoding": "gzip", "Content-Length": "10"})
    with Site({"/a": answer, "/b": b"x"}) as site, client(site) as http:
        assert http.get(site.url + "/a", etag='"x"').not_modified
        assert http.get(site.url + "/b").body == b"x"
        assert site.connections == 1


@pytest.mark.parametrize(
    ("etag", "modified", "taken"),
    [
        (
            'W/"weak"',
            "Mon, 02 Jan 2023 03:04:05 GMT",
            ('W/"weak"', "Mon, 02 Jan 2023 03:04:05 GMT"),
        ),
        ("unquoted", "yesterday", ("", "")),
        ('"' + "x" * 300 + '"', "Mon, 02 Jan 2199 03:04:05 GMT", ("", "")),
    ],
)
def test_validators_that_make_no_sense_are_not_sent_back(
    etag: str, modified: str, taken: tuple[str, str]
) -> None:
    answer = Answer(200, b"x", {"ETag": etag, "Last-Modified": modified})
    with Site({"/a": answer}) as site, client(site) as http:
        response = http.get(site.url + "/a")
        assert (response.etag, response.last_modified) == taken


def test_chunked_bodies_and_bodies_until_the_end_of_the_connection() -> None:
    body = TEXT.encode()
    with Site({"/a": TEXT}, packs=False) as site, client(site) as http:
        for size in (1000, 65536, 10**7):
            site.spoil("/a", faults.only_chunked(size))
            assert http.get(site.url + "/a").body == body
        site.spoil("/a", faults.wrong_length(""))
        assert http.get(site.url + "/a").body == body
        assert http.get(site.url + "/a").body == body
        assert site.connections == 2  # the first connection ended with its answer


def test_gzip_in_several_parts_and_with_padding_is_whole() -> None:
    parts = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0" * 8
    with (
        Site({"/a": Answer(200, parts, {"Content-Encoding": "gzip"})}) as site,
        client(site) as http,
    ):
        assert http.get(site.url + "/a").body == b"one two"
        assert http.get(site.url + "/a", decode=False).body == parts


def test_many_threads_share_few_connections() -> None:
    with Site({"/a": b"x"}) as site, client(site, at_most_per_host=4) as http:
        with ThreadPoolExecutor(12) as threads:
            bodies = list(threads.map(lambda _: http.get(site.url + "/a").body, range(200)))
        assert bodies == [b"x"] * 200
        assert http.stats.requests == site.count("/a") == 200
        assert site.connections <= 4


def test_at_most_so_many_requests_are_under_way_at_once() -> None:
    lock, now, most = threading.Lock(), 0, 0
    pause = threading.Event()

    def slow(request: Request) -> bytes:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        pause.wait(0.02)
        with lock:
            now -= 1
        return b"x"

    with (
        Site({"/a": slow}) as site,
        client(site, at_most_per_host=3) as http,
        ThreadPoolExecutor(12) as threads,
    ):
        list(threads.map(lambda _: http.get(site.url + "/a"), range(24)))
    assert most == 3


def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    with Site({"/a": b"x"}) as site, client(site, limits=Limits(tries=1)) as http:
        assert http.get(site.url + "/a").body == b"x"
        port = site.port
        site.stop()
        site.start(port)
        assert http.get(site.url + "/a").body == b"x"


def test_a_download_comes_in_pieces_and_tells_how_far_it_is() -> None:
    told: list[tuple[int, int | None]] = []
    body = TEXT.encode() * 20
    with Site({"/a.tgz": body}) as site, client(site) as http:
        with http.stream(
            site.url + "/a.tgz", progress=lambda done, of: told.append((done, of))
        ) as download:
            assert (download.status, download.length) == (200, len(body))
            assert b"".join(download) == body
            assert download.received == len(body)
        assert told[-1] == (len(body), len(body))
        assert site.log[0].headers["accept-encoding"] == "identity"
        assert http.get(site.url + "/a.tgz").body == body
        assert site.connections == 1


def test_a_download_that_is_left_early_costs_its_connection_only() -> None:
    with Site({"/a": TEXT * 100, "/b": b"x"}) as site, client(site, at_most_per_host=1) as http:
        with http.stream(site.url + "/a") as download:
            assert next(iter(download))
        assert http.get(site.url + "/b").body == b"x"
        assert site.connections == 2


def test_a_download_goes_on_where_it_was_left() -> None:
    body = TEXT.encode() * 20
    with (
        Site({"/a.tgz": body}) as site,
        client(site) as http,
        http.stream(site.url + "/a.tgz") as download,
    ):
        beginning = next(iter(download))
        assert beginning + b"".join(download) == body
        assert list(download) == []


def test_closing_ends_a_request_in_another_thread_quietly() -> None:
    with Site({"/a": b"x"}) as site, client(site, at_most_per_host=1) as http:
        site.spoil("/a", faults.stall(0.3))
        with ThreadPoolExecutor(2) as threads:
            asking = [threads.submit(http.get, site.url + "/a") for _ in range(2)]
            while not site.count():
                time.sleep(0.005)
            http.close()
            outcomes = [one.exception() for one in asking]
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Cancelled", "NoneType"]


def test_a_download_asks_for_the_rest_with_a_range() -> None:
    def ranged(request: Request) -> Answer:
        assert request.headers["range"] == "bytes=3-"
        return Answer(206, b"def", {"Content-Range": "bytes 3-5/6"})

    with (
        Site({"/a": ranged}) as site,
        client(site) as http,
        http.stream(site.url + "/a", headers={"Range": "bytes=3-"}) as download,
    ):
        assert download.status == 206
        assert b"".join(download) == b"def"


def test_a_download_that_is_not_needed_is_empty() -> None:
    with Site({"/a": TEXT}) as site, client(site) as http:
        etag = http.get(site.url + "/a").etag
        with http.stream(site.url + "/a", etag=etag) as download:
            assert download.not_modified
            assert list(download) == []


def test_nothing_is_asked_when_offline_cancelled_or_closed() -> None:
    token = CancelToken()
    with Site({"/a": b"x"}) as site:
        with client(site, offline=True) as http, pytest.raises(Offline):
            http.get(site.url + "/a")
        http = client(site, cancel=token)
        token.cancel()
        with pytest.raises(Cancelled):
            http.get(site.url + "/a")
        http.close()
        with pytest.raises(RuntimeError):
            http.get(site.url + "/a")
        assert site.connections == 0


def test_cookies_are_neither_kept_nor_sent() -> None:
    with (
        Site({"/a": Answer(200, b"x", {"Set-Cookie": "session=1"})}) as site,
        client(site) as http,
    ):
        assert "set-cookie" not in http.get(site.url + "/a").headers
        http.get(site.url + "/a")
        assert "cookie" not in site.log[1].headers
        with pytest.raises(ValueError, match="cookie"):
            http.get(site.url + "/a", headers={"Cookie": "session=1"})


def test_a_netrc_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ann password hunter2\n")
    monkeypatch.setenv("NETRC", str(file))
    with Site({"/a": b"x"}) as site, client(site) as http:
        http.get(site.url + "/a")
        assert "authorization" not in site.log[0].headers


def test_headers_cannot_be_smuggled_in() -> None:
    with Site() as site, client(site) as http:
        for headers in ({"X-A": "b\r\nC: d"}, {"X A": "b"}, {"Host": "evil"}, {"X-A": "日本"}):
            with pytest.raises(ValueError, match="cannot be sent"):
                http.get(site.url + "/", headers=headers)
        with pytest.raises(BadConfig):
            http.get("file:///etc/passwd")
        assert site.connections == 0


def test_headers_are_found_whatever_their_case() -> None:
    headers = Headers({"Content-Type": "text/plain"})
    assert headers["CONTENT-TYPE"] == headers.get("content-type") == "text/plain"
    assert headers.get("etag") is None
    assert len(headers) == 1


def test_sizes_are_bounded_before_and_while_reading() -> None:
    with Site({"/a": b"x" * 1000}, packs=False) as site, client(site) as http:
        assert len(http.get(site.url + "/a", max_bytes=1000).body) == 1000
        for spoiled in ((), (faults.only_chunked(100),), (faults.wrong_length(""),)):
            site.spoil("/a", *spoiled)
            with pytest.raises(BadAnswer) as refused:
                http.get(site.url + "/a", max_bytes=999)
            assert refused.value.code == "too-large"
            with pytest.raises(BadAnswer), http.stream(site.url + "/a", max_bytes=999) as download:
                list(download)


def test_a_connection_of_the_callers_own_is_used() -> None:
    asked: list[tuple[str, int]] = []

    def connect(host: str, port: int) -> socket.socket:
        asked.append((host, port))
        return socket.create_connection(("127.0.0.1", site.port))

    def nowhere(host: str, port: int) -> socket.socket:
        raise ConnectionRefusedError(111, "refused")

    origin = frozenset({Origin.of("http://charts.test:8000")})
    with Site({"/a": b"x"}) as site:
        with Http(origins=origin, connect=connect) as http:
            assert http.get("http://charts.test:8000/a").body == b"x"
            assert asked == [("charts.test", 8000)]
            assert site.log[0].headers["host"] == "charts.test:8000"
        with (
            Http(origins=origin, connect=nowhere) as http,
            pytest.raises(Unreachable) as failed,
        ):
            http.get("http://charts.test:8000/a")
    assert failed.value.code == "refused"
