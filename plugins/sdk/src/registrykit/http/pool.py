"""Pooled connections to one origin, and what is remembered of its health.

The pool is urllib3's. Its way of sending a request is not used: it costs as much time again as
the request itself, and its reading is too lenient.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ClosedPoolError

from registrykit.errors import Cancelled, RegistryError, Throttled, Unreachable
from registrykit.http import explain
from registrykit.http.answer import Stats
from registrykit.http.dial import Dialer
from registrykit.http.exchange import Exchange
from registrykit.http.wire import Answer
from registrykit.urls import Origin

# At DEBUG urllib3 says more than people need to know of each connection.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

_DOWN = frozenset(
    prefix + code for prefix in ("", "proxy-") for code in ("refused", "dns", "timeout", "no-route")
)
_TICK = 0.1


class Connection(HTTPConnection):
    """A connection in a pool of urllib3: we connect, send and read in our own way."""

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        dialer: Dialer,
        origin: Origin,
        **settings: Any,
    ) -> None:
        super().__init__(host, port, **settings)
        self._dialer = dialer
        self._origin = origin
        self._handle: socket.socket | None = None
        self._served = 0

    def ask(self, head: bytes, method: str, exchange: Exchange, stats: Stats) -> Answer:
        """Send a request, connecting first if need be, and read the head of its answer."""
        exchange.reused = self._served > 0
        if self.sock is None:
            exchange.reused, self._served = False, 0
            self.sock, self._handle = self._dialer.open(self._origin, exchange)
        self._served += 1
        sock = self.sock
        stats.add(requests=1)
        timeout = exchange.time_for(exchange.limits.idle)
        try:
            if sock.gettimeout() != timeout:
                sock.settimeout(timeout)
            sock.sendall(head)
        except TimeoutError:
            raise exchange.overdue("idle", timeout) from None
        except OSError:
            pass  # it may still say why it hung up, such as for want of a client certificate
        answer = Answer(sock, method, exchange)
        answer.begin()
        return answer

    def close(self) -> None:
        handle, self._handle = self._handle, None
        try:
            super().close()
        finally:
            if handle is not None:
                self._dialer.release(handle)


class Pool(HTTPConnectionPool):
    ConnectionCls = Connection


class Lane:
    """The way to one origin: its pool, its places, its failures and its wish for rest."""

    def __init__(self, origin: Origin, dialer: Dialer, stats: Stats, at_most: int) -> None:
        limits = dialer.limits
        self.origin = origin
        self.proxied = origin.scheme == "http" and dialer.proxy.server_for(origin) is not None
        self._limits = limits
        self._stats = stats
        self._free = threading.Semaphore(at_most)
        self._lock = threading.Lock()
        self._failures = 0
        self._failure: RegistryError | None = None
        self._rests_until = 0.0
        self._pool = Pool(origin.host, origin.port, maxsize=at_most, dialer=dialer, origin=origin)

    def close(self) -> None:
        self._pool.close()

    def enter(self, exchange: Exchange) -> None:
        """Wait for a free place; raise at once if the origin is down or asked for a long rest."""
        if not self._free.acquire(blocking=False):
            while not self._free.acquire(timeout=exchange.time_for(_TICK, "busy")):
                exchange.cancel.check()
        try:
            if self._failures >= self._limits.failures:
                raise self._given_up()
            self._rest(exchange)
        except BaseException:
            self._free.release()
            raise

    def leave(self) -> None:
        self._free.release()

    def send(self, head: bytes, method: str, exchange: Exchange) -> tuple[Connection, Answer]:
        """Send a request and read the head of its answer; `give_back` the connection later."""
        try:
            connection = self._pool._get_conn()
        except ClosedPoolError:
            raise Cancelled("Cancelled.", cause="The connections were closed.") from None
        assert isinstance(connection, Connection)
        try:
            return connection, connection.ask(head, method, exchange, self._stats)
        except BaseException:
            connection.close()
            self._pool._put_conn(connection)
            raise

    def give_back(self, connection: Connection, answer: Answer) -> None:
        """Keep the connection if it can serve again, else close it."""
        if not answer.reusable:
            connection.close()
        self._pool._put_conn(connection)
        self._stats.add(received=answer.received)

    def worked(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0

    def failed(self, error: RegistryError) -> None:
        """Count a failure to connect; other failures show that somebody is there."""
        if error.code in _DOWN:
            with self._lock:
                self._failures += 1
                self._failure = error

    def rest(self, seconds: float) -> None:
        """Let nobody ask this origin for a while."""
        with self._lock:
            self._rests_until = max(self._rests_until, time.monotonic() + seconds)

    def _rest(self, exchange: Exchange) -> None:
        seconds = self._rests_until - time.monotonic()
        if seconds <= 0:
            return
        if seconds > self._limits.longest_wait or seconds > exchange.ends - time.monotonic():
            raise Throttled(
                f"{self.origin.authority} asks to slow down.",
                cause=f"It asked not to be asked for {explain.duration(seconds)} more.",
                retry_after=seconds,
            )
        exchange.cancel.wait(seconds)

    def _given_up(self) -> Unreachable:
        last = self._failure
        assert last is not None
        return Unreachable(
            f"{self.origin.authority} is not asked any more in this run.",
            cause=f"The last {self._limits.failures} attempts failed: {last} {last.cause}".strip(),
            remedy=last.remedy,
            code="given-up",
        )
