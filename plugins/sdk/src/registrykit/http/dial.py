"""Make connections, one step at a time: name, address, proxy, TLS. Each step names its fault."""

from __future__ import annotations

import errno
import queue
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from registrykit.cancel import CancelToken
from registrykit.errors import NotAllowed, RegistryError, Unreachable
from registrykit.http import explain
from registrykit.http.answer import Limits
from registrykit.http.exchange import Broken, Exchange, Overdue
from registrykit.http.reach import Reach
from registrykit.http.tls import client_context, tls_failed
from registrykit.http.wire import Answer
from registrykit.proxies import Proxy, ProxyServer
from registrykit.urls import Origin, Tls, address_of

Connect = Callable[[str, int], socket.socket]

_TICK = 0.1  # how soon a wait without a socket notices that the run was cancelled
_NEXT_ADDRESS = 0.25  # RFC 8305, section 5
_NAMES_HOLD = 60.0


class Place(NamedTuple):
    """One address of a host, as the socket module wants it."""

    family: int
    address: tuple[Any, ...]  # host and port come first


class Line(NamedTuple):
    """A connection; `handle` is a plain socket on it, for shutting it down from elsewhere."""

    sock: socket.socket
    handle: socket.socket


class Dialer:
    """Open connections for one registry. Safe to use from several threads."""

    def __init__(
        self,
        *,
        reach: Reach,
        tls: Tls,
        proxy: Proxy,
        cancel: CancelToken,
        limits: Limits,
        connect: Connect | None,
    ) -> None:
        self.reach = reach
        self.tls = tls
        self.proxy = proxy
        self.connect = connect
        self.limits = limits
        self.cancel = cancel
        self._lock = threading.Lock()
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._places: dict[tuple[str, int], tuple[float, list[Place]]] = {}

    def open(self, origin: Origin, exchange: Exchange) -> Line:
        """Return a connection that is ready for a request to `origin`."""
        proxy = self.proxy.server_for(origin)
        sock = self.reach_host(origin, proxy, exchange)
        if origin.scheme == "http":
            self.cancel.register(sock)
            return Line(sock, sock)
        # Wrapping takes the socket away, so another one on the same connection is kept.
        try:
            handle = sock.dup()
        except OSError:
            sock.close()
            raise
        self.cancel.register(handle)
        try:
            if proxy is not None:
                self.tunnel(sock, origin, proxy, exchange)
            return Line(self.secure(sock, origin, exchange), handle)
        except BaseException:
            sock.close()
            self.release(handle)
            raise

    def release(self, handle: socket.socket) -> None:
        self.cancel.forget(handle)
        handle.close()

    def reach_host(
        self, origin: Origin, proxy: ProxyServer | None, exchange: Exchange
    ) -> socket.socket:
        """Return a TCP connection to the host of `origin`, or to the proxy on the way there."""
        target = origin if proxy is None else proxy.origin
        host, port = target.host, target.port
        if self.connect is not None:
            try:
                sock = self.connect(host, port)
            except OSError as error:
                raise _unreachable(error, target, proxy) from None
        else:
            sock = self.reach_place(self.find(origin, proxy, exchange), target, proxy, exchange)
        sock.settimeout(exchange.limits.connect)
        return sock

    def find(self, origin: Origin, proxy: ProxyServer | None, exchange: Exchange) -> list[Place]:
        """Return the addresses to try, in the system's order; look names up in another thread."""
        target = origin if proxy is None else proxy.origin
        with self._lock:
            until, places = self._places.get((target.host, target.port), (0.0, []))
        if time.monotonic() >= until:
            places = _look_up(target, proxy, exchange)
            if address_of(target.host) is None:
                with self._lock:
                    held = time.monotonic() + _NAMES_HOLD
                    self._places[target.host, target.port] = (held, places)
        if proxy is None:
            found = (address_of(str(place.address[0]).partition("%")[0]) for place in places)
            self.reach.vet(origin, [address for address in found if address is not None])
        return places

    def reach_place(
        self, places: list[Place], target: Origin, proxy: ProxyServer | None, exchange: Exchange
    ) -> socket.socket:
        """Connect to the first address that answers; the next one is tried after 250 ms."""
        waiting = _by_turns(places)
        ends = time.monotonic() + exchange.time_for(exchange.limits.connect)
        failure: OSError | None = None
        pending: set[socket.socket] = set()
        with selectors.DefaultSelector() as selector:
            try:
                next_at = 0.0
                while waiting or pending:
                    now = time.monotonic()
                    if now >= ends:
                        raise exchange.overdue("connect", exchange.limits.connect)
                    if waiting and (now >= next_at or not pending):
                        next_at = now + _NEXT_ADDRESS
                        sock, error = _start(waiting.pop(0))
                        if sock is None:
                            failure = error
                            continue
                        pending.add(sock)
                        selector.register(sock, selectors.EVENT_WRITE)
                    exchange.cancel.check()
                    events = selector.select(max(0.001, min(_TICK, ends - now)))
                    ready = {key.fileobj for key, _ in events}
                    for tried in [sock for sock in pending if sock in ready]:
                        selector.unregister(tried)
                        pending.discard(tried)
                        code = tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                        if code == 0:
                            tried.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                            return tried
                        tried.close()
                        failure = OSError(code, "")
            finally:
                for sock in pending:
                    sock.close()
        raise _unreachable(failure or OSError(), target, proxy)

    def tunnel(
        self, sock: socket.socket, origin: Origin, proxy: ProxyServer, exchange: Exchange
    ) -> None:
        """Ask the proxy to pass everything on to `origin` unopened (CONNECT)."""
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        lines = [f"CONNECT {host}:{origin.port} HTTP/1.1", f"Host: {host}:{origin.port}"]
        if proxy.authorization:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        named = f"Proxy {proxy.origin.authority}"
        asked = Exchange(named, exchange.limits, exchange.cancel, exchange.time_for(86400.0))
        answer = Answer(sock, "CONNECT", asked)
        try:
            sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
            answer.begin()
        except OSError:
            raise _told(explain.broken(Broken("request"), named), "proxy-") from None
        except Broken as error:
            raise _told(explain.broken(error, named), "proxy-") from None
        except Overdue as error:
            raise _told(explain.overdue(error, named), "proxy-") from None
        if not 200 <= answer.status < 300:
            raise explain.proxy_answered(proxy.origin.authority, answer.status)
        if answer.leftover:
            raise explain.malformed(named, "It spoke before the server could.")

    def secure(self, sock: socket.socket, origin: Origin, exchange: Exchange) -> ssl.SSLSocket:
        """Agree on TLS over `sock`, which now belongs to the result; verify who answers."""
        sock.settimeout(exchange.time_for(exchange.limits.connect))
        context = self.context_for(origin)
        try:
            wrapped = context.wrap_socket(sock, server_hostname=origin.host)
        except TimeoutError:
            raise exchange.overdue("tls", exchange.limits.connect) from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise Broken("tls", reset=True) from None
        except ssl.SSLError as error:
            raise tls_failed(error, origin.authority) from None
        except OSError:
            raise Broken("tls", reset=True) from None
        return wrapped

    def context_for(self, origin: Origin) -> ssl.SSLContext:
        own = origin in self.reach.origins
        with self._lock:
            if own not in self._contexts:
                self._contexts[own] = client_context(self.tls, own=own)
            return self._contexts[own]


def _look_up(target: Origin, proxy: ProxyServer | None, exchange: Exchange) -> list[Place]:
    if (address := address_of(target.host)) is not None:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        return [Place(family, (target.host, target.port))]
    results: queue.SimpleQueue[list[Place] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            results.put([Place(family, address) for family, _, _, _, address in found])
        except (OSError, UnicodeError) as error:
            results.put(error)

    # Nothing can interrupt the system's resolver, so it is left behind when time is up.
    threading.Thread(target=ask, name=f"look up {target.host}", daemon=True).start()
    limit = exchange.limits.connect
    ends = time.monotonic() + exchange.time_for(limit)
    while True:
        try:
            result = results.get(timeout=max(0.001, min(_TICK, ends - time.monotonic())))
            break
        except queue.Empty:
            exchange.cancel.check()
            if time.monotonic() >= ends:
                raise _unknown_name(
                    target, proxy, f"Looking it up took longer than {limit:g} s."
                ) from None
    if isinstance(result, list) and result:
        return result
    temporary = isinstance(result, socket.gaierror) and result.errno == socket.EAI_AGAIN
    raise _unknown_name(
        target,
        proxy,
        "No name server answers, or it has no answer now."
        if temporary
        else "No name server knows it.",
    )


def _by_turns(places: list[Place]) -> list[Place]:
    """Order the addresses so that IPv6 and IPv4 take turns, as the system's first one begins."""
    first = [place for place in places if place.family == places[0].family]
    second = [place for place in places if place.family != places[0].family]
    mixed = []
    while first or second:
        if first:
            mixed.append(first.pop(0))
        if second:
            mixed.append(second.pop(0))
    return mixed


def _start(place: Place) -> tuple[socket.socket | None, OSError | None]:
    """Begin to connect; return the socket, or why not even that was possible."""
    sock = None
    try:
        sock = socket.socket(place.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex(place.address)
    except OSError as error:
        if sock is not None:
            sock.close()
        return None, error
    if code in (0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", 0)):
        return sock, None
    sock.close()
    return None, OSError(code, "")


def _unknown_name(target: Origin, proxy: ProxyServer | None, cause: str) -> RegistryError:
    who = "host" if proxy is None else "proxy"
    error = Unreachable(
        f"The name of the {who} {target.host} was not found.",
        cause=cause,
        remedy=f"Check the name of the {who}, and whether you are online.",
        code="dns",
    )
    return error if proxy is None else _told(error, "proxy-")


def _unreachable(error: OSError, target: Origin, proxy: ProxyServer | None) -> RegistryError:
    who = target.authority if proxy is None else f"The proxy {target.authority}"
    fault: RegistryError
    if isinstance(error, socket.gaierror):
        return _unknown_name(target, proxy, "No name server knows it.")
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        fault = Unreachable(
            f"{who} did not answer in time.", cause="No connection came about.", code="timeout"
        )
    elif error.errno in (errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED):
        fault = Unreachable(
            f"{who} refused the connection.",
            cause=f"Nothing listens on port {target.port} there, or a firewall refuses for it.",
            remedy="Check the host and the port, and that the server is running.",
            code="refused",
        )
    elif error.errno in (errno.EACCES, errno.EPERM):
        fault = NotAllowed(
            f"This computer does not allow a connection to {who}.",
            cause="A firewall on it, or its settings, forbid it.",
            remedy="Ask whoever looks after this computer.",
            code="blocked",
        )
    else:
        fault = Unreachable(
            f"There is no way to {who}.",
            cause="The network does not lead there; this computer may be offline.",
            code="no-route",
        )
    return fault if proxy is None else _told(fault, "proxy-")


def _told(error: RegistryError, prefix: str) -> RegistryError:
    """Return `error` with its code marked, as that of the proxy and not of the registry."""
    error.code = prefix + error.code
    return error
