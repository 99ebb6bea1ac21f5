"""What arrives broken: cut, packed wrongly, too big, or nonsense."""

from __future__ import annotations

import gzip
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from registrykit.errors import (
    RegistryError,
    Unreachable,
    UntrustedTls,
)
from registrykit.http import Http, Limits
from registrykit.testing import faults
from registrykit.testing.servers import Answer, End, Site

OK = b"HTTP/1.1 200 OK\r\n"
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


def test_a_connection_that_ends_instead_of_serving_again_is_no_failure() -> None:
    with Site({"/a": b"x"}) as site, client(site, limits=Limits(tries=1)) as http:
        assert http.get(site.url + "/a").body == b"x"
        for fault in (faults.reset(), faults.raw()):
            site.spoil("/a", faults.first(1, fault))
            assert http.get(site.url + "/a").body == b"x"
        site.spoil("/a", faults.raw())
        assert failure(http, site.url + "/a").code == "broken-off"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 4\r\n\r\ngood" + OK + b"Content-Length: 4\r\n\r\nevil",
        OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
        OK + b"Connection: close\r\nContent-Length: 4\r\n\r\ngood",
        b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ngood",
    ],
    ids=["more-than-one", "more-after-chunks", "said-to-end", "old"],
)
def test_a_connection_that_is_not_clean_does_not_serve_again(answer: bytes) -> None:
    with Site({"/a": b"good"}) as site, client(site) as http:
        site.spoil("/a", faults.raw(answer, end=None))
        assert [http.get(site.url + "/a").body for _ in range(3)] == [b"good"] * 3
        assert site.connections == 3


def test_no_part_of_an_answer_is_taken_for_the_whole() -> None:
    """The connection ends after every single byte, in good order or broken."""
    body = b"apiVersion: v1\nentries: {}\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/yaml\r\nContent-Length: 27\r\n\r\n" + body
    limits = Limits(tries=1)
    with Site({"/a": b"x"}) as site, client(site, limits=limits) as http:
        for end in (End.CLOSE, End.RESET):
            for at in range(len(answer)):
                site.spoil("/a", faults.raw(answer[:at], end=end))
                error = failure(http, site.url + "/a")
                assert error.code in ("broken-off", "truncated"), (at, end)
        site.spoil("/a", faults.raw(answer))
        assert http.get(site.url + "/a").body == body


def test_a_body_that_is_cut_is_told_with_how_much_came() -> None:
    with Site({"/a": TEXT * 40}, packs=False) as site, client(site) as http:
        site.spoil("/a", faults.cut(500_000))
        error = failure(http, site.url + "/a")
        assert isinstance(error, Unreachable)
        assert error.code == "truncated"
        assert error.cause == "0.5 of 2.0 MB came."
        assert site.count() == 1
        site.spoil("/a", faults.only_chunked(), faults.cut(500_000))
        assert failure(http, site.url + "/a").code == "truncated"
        with pytest.raises(Unreachable) as cut, http.stream(site.url + "/a") as download:
            list(download)
        assert cut.value.code == "truncated"
        site.spoil("/a")
        assert len(http.get(site.url + "/a").body) == len(TEXT) * 40


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9999])
def test_a_packed_body_that_was_cut_in_good_framing_is_noticed(share: float, chunked: bool) -> None:
    with Site({"/a": TEXT}) as site, client(site) as http:
        site.spoil("/a", faults.cut_gzip(share, chunked=chunked))
        error = failure(http, site.url + "/a")
        assert isinstance(error, Unreachable)
        assert error.code == "truncated"


def test_a_bomb_stops_early() -> None:
    dense = Answer(200, gzip.compress(bytes(100_000_000)), {"Content-Encoding": "gzip"})
    with Site({"/a": dense, "/b": b"x"}) as site, client(site) as http:
        site.spoil("/b", faults.gzip_bomb(100_000_000))
        for path in ("/a", "/b"):
            tracemalloc.start()
            error = failure(http, site.url + path, max_bytes=5_000_000)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert error.code == "too-large"
            assert peak < 25_000_000
        site.spoil("/b", faults.endless())
        assert failure(http, site.url + "/b", max_bytes=5_000_000).code == "too-large"


@pytest.mark.parametrize(
    "encoding", ["br", "deflate", "zstd", "gzip, gzip", "gzip,gzip,gzip", "x-nonsense"]
)
def test_packing_that_was_not_asked_for_is_refused(encoding: str) -> None:
    answer = Answer(200, b"x", {"Content-Encoding": encoding})
    with Site({"/a": answer}) as site, client(site) as http:
        error = failure(http, site.url + "/a")
    assert error.code == "bad-encoding"
    assert encoding in error.cause


def test_packed_nonsense_is_refused() -> None:
    answer = Answer(200, b"\x1f\x8bnonsense", {"Content-Encoding": "gzip"})
    with Site({"/a": answer}) as site, client(site) as http:
        assert failure(http, site.url + "/a").code == "bad-encoding"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (OK + b"Content-Length: -5\r\n\r\nhello", "bad-http"),
        (OK + b"Content-Length: 3, 6\r\n\r\nhello", "bad-http"),
        (OK + b"Content-Length: 3\r\nContent-Length: 6\r\n\r\nhello", "bad-http"),
        (OK + b"Content-Length: 1e30\r\n\r\nhello", "bad-http"),
        (OK + b"Content-Length: +5\r\n\r\nhello", "bad-http"),
        (OK + b"Content-Length: 99999999999999999999\r\n\r\nhello", "bad-http"),
        (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad-http"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "bad-http"),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad-http"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n", "bad-http"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n", "bad-http"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", "bad-http"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\nhello", "bad-http"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n", "bad-http"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * 9000, "bad-http"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "truncated"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "truncated"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"T: x\r\n" * 20_000, "bad-http"),
        (OK + b"X-A: b\r\n" * 101 + b"\r\n", "bad-http"),
        (OK + b"X-A: " + b"b" * 100_000 + b"\r\n\r\n", "bad-http"),
        (OK + b"X-A: b\r\n folded\r\n\r\n", "bad-http"),
        (OK + b"X-A: b\x00c\r\n\r\n", "bad-http"),
        (OK + b"X A: b\r\n\r\n", "bad-http"),
        (OK + b"nonsense\r\n\r\n", "bad-http"),
        (OK + b"Location: /a\r\nLocation: /b\r\n\r\n", "bad-http"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000, "bad-http"),
        (b"HTTP/1.1 2xx OK\r\n\r\n", "not-http"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-http"),
        (b"<html></html>", "not-http"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "https-on-http"),
    ],
)
def test_answers_that_break_the_rules_are_refused(answer: bytes, code: str) -> None:
    with Site({"/a": b"x"}) as site, client(site, limits=Limits(tries=1)) as http:
        site.spoil("/a", faults.raw(answer))
        assert failure(http, site.url + "/a").code == code
        site.mend()
        assert http.get(site.url + "/a").body == b"x"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"Content-Length: 5, 5\r\n\r\nhello and more",
        OK + b"content-length:5\r\nX-Empty:\r\n\r\nhello",
        b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\n\nhello",
        OK + b"Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\nT: x\r\n\r\n",
    ],
)
def test_answers_that_are_odd_but_right_are_read(answer: bytes) -> None:
    with Site({"/a": b"x"}) as site, client(site) as http:
        for pieces in ([answer], [answer[at : at + 1] for at in range(len(answer))]):
            site.spoil("/a", faults.raw(*pieces))
            assert http.get(site.url + "/a").body == b"hello"


def test_a_million_tiny_chunks_are_read_without_keeping_them() -> None:
    answer = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"
    with Site({"/a": b"x"}) as site, client(site) as http:
        site.spoil("/a", faults.raw(answer))
        assert http.get(site.url + "/a").body == b"x" * 100_000


@pytest.mark.parametrize("seed", range(3))
def test_under_random_faults_an_answer_is_right_or_an_error(seed: int) -> None:
    bodies = {f"/{n}": f"{n} {TEXT}" for n in range(40)}
    plan = faults.FaultPlan(seed, rate=0.4)
    with Site(bodies) as site, client(site, limits=Limits(backoff=0.005)) as http:
        site.spoil("*", plan)
        right = wrong = 0

        def ask(path: str) -> str:
            try:
                body = http.get(site.url + path, deadline=5).body
            except RegistryError as error:
                return error.code if error.remedy else "no remedy"
            return "right" if body == bodies[path].encode() else body[:15].decode()

        with ThreadPoolExecutor(4) as threads:
            outcomes = list(threads.map(ask, [path for path in bodies for _ in range(3)]))
        right = outcomes.count("right")
        wrong = outcomes.count("<!DOCTYPE html>")  # well-formed, so not this client's to judge
        assert right > 60
        codes = set(outcomes) - {"right", "<!DOCTYPE html>"}
        assert codes <= {"truncated", "server-error", "throttled", "broken-off"}
        assert wrong + right + sum(outcomes.count(code) for code in codes) == 120
        assert sum(plan.applied.values()) > 20
        site.mend()
        assert http.get(site.url + "/1").body == bodies["/1"].encode()


def test_the_encrypted_port_that_is_asked_in_the_open_is_recognized() -> None:
    with Site({"/a": b"x"}) as site, client(site) as http:
        said = b"Client sent an HTTP request to an HTTPS server.\n"
        bare = b"HTTP/1.0 400 Bad Request\r\n\r\n" + said  # as Go's servers say it
        for fault in (faults.status(400, said), faults.raw(bare)):
            site.spoil("/a", fault)
            error = failure(http, site.url + "/a")
            assert isinstance(error, UntrustedTls)
            assert error.code == "https-on-http"
