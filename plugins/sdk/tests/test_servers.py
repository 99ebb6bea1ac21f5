"""The loopback servers and their faults, asked by the standard library's own client."""

from __future__ import annotations

import gzip
import http.client
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from registrykit.testing import faults
from registrykit.testing.servers import Answer, Fault, HelmSite, Names, Request, Site
from registrykit.urls import Basic, Bearer


def ask(
    site: Site, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        response = connection.getresponse()
        body = response.read()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, body


def test_routes_are_bytes_text_answers_or_functions() -> None:
    def count(request: Request) -> str:
        return f"{request.method} {request.path} {request.query} {request.headers['x-a']}"

    with Site({"/b": b"bytes", "/t.yaml": "text", "/f": count, "/x": Answer(418, b"t")}) as site:
        assert ask(site, "/b")[2] == b"bytes"
        status, headers, body = ask(site, "/t.yaml")
        assert (status, headers["content-type"], body) == (200, "text/yaml", b"text")
        assert ask(site, "/f?q=1", X_A="y")[2] == b"GET /f q=1 y"
        assert ask(site, "/x")[0] == 418
        assert ask(site, "/none")[0] == 404
        assert ask(site, "/b", "POST")[0] == 405
        status, headers, body = ask(site, "/b", "HEAD")
        assert (status, headers["content-length"], body) == (200, "5", b"")
        site.put("/b", "new")
        assert ask(site, "/b")[2] == b"new"
        site.remove("/b")
        assert ask(site, "/b")[0] == 404


def test_what_was_asked_is_recorded() -> None:
    with Site({"/a": b"x"}) as site:
        ask(site, "/a", Accept="text/yaml")
        ask(site, "/a?b=1")
        ask(site, "/none")
        assert [(one.method, one.path, one.status) for one in site.log] == [
            ("GET", "/a", 200),
            ("GET", "/a?b=1", 200),
            ("GET", "/none", 404),
        ]
        assert site.log[0].headers["accept"] == "text/yaml"
        assert (site.count(), site.count("/a"), site.count(status=404)) == (3, 1, 1)
        site.forget()
        assert site.count() == 0


def test_conditional_requests_are_answered_as_the_standard_says() -> None:
    modified = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    with Site() as site:
        site.put("/a", b"x", modified=modified)
        site.put("/own", b"x", etag='"own"', modified=modified)
        site.put("/bare", b"x", etag="", modified=modified)
        _, headers, _ = ask(site, "/a")
        assert headers["last-modified"] == "Mon, 06 May 2024 07:08:09 GMT"
        tag = headers["etag"]
        assert ask(site, "/a", If_None_Match=tag)[0] == 304
        assert ask(site, "/a", If_None_Match=f'"z", W/{tag}')[0] == 304
        assert ask(site, "/a", If_None_Match='"z"')[0] == 200
        later = "Mon, 06 May 2024 07:08:10 GMT"
        assert ask(site, "/a", If_Modified_Since=later)[0] == 304
        assert ask(site, "/a", If_Modified_Since=later, If_None_Match='"z"')[0] == 200
        assert ask(site, "/a", If_Modified_Since="nonsense")[0] == 200
        assert ask(site, "/own")[1]["etag"] == '"own"'
        assert "etag" not in ask(site, "/bare")[1]
        site.put("/a", b"y", modified=modified + timedelta(seconds=5))
        assert ask(site, "/a", If_None_Match=tag)[0] == 200


def test_bodies_are_packed_for_those_who_ask() -> None:
    text = "text " * 1000
    with Site({"/a": text, "/a.tgz": text, "/small": "x"}) as site:
        _, headers, body = ask(site, "/a", Accept_Encoding="gzip")
        assert headers["content-encoding"] == "gzip"
        assert gzip.decompress(body) == text.encode()
        assert ask(site, "/a", Accept_Encoding="identity")[2] == text.encode()
        assert ask(site, "/a.tgz", Accept_Encoding="gzip")[2] == text.encode()
        assert ask(site, "/small", Accept_Encoding="gzip")[2] == b"x"
        site.packs = False
        assert ask(site, "/a", Accept_Encoding="gzip")[2] == text.encode()


def test_a_sign_in_is_asked_for_and_can_change() -> None:
    with Site({"/a": b"x"}, sign_in=Basic("ann", "pw")) as site:
        status, headers, _ = ask(site, "/a")
        assert (status, headers["www-authenticate"]) == (401, 'Basic realm="site"')
        assert ask(site, "/a", Authorization="Basic YW5uOnB3")[0] == 200
        site.sign_in = Basic("ann", "new")
        assert ask(site, "/a", Authorization="Basic YW5uOnB3")[0] == 401
        site.sign_in = Bearer("t")
        assert ask(site, "/a", Authorization="Bearer t")[0] == 200
        site.sign_in = None
        assert ask(site, "/a")[0] == 200


def test_a_helm_site_changes_at_one_stroke() -> None:
    with HelmSite("index 1", {"a-1.tgz": b"a", "sub/b-1.tgz": b"b"}, base="/charts") as site:
        assert site.endpoint == site.url + "/charts"
        first = ask(site, site.index_path)
        assert first[2] == b"index 1"
        assert ask(site, "/charts/sub/b-1.tgz")[2] == b"b"
        site.publish("index 2", {"a-2.tgz": b"a"})
        assert ask(site, site.index_path, If_None_Match=first[1]["etag"])[2] == b"index 2"
        assert ask(site, "/charts/a-1.tgz")[0] == 404
        assert ask(site, "/charts/a-2.tgz")[2] == b"a"


def test_stopping_is_quick_even_with_open_connections_and_stalled_answers() -> None:
    before = threading.active_count()
    site = Site({"/a": b"x" * 100_000, "/slow": b"x"}).start()
    site.spoil("/slow", faults.stall(60))
    socks = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(10)]
    try:
        for sock in socks[:5]:
            sock.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(10)
        for sock in socks[5:8]:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        while site.count("/slow") < 3:
            time.sleep(0.005)
        began = time.monotonic()
        site.stop()
        assert time.monotonic() - began < 0.5
        assert threading.active_count() == before
        site.stop()
    finally:
        for sock in socks:
            sock.close()


def test_stopping_does_not_wait_for_a_handshake() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with Site(tls=context) as site, socket.create_connection(("127.0.0.1", site.port)):
        while not site.connections:
            time.sleep(0.005)
        began = time.monotonic()
        site.stop()
        assert time.monotonic() - began < 0.5


def test_clients_that_leave_early_or_talk_nonsense_do_no_harm(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Site({"/a": b"x" * 10_000_000, "/b": b"x"}) as site:
        for request in (b"", b"nonsense\r\n\r\n", b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", site.port)) as sock:
                sock.sendall(request)
                sock.recv(10) if request.startswith(b"GET") else None
        with socket.create_connection(("127.0.0.1", site.port)) as sock:
            sock.sendall(b"GET /b HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")
            assert sock.recv(10) == b""
        assert ask(site, "/b")[2] == b"x"
    assert capfd.readouterr() == ("", "")


def test_a_site_can_be_started_again_on_its_port() -> None:
    site = Site({"/a": b"x"})
    with pytest.raises(RuntimeError):
        _ = site.port
    with site:
        port = site.port
        ask(site, "/a")
    site.start(port)
    try:
        assert ask(site, "/a")[2] == b"x"
    finally:
        site.stop()


def test_names_lead_to_sites_and_others_do_not_exist() -> None:
    with Site({"/a": b"x"}) as one, Site() as two:
        names = Names({"one.test": one, "two.test:8443": two})
        names("one.test", 80).close()
        names("two.test", 8443).close()
        with pytest.raises(socket.gaierror):
            names("two.test", 443)
        assert names.asked == [("one.test", 80), ("two.test", 8443), ("two.test", 443)]


# Faults, as a client sees them that knows nothing of them


def spoiled(fault: Fault, body: bytes = b"0123456789" * 100) -> bytes:
    """Return every byte that comes for one request."""
    with Site({"/a": body}, packs=False) as site:
        site.spoil("/a", fault)
        with socket.create_connection(("127.0.0.1", site.port), timeout=5) as sock:
            sock.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = b""
            while piece := sock.recv(65536):
                received += piece
    return received


def test_faults_do_what_they_say() -> None:
    head, _, body = spoiled(faults.cut(15)).partition(b"\r\n\r\n")
    assert b"Content-Length: 1000" in head
    assert body == b"012345678901234"
    assert b"Content-Length: -5\r\n" in spoiled(faults.wrong_length(-5))
    assert b"Content-Length" not in spoiled(faults.wrong_length(""))
    assert b"<title>Log in</title>" in spoiled(faults.html("Log in"))
    assert spoiled(faults.status(429, b"no", retry_after="7")).startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: 7\r\n" in spoiled(faults.status(429, retry_after="7"))
    assert b"Location: /a\r\n" in spoiled(faults.redirect_loop())
    assert b"Location: http://h/a\r\n" in spoiled(faults.downgrade("h"))
    chunks = spoiled(faults.only_chunked(400)).partition(b"\r\n\r\n")[2]
    assert chunks.startswith(b"190\r\n0123")
    assert chunks.endswith(b"\r\n0\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        spoiled(faults.reset(50))


def test_a_cut_gzip_body_is_framed_rightly() -> None:
    with Site({"/a": "text " * 1000}) as site:
        site.spoil("/a", faults.cut_gzip(0.5))
        status, headers, body = ask(site, "/a", Accept_Encoding="gzip")
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    with pytest.raises(EOFError):
        gzip.decompress(body)


def test_a_bomb_is_small_on_the_wire() -> None:
    with Site({"/a": b"x"}) as site:
        site.spoil("/a", faults.gzip_bomb(20_000_000))
        body = ask(site, "/a")[2]
    assert len(body) < 100_000
    assert len(gzip.decompress(body)) == 20_000_000


def test_faults_can_be_combined_limited_and_ended() -> None:
    with Site({"/a": b"x" * 100, "/b": b"x"}) as site:
        site.spoil("/a", faults.first(1, faults.status(500, b"0123456789"), faults.cut(4)))
        with pytest.raises(http.client.IncompleteRead) as cut:
            ask(site, "/a")
        assert cut.value.partial == b"0123"
        assert ask(site, "/a")[0] == 200
        site.spoil("*", faults.status(500))
        assert ask(site, "/b")[0] == 500
        site.mend("*")
        site.mend("/a")
        assert ask(site, "/b")[0] == 200


def test_a_fault_plan_depends_on_its_seed_alone() -> None:
    def outcomes(seed: int, threads: int) -> list[list[int]]:
        paths = [f"/{n}" for n in range(10)]
        plan = faults.FaultPlan(seed, 0.5, [faults.status(500), faults.status(404)])
        with Site(dict.fromkeys(paths, b"x")) as site, ThreadPoolExecutor(threads) as pool:
            site.spoil("*", plan)
            return list(pool.map(lambda path: [ask(site, path)[0] for _ in range(5)], paths))

    alone = outcomes(1, 1)
    assert outcomes(1, 5) == alone
    assert outcomes(2, 1) != alone
    flat = [status for statuses in alone for status in statuses]
    assert set(flat) == {200, 404, 500}
    assert 10 < flat.count(200) < 40
