"""Proxies: said explicitly, reached for http and https, and never taken from the environment."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from registrykit.checks import connection
from registrykit.errors import BadConfig, Unreachable
from registrykit.http import Http, Limits, Origin, Proxy, system_proxies
from registrykit.testing.servers import Site
from registrykit.testing.tls import Authority
from registrykit.urls import Tls


class Forwarder:
    """A proxy that takes every name to one site, and remembers what it was asked."""

    def __init__(self, port: int, sign_in: str = "", refuse: int = 0) -> None:
        self.heads: list[str] = []
        self._port = port
        self._sign_in = sign_in
        self._refuse = refuse
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed meanwhile
            try:
                head = self._read_head(client)
            except ConnectionError:
                client.close()  # a client that was cancelled, or had its answer
                continue
            if not head:
                client.close()
                return
            self.heads.append(head)
            thread = threading.Thread(target=self._one, args=(client, head))
            thread.start()
            self._threads.append(thread)

    def _read_head(self, client: socket.socket) -> str:
        head = b""
        while b"\r\n\r\n" not in head and (piece := client.recv(4096)):
            head += piece
        return head.decode("latin-1")

    def _one(self, client: socket.socket, head: str) -> None:
        with client, suppress(OSError):
            if self._refuse:
                client.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self._refuse)
                return
            if self._sign_in and f"Proxy-Authorization: {self._sign_in}\r\n" not in head:
                client.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                if head.startswith("CONNECT "):
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    method, url, rest = head.split(" ", 2)
                    path = "/" + url.split("/", 3)[3]
                    server.sendall(f"{method} {path} {rest}".encode("latin-1"))
                back = threading.Thread(target=_pump, args=(server, client))
                back.start()
                _pump(client, server)
                back.join()

    def close(self) -> None:
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    for sock in (source, sink):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def forwarder(site: Site, **settings: object) -> Iterator[Forwarder]:
    proxy = Forwarder(site.port, **settings)  # type: ignore[arg-type]
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()


def test_plain_requests_go_to_the_proxy_with_the_whole_url() -> None:
    origin = Origin.of("http://registry.test/")
    with (
        Site({"/a": b"hello"}) as site,
        forwarder(site) as proxy,
        Http(origins=frozenset({origin}), proxy=proxy.url) as http,
    ):
        assert http.get("http://registry.test/a?b=1").body == b"hello"
        assert proxy.heads[0].startswith("GET http://registry.test/a?b=1 HTTP/1.1\r\n")
        assert [check.verdict for check in connection(http, "http://registry.test/a")] == [
            "ok",
            "ok",
            "skipped",
            "skipped",
            "warning",
        ]


def test_encrypted_requests_pass_through_the_proxy_unopened() -> None:
    authority = Authority()
    context = authority.issue("registry.test").server_context()
    origin = Origin.of("https://registry.test/")
    with (
        Site({"/a": b"hello"}, tls=context) as site,
        forwarder(site, sign_in="Basic dTpwOnc=") as proxy,
        Http(
            origins=frozenset({origin}),
            tls=Tls(authority.certificate),
            proxy=proxy.url.replace("//", "//u:p%3Aw@"),
        ) as http,
    ):
        assert http.get("https://registry.test/a").body == b"hello"
        assert proxy.heads[0].startswith("CONNECT registry.test:443 HTTP/1.1\r\n")
        assert not any("/a" in head for head in proxy.heads)
        assert "proxy-authorization" not in site.log[0].headers
        verdicts = {c.stage: c.verdict for c in connection(http, "https://registry.test/a")}
        assert verdicts == {
            "name": "ok",
            "proxy": "ok",
            "dns": "skipped",
            "tcp": "ok",
            "tls": "ok",
        }


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_sign_in_says_so(scheme: str) -> None:
    origin = Origin.of(f"{scheme}://registry.test/")
    with (
        Site() as site,
        forwarder(site, sign_in="Basic eDp5") as proxy,
        Http(origins=frozenset({origin}), proxy=proxy.url) as http,
        pytest.raises(Unreachable) as failed,
    ):
        http.get(f"{scheme}://registry.test/a")
    assert failed.value.code == "proxy-sign-in"


def test_a_proxy_that_refuses_and_one_that_is_not_there_differ() -> None:
    origin = Origin.of("https://registry.test/")
    with Site() as site, forwarder(site, refuse=403) as proxy:
        with (
            Http(origins=frozenset({origin}), proxy=proxy.url) as http,
            pytest.raises(Unreachable) as refused,
        ):
            http.get("https://registry.test/a")
        gone = proxy.url
    with (
        Http(origins=frozenset({origin}), proxy=gone, limits=Limits(tries=1)) as http,
        pytest.raises(Unreachable) as missing,
    ):
        http.get("https://registry.test/a")
    assert refused.value.code == "proxy-refused"
    assert missing.value.code == "proxy-refused"
    assert "403" in refused.value.cause
    assert "refused the connection" in str(missing.value)


def test_the_environment_is_read_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with Site({"/a": b"direct"}) as site, Http(origins=frozenset({site.origin})) as http:
        assert http.get(site.url + "/a").body == b"direct"


def test_the_systems_proxies_are_read_as_other_programs_read_them() -> None:
    proxy = system_proxies(
        {
            "HTTP_PROXY": "http://upper:1",
            "http_proxy": "http://lower:1",
            "ALL_PROXY": "all:2",
            "NO_PROXY": "example.com, .internal,10.0.0.0/8,special.org:8080",
        }
    )
    chosen = {
        url: str(server.origin) if (server := proxy.server_for(Origin.of(url))) else "direct"
        for url in (
            "http://a.org",
            "https://a.org",
            "https://example.com",
            "https://sub.example.com",
            "https://notexample.com",
            "https://x.internal",
            "http://10.1.2.3",
            "http://11.1.2.3",
            "http://special.org:8080",
            "http://special.org",
            "http://localhost:5000",
            "http://127.0.0.1:5000",
        )
    }
    assert chosen == {
        "http://a.org": "http://lower:1",
        "https://a.org": "http://all:2",
        "https://example.com": "direct",
        "https://sub.example.com": "direct",
        "https://notexample.com": "http://all:2",
        "https://x.internal": "direct",
        "http://10.1.2.3": "direct",
        "http://11.1.2.3": "http://lower:1",
        "http://special.org:8080": "direct",
        "http://special.org": "http://lower:1",
        "http://localhost:5000": "direct",
        "http://127.0.0.1:5000": "direct",
    }
    assert system_proxies({}).servers == ()
    assert system_proxies({"REQUEST_METHOD": "GET", "HTTP_PROXY": "evil:1"}).servers == ()


@pytest.mark.parametrize(
    "url", ["socks5://h:1", "https://h:1", "http://", "http://h:1/path", "a b"]
)
def test_what_is_no_http_proxy_is_refused(url: str) -> None:
    with pytest.raises(BadConfig) as refused:
        Proxy(url)
    assert refused.value.code == "bad-proxy"


def test_a_proxys_password_is_not_shown() -> None:
    assert "hunter2" not in repr(Proxy("http://u:hunter2@h:1"))
