"""A proxy on loopback that takes real names to sites, so that the real program may use them.

with NamesProxy({"registry.test:443": site}) as proxy:
    program.run("--proxy", proxy.url, "sync")
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from registrykit.testing.servers import Site


class NamesProxy:
    """Takes `host:port` to a site; a name that is not there is refused with 502.

    `asked` are the names in the order in which they were asked for.
    """

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self.sites = dict(sites)
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End when every client has left."""
        self._closing.set()
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname()).close()
        self._threads[0].join()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: Callable[..., None], *given: socket.socket) -> None:
        thread = threading.Thread(target=target, args=given, name="proxy")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._closing.is_set():
                client.close()
                return
            self._start(self._forward, client)

    def _forward(self, client: socket.socket) -> None:
        first, _, rest = _read_head(client).partition(b"\r\n")
        if not first:
            client.close()
            return
        method, target, version = first.decode("latin-1").split(" ")
        tunnel = method == "CONNECT"
        place, _, path = target.partition("://")[2].partition("/")
        name = target if tunnel else place if ":" in place else f"{place}:80"
        self.asked.append(name)
        site = self.sites.get(name)
        with client, suppress(OSError):
            if site is None:
                client.sendall(b"HTTP/1.1 502 No such name\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", site.port)) as server:
                if tunnel:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    # One request for each connection: the next one may be for another host.
                    asked = f"{method} /{path} {version}\r\nConnection: close\r\n"
                    server.sendall(asked.encode("latin-1") + rest)
                back = threading.Thread(target=_pump, args=(server, client), name="proxy")
                back.start()
                _pump(client, server)
                back.join()


def _read_head(client: socket.socket) -> bytes:
    head = b""
    with suppress(OSError):
        while b"\r\n\r\n" not in head and (piece := client.recv(65536)):
            head += piece
    return head


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    for sock in (source, sink):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
