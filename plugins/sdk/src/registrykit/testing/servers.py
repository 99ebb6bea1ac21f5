"""Web servers on loopback, from the standard library alone: for tests, plugin authors, the demo.

    with Site({"/index.yaml": text}) as site:
        http.get(site.url + "/index.yaml")
        assert site.count("/index.yaml") == 1

They speak HTTP/1.1 with keep-alive, answer conditional requests, pack with gzip, ask for a sign-in
and serve TLS; every request is recorded. `registrykit.testing.faults` makes their answers go wrong.
"""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from registrykit.testing.answers import (
    Answer,
    Content,
    End,
    Fault,
    Logged,
    Pause,
    Request,
    Route,
    Send,
    Step,
    Stored,
    Wire,
    steps_of,
)
from registrykit.urls import Basic, Credentials, Origin

__all__ = [
    "Answer",
    "Content",
    "End",
    "Fault",
    "HelmSite",
    "Logged",
    "Names",
    "Pause",
    "Request",
    "Route",
    "Send",
    "Site",
    "Step",
    "Wire",
]

_LARGEST_HEAD = 256 * 1024
_HANDSHAKE = b"\x16\x03"


class Site:
    """A web site on 127.0.0.1, on a port of its own; use it as a context manager.

    `sign_in` asks for that user name and password, or for that token; it can be changed at any
    time. `tls` is a server's context, or the paths of a certificate and its key (PEM).
    """

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        sign_in: Credentials | None = None,
        tls: ssl.SSLContext | tuple[str | Path, str | Path] | None = None,
        packs: bool = True,
    ) -> None:
        self.sign_in = sign_in
        self.packs = packs
        if isinstance(tls, tuple):
            certificate, key = tls
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate, key)
        self._tls = tls
        self._lock = threading.Lock()
        self._routes: dict[str, Stored] = {}
        self._faults: dict[str, tuple[Fault, ...]] = {}
        self._log: list[Logged] = []
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._threads: set[threading.Thread] = set()
        self._open: set[socket.socket] = set()
        self.connections = 0
        for path, content in (routes or {}).items():
            self.put(path, content)

    # The content

    def put(
        self,
        path: str,
        content: Route,
        *,
        etag: str | None = None,
        modified: datetime | None = None,
    ) -> None:
        """Serve `content` under `path` from now on. An empty `etag` leaves the ETag out."""
        with self._lock:
            self._routes[path] = Stored(content, etag, modified or datetime.now(UTC))

    def remove(self, path: str) -> None:
        with self._lock:
            self._routes.pop(path, None)

    def spoil(self, path: str, *faults: Fault) -> None:
        """Let answers for `path` go wrong in these ways; `*` stands for every path."""
        with self._lock:
            self._faults[path] = faults

    def mend(self, path: str | None = None) -> None:
        """End the faults of `path`, or all."""
        with self._lock:
            if path is None:
                self._faults.clear()
            else:
                self._faults.pop(path, None)

    # What was asked

    @property
    def log(self) -> tuple[Logged, ...]:
        """The requests so far, in the order in which they were answered."""
        with self._lock:
            return tuple(self._log)

    def count(self, path: str | None = None, status: int | None = None) -> int:
        """Count the requests for `path` (as asked for) that were answered with `status`."""
        return sum(path in (None, one.path) and status in (None, one.status) for one in self.log)

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self._log.clear()

    # The server

    @property
    def url(self) -> str:
        """Where the site is, without a slash at the end."""
        return str(self.origin)

    @property
    def origin(self) -> Origin:
        return Origin("https" if self._tls else "http", "127.0.0.1", self.port)

    @property
    def is_started(self) -> bool:
        return self._listener is not None

    @property
    def port(self) -> int:
        if self._listener is None:
            raise RuntimeError("the site is not started")
        return int(self._listener.getsockname()[1])

    def start(self, port: int = 0) -> Self:
        """Begin to serve, on a free port unless one is given."""
        self._stopping.clear()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._spawn(self._accept, self._listener)
        return self

    def stop(self) -> None:
        """End every connection, and come back when every thread has ended."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._stopping.set()
        with suppress(OSError), socket.socket() as waker:
            waker.connect(listener.getsockname())  # ends the wait in accept, on every system
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        while True:
            with self._lock:
                threads = [thread for thread in self._threads if thread.is_alive()]
                self._threads.clear()
            for thread in threads:
                thread.join()
            if not threads:
                break
        listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self, target: Callable[[socket.socket], None], sock: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(sock,), name="site", daemon=True)
        with self._lock:
            self._threads = {one for one in self._threads if one.is_alive() or one.ident is None}
            self._threads.add(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                if self._stopping.is_set():
                    return
                continue
            if self._stopping.is_set():
                sock.close()
                return
            self.connections += 1
            self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        """Answer one client until it leaves, which is never an error here."""
        handle = sock.dup()  # stays valid while TLS takes the socket over
        with self._lock:
            self._open.add(handle)
        try:
            if self._stopping.is_set():
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            rest = b""
            while (asked := _read_request(sock, rest)) is not None:
                request, rest, keep = asked
                if not self._answer(sock, request) or not keep:
                    break
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(handle)
            handle.close()
            sock.close()

    def _answer(self, sock: socket.socket, request: Request) -> bool:
        """Send the answer; say whether the connection can go on."""
        answer = self._find(request)
        with self._lock:
            faults = (*self._faults.get(request.path, ()), *self._faults.get("*", ()))
        for fault in faults:
            answer = fault(answer, request)
        path = f"{request.path}?{request.query}" if request.query else request.path
        with self._lock:
            self._log.append(Logged(request.method, path, request.headers, answer.status))
        steps = steps_of(answer, request)
        for wire in answer.wire:
            steps = wire(steps)
        for step in steps:
            if isinstance(step, Send):
                sock.sendall(step.content)
            elif isinstance(step, Pause):
                if self._stopping.wait(step.seconds):
                    return False
            else:
                if step is End.RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
        return answer.headers.get("Connection", "").lower() != "close" and answer.length is None

    def _find(self, request: Request) -> Answer:
        if refusal := self._refusal(request):
            return refusal
        if request.method not in ("GET", "HEAD"):
            return Answer(405, headers={"Allow": "GET, HEAD"})
        with self._lock:
            stored = self._routes.get(request.path) or self._routes.get(unquote(request.path))
        if stored is None:
            return Answer(404, b"There is nothing here.\n", {"Content-Type": "text/plain"})
        return stored.answer(request, packs=self.packs)

    def _refusal(self, request: Request) -> Answer | None:
        wanted = self.sign_in
        if wanted is None:
            return None
        if isinstance(wanted, Basic):
            pair = f"{wanted.username}:{wanted.password}".encode()
            expected, scheme = "Basic " + base64.b64encode(pair).decode(), "Basic"
        else:
            expected, scheme = f"Bearer {wanted.token}", "Bearer"
        if request.headers.get("authorization") == expected:
            return None
        body = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'
        return Answer(
            401,
            body,
            {"WWW-Authenticate": f'{scheme} realm="site"', "Content-Type": "application/json"},
        )


class HelmSite(Site):
    """A Helm registry: an index, and charts by their file names, below `base`."""

    def __init__(
        self,
        index: bytes | str = b"",
        charts: Mapping[str, bytes] | None = None,
        *,
        base: str = "",
        sign_in: Credentials | None = None,
        tls: ssl.SSLContext | tuple[str | Path, str | Path] | None = None,
        packs: bool = True,
    ) -> None:
        super().__init__(sign_in=sign_in, tls=tls, packs=packs)
        self.base = base.rstrip("/")
        self.publish(index, charts or {})

    @property
    def endpoint(self) -> str:
        return self.url + self.base

    @property
    def index_path(self) -> str:
        return f"{self.base}/index.yaml"

    def publish(self, index: bytes | str, charts: Mapping[str, bytes]) -> None:
        """Replace everything that is served, at one stroke."""
        now = datetime.now(UTC)
        routes = {f"{self.base}/{name}": Stored(chart, None, now) for name, chart in charts.items()}
        routes[self.index_path] = Stored(index, None, now)
        with self._lock:
            self._routes = routes


class Names:
    """Take connections to real names to sites on loopback: `Http(connect=Names(…))`.

    Keys are `host` or `host:port`; a name that is not there does not exist.
    """

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self.sites = dict(sites)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> socket.socket:
        self.asked.append((host, port))
        site = self.sites.get(f"{host}:{port}") or self.sites.get(host)
        if site is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        sock = socket.socket()
        try:
            sock.connect(("127.0.0.1", site.port))
        except BaseException:
            sock.close()
            raise
        return sock


def _read_request(sock: socket.socket, data: bytes) -> tuple[Request, bytes, bool] | None:
    """Return the next request, what follows it, and whether the client will go on; None at end."""
    while (end := data.find(b"\r\n\r\n")) < 0:
        piece = sock.recv(16384)
        if not piece or len(data) > _LARGEST_HEAD:
            return None
        data += piece
        if data.startswith(_HANDSHAKE):
            return None  # a client that tries TLS first would wait for long
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    data = data[end + 4 :]
    try:
        length = int(headers.get("content-length") or 0)
    except ValueError:
        return None
    while len(data) < length and (piece := sock.recv(65536)):
        data += piece
    path, _, query = target.partition("?")
    keep = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return Request(method, path, query, headers, data[:length]), data[length:], keep
