"""How a call is sent: from place to place, again if that helps, secrets only where they belong."""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from registrykit.cancel import CancelToken
from registrykit.errors import Cancelled, Offline, RegistryError, Throttled
from registrykit.http import explain
from registrykit.http.answer import Headers, Limits, Response, Stats
from registrykit.http.body import read_aside
from registrykit.http.call import Call
from registrykit.http.dial import Dialer
from registrykit.http.exchange import Broken, Exchange, Overdue
from registrykit.http.fields import (
    authorization_of,
    password_of,
    redirect_target,
    request_fields,
    retry_after_of,
)
from registrykit.http.opened import Opened
from registrykit.http.pool import Lane
from registrykit.http.reach import Reach, not_approved
from registrykit.proxies import Proxy
from registrykit.urls import Credentials, Origin, Tls, Url, parse

log = logging.getLogger("registrykit.http")

T = TypeVar("T")

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_BUSY = frozenset((429, 502, 503, 504))
_ANSWERED_BY = {206: {"range"}, 304: {"if-none-match", "if-modified-since"}}


class Sender:
    """The lower half of `Http`: its connections, its limits and its sign-in."""

    def __init__(
        self,
        *,
        origins: frozenset[Origin] = frozenset(),
        credentials: Credentials | None = None,
        tls: Tls | None = None,
        proxy: Proxy | str = "none",
        approved: frozenset[str] = frozenset(),
        anywhere: bool = False,
        cancel: CancelToken | None = None,
        offline: bool = False,
        user_agent: str = "registrykit",
        limits: Limits | None = None,
        connect: Callable[[str, int], socket.socket] | None = None,
        at_most_per_host: int = 8,
    ) -> None:
        """`connect` returns a connected socket for (host, port), in place of the system."""
        self.stats = Stats()
        self.offline = offline
        self.limits = limits or Limits()
        self.cancel = cancel or CancelToken()
        self.reach = Reach(origins, frozenset(host.lower() for host in approved), anywhere)
        self.dialer = Dialer(
            reach=self.reach,
            tls=tls or Tls(),
            proxy=Proxy(proxy) if isinstance(proxy, str) else proxy,
            cancel=self.cancel,
            limits=self.limits,
            connect=connect,
        )
        self.credentials = credentials
        self._authorization = authorization_of(credentials)
        self._user_agent = request_fields("", "", "", {"user-agent": user_agent})["user-agent"]
        self._at_most = at_most_per_host
        self._lanes: dict[Origin, Lane] = {}
        self._lock = threading.Lock()
        self._closed = False
        self.kept: dict[object, Any] = {}
        """What readers of a protocol know for as long as this client is open, by keys of theirs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every idle connection; one in use closes when its answer has been read."""
        with self._lock:
            self._closed = True
            lanes = list(self._lanes.values())
            self._lanes.clear()
        for lane in lanes:
            lane.close()

    def exchange(self, url: str, deadline: float | None = None) -> Exchange:
        """Return the clock and token of a new call; raise `Offline` or `Cancelled` right here."""
        return self._begin(parse(url).origin, deadline or self.limits.deadline)

    def _begin(self, origin: Origin, deadline: float) -> Exchange:
        if self._closed:
            raise RuntimeError("this Http is closed")
        if self.offline:
            raise Offline("The network is switched off.")
        self.cancel.check()
        return Exchange(origin.authority, self.limits, self.cancel, deadline)

    def _call(self, call: Call, consume: Callable[[Opened, Exchange], T]) -> T:
        """Ask, follow redirects, and give the final answer to `consume`."""
        place, left = call.url, call
        exchange = self._begin(place.origin, call.deadline)
        try:
            if call.authorization and not self.reach.trusts(place.origin):
                raise not_approved(place.origin)
            for _ in range(self.limits.redirects + 1):
                outcome = self._attempts(place, left, exchange, consume)
                if not isinstance(outcome, Url):
                    return outcome
                place = outcome
                if place.origin != call.url.origin:
                    left = call.away()
            raise explain.bad_redirect(
                call.url.origin.authority,
                f"There were more than {self.limits.redirects} redirects, one after another.",
                "too-many-redirects",
            )
        except (Broken, Overdue, RegistryError) as error:
            # Raised anew outside of the block: what it came from may hold secrets.
            fault = self._mask(call).error(self.explained(error, exchange))
        raise fault

    def _attempts(
        self,
        url: Url,
        call: Call,
        exchange: Exchange,
        consume: Callable[[Opened, Exchange], T],
    ) -> T | Url:
        """Ask one place, again if the connection broke or the server is busy for a moment."""
        own = self.reach.permit(
            url.origin, anywhere=call.elsewhere and url.origin != call.url.origin
        )
        lane = self._lane(url.origin)
        sent = self._sent(url, call, own=own)
        target = str(url) if lane.proxied else url.target
        lines = [f"{name.title()}: {value}" for name, value in sent.items()]
        head = "\r\n".join((f"{call.method} {target} HTTP/1.1", *lines, "", "")).encode("latin-1")
        head += call.content
        exchange.host = url.origin.authority
        failures = stale = 0
        while True:
            lane.enter(exchange)
            wait: float | None = None
            try:
                outcome = self._attempt(url, lane, head, sent, call, exchange, consume, own=own)
                if not isinstance(outcome, _Busy):
                    return outcome
                fault, wait = outcome.error, outcome.error.retry_after
            except Broken as error:
                if error.part == "request" and exchange.reused and stale < self._at_most:
                    stale += 1  # closed while it lay idle, which says nothing
                    self.cancel.check()
                    continue
                fault = explain.broken(error, exchange.host)
                if fault.code == "truncated":
                    raise fault from None
            except (Overdue, OSError, RegistryError) as error:
                fault = self.explained(error, exchange)
                if not (isinstance(error, Overdue) and error.received):
                    lane.failed(fault)
                raise fault from None
            failures += 1
            if wait is None:
                wait = self.limits.backoff * 2 ** (failures - 1) * random.uniform(0.5, 1.5)
            elif isinstance(fault, Throttled):
                lane.rest(wait)
            longest = min(self.limits.longest_wait, exchange.ends - time.monotonic())
            if failures >= self.limits.tries or wait > longest:
                raise fault
            self.cancel.wait(wait)

    def _attempt(
        self,
        url: Url,
        lane: Lane,
        head: bytes,
        sent: dict[str, str],
        call: Call,
        exchange: Exchange,
        consume: Callable[[Opened, Exchange], T],
        *,
        own: bool,
    ) -> T | Url | _Busy:
        """Send one request; return what came of it: the result, a redirect, or "later"."""
        try:
            connection, answer = lane.send(head, call.method, exchange)
        except BaseException:
            lane.leave()
            raise
        opened = Opened(url, answer, connection, lane)
        try:
            lane.worked()
            log.debug("%s answered %d", url.shown, answer.status)
            if (
                answer.status in (200, 203)
                or answer.status in call.expect
                or sent.keys() & _ANSWERED_BY.get(answer.status, set())
            ):
                return consume(opened, exchange)
            body = read_aside(answer, exchange)
            opened.finish()
        except BaseException:
            opened.finish()
            raise
        if answer.status in _REDIRECTS:
            if call.method == "POST":
                raise explain.bad_redirect(
                    exchange.host, "What was sent is for this address alone.", "post-redirected"
                )
            return redirect_target(answer.headers, url)
        if answer.status == 407 and (proxy := self.dialer.proxy.server_for(url.origin)):
            raise explain.proxy_answered(proxy.origin.authority, 407)
        error = self._refusal(
            url, answer.status, answer.headers, body, "authorization" in sent, call, own=own
        )
        if answer.status in _BUSY:
            return _Busy(error)
        raise error

    def _refusal(
        self,
        url: Url,
        status: int,
        headers: Headers,
        body: bytes,
        had_credentials: bool,
        call: Call | None,
        *,
        own: bool,
    ) -> RegistryError:
        return explain.status_error(
            status,
            host=url.origin.authority,
            shown=url.shown,
            said=explain.said_by(body, headers.get("content-type", ""), self._mask(call)),
            had_credentials=had_credentials,
            own=own,
            retry_after=retry_after_of(headers, self.limits.longest_retry_after),
        )

    def refusal(self, response: Response, *, signed_in: bool) -> RegistryError:
        """Return the error that an answer would have been, had its status not been expected."""
        url = parse(response.url)
        own = url.origin in self.reach.origins
        return self._refusal(
            url, response.status, response.headers, response.body, signed_in, None, own=own
        )

    def _sent(self, url: Url, call: Call, *, own: bool) -> dict[str, str]:
        """Return the fields for one place, with credentials only where they belong."""
        sent = {
            "host": url.origin.authority,
            "user-agent": self._user_agent,
            **call.fields_for(self._authorization, own=own),
        }
        if call.method == "POST":
            sent["content-length"] = str(len(call.content))
        if url.origin.scheme == "http":
            proxy = self.dialer.proxy.server_for(url.origin)
            if proxy is not None and proxy.authorization:
                sent["proxy-authorization"] = proxy.authorization
        return sent

    def _lane(self, origin: Origin) -> Lane:
        lane = self._lanes.get(origin)
        if lane is None:
            with self._lock:
                lane = self._lanes.get(origin)
                if lane is None:
                    lane = self._lanes[origin] = Lane(
                        origin, self.dialer, self.stats, self._at_most
                    )
        return lane

    def explained(self, error: Exception, exchange: Exchange) -> RegistryError:
        """Return what a fault means to people; raise `error` itself if it is a mistake of ours."""
        if self.cancel.cancelled:
            return Cancelled("Cancelled.")
        if isinstance(error, RegistryError):
            return self._mask(None).error(error)
        if isinstance(error, Overdue):
            return explain.overdue(error, exchange.host)
        if isinstance(error, OSError):
            error = Broken("request", reset=True)
        if isinstance(error, Broken):
            return explain.broken(error, exchange.host)
        raise error

    def _mask(self, call: Call | None) -> explain.Mask:
        """Return what hides our secrets, and those that a caller sends along."""
        values = [server.authorization for server in self.dialer.proxy.servers]
        more: list[str] = []
        if call is not None:
            values += [call.fields.get("authorization", ""), call.authorization or ""]
            more += call.hidden
        for value in values:
            more += [value.rpartition(" ")[2], password_of(value)]
        return explain.Mask(self.credentials, more)


class _Busy:
    """The server asks to come again; `error` is for when that takes too long."""

    def __init__(self, error: RegistryError) -> None:
        self.error = error
