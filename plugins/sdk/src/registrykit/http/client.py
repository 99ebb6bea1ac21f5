"""The HTTP client of every registry type: it reads only, trusts nothing, and always ends."""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

from registrykit.cancel import CancelToken
from registrykit.errors import Cancelled, Offline, RegistryError, Throttled
from registrykit.http import explain
from registrykit.http.answer import Limits, Response, Stats
from registrykit.http.body import read_aside, read_body
from registrykit.http.dial import Dialer
from registrykit.http.exchange import Broken, Exchange, Overdue
from registrykit.http.fields import (
    authorization,
    etag_of,
    last_modified_of,
    redirect_target,
    request_fields,
    retry_after_of,
)
from registrykit.http.opened import Download, Opened
from registrykit.http.pool import Lane
from registrykit.http.reach import Reach
from registrykit.proxies import Proxy
from registrykit.urls import Credentials, Origin, Tls, Url, parse

log = logging.getLogger("registrykit.http")

T = TypeVar("T")

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_BUSY = frozenset((429, 502, 503, 504))
# Sent along with redirects to other places; further fields are for the place asked first.
_NEUTRAL = frozenset(
    ("accept", "accept-encoding", "if-modified-since", "if-none-match", "if-range", "range")
)
_ANSWERED_BY = {206: {"range"}, 304: {"if-none-match", "if-modified-since"}}


class Http:
    """Read from one registry.

    Credentials and the client certificate go to `origins` only. Requests and redirects may also
    lead to `approved` hosts (`host` or `host:port`) and, with `anywhere`, to every public host,
    but bare. Nothing is taken from the environment. Safe to use from several threads; close it.

    Every fault is a `RegistryError`; secrets are masked in its texts.
    """

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
        self._credentials = credentials
        self._authorization = authorization(credentials)
        self._user_agent = request_fields("", "", "", {"user-agent": user_agent})["user-agent"]
        self._at_most = at_most_per_host
        self._lanes: dict[Origin, Lane] = {}
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Http:
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

    def get(
        self,
        url: str,
        *,
        accept: str = "",
        etag: str = "",
        last_modified: str = "",
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        deadline: float | None = None,
        decode: bool = True,
    ) -> Response:
        """Return the whole answer; `etag` and `last_modified` ask for it only if it changed.

        `deadline` is in seconds for everything, with redirects and repetitions. With `decode` the
        server may pack the body. `headers` are for the origin of `url`, whatever it redirects to.
        """
        limit = self.limits.max_bytes if max_bytes is None else max_bytes
        fields = request_fields(accept, etag, last_modified, headers)
        fields["accept-encoding"] = "gzip" if decode else "identity"

        def read(opened: Opened, exchange: Exchange) -> Response:
            answer = opened.answer
            body = read_body(answer, exchange.host, limit, decode=decode)
            opened.finish()
            unchanged = answer.status == 304
            return Response(
                answer.status,
                answer.headers,
                str(opened.url),
                body,
                etag_of(answer.headers) or (etag if unchanged else ""),
                last_modified_of(answer.headers) or (last_modified if unchanged else ""),
                unchanged,
            )

        return self._call(url, fields, deadline or self.limits.deadline, read)

    @contextmanager
    def stream(
        self,
        url: str,
        *,
        accept: str = "",
        etag: str = "",
        last_modified: str = "",
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        deadline: float | None = None,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Iterator[Download]:
        """Give the answer as a `Download`, to be read piece by piece inside the block.

        `progress` is told the bytes so far, and the length where it is known. What breaks off in
        the middle is not repeated: ask again with a `Range` header, or from the start.
        """
        limit = self.limits.max_download if max_bytes is None else max_bytes
        fields = request_fields(accept, etag, last_modified, headers)
        fields["accept-encoding"] = "identity"

        def hand_over(opened: Opened, exchange: Exchange) -> tuple[Opened, Download]:
            return opened, Download(opened, exchange, limit, progress, self.explained)

        deadline = deadline or self.limits.download_deadline
        opened, download = self._call(url, fields, deadline, hand_over)
        try:
            yield download
        finally:
            opened.finish()

    def exchange(self, url: str, deadline: float | None = None) -> Exchange:
        """Return the clock and token of a new call; raise `Offline` or `Cancelled` right here."""
        if self._closed:
            raise RuntimeError("this Http is closed")
        if self.offline:
            raise Offline("The network is switched off.")
        self.cancel.check()
        host = parse(url).origin.authority
        return Exchange(host, self.limits, self.cancel, deadline or self.limits.deadline)

    def _call(
        self,
        url: str,
        fields: dict[str, str],
        deadline: float,
        consume: Callable[[Opened, Exchange], T],
    ) -> T:
        """Ask for `url`, follow redirects, and give the final answer to `consume`."""
        exchange = self.exchange(url, deadline)
        place = first = parse(url)
        sent = fields
        try:
            for _ in range(self.limits.redirects + 1):
                outcome = self._attempts(place, sent, exchange, consume)
                if not isinstance(outcome, Url):
                    return outcome
                place = outcome
                if place.origin != first.origin:
                    sent = {name: sent[name] for name in sent if name in _NEUTRAL}
            raise explain.bad_redirect(
                first.origin.authority,
                f"There were more than {self.limits.redirects} redirects, one after another.",
                "too-many-redirects",
            )
        except (Broken, Overdue, RegistryError) as error:
            # Raised anew outside of the block: what it came from may hold secrets.
            fault = self._mask(fields).error(self.explained(error, exchange))
        raise fault

    def _attempts(
        self,
        url: Url,
        fields: dict[str, str],
        exchange: Exchange,
        consume: Callable[[Opened, Exchange], T],
    ) -> T | Url:
        """Ask one place, again if the connection broke or the server is busy for a moment."""
        own = self.reach.permit(url.origin)
        lane = self._lane(url.origin)
        sent = self._sent(url, fields, own=own)
        target = str(url) if lane.proxied else url.target
        lines = [f"{name.title()}: {value}" for name, value in sent.items()]
        head = "\r\n".join((f"GET {target} HTTP/1.1", *lines, "", "")).encode("latin-1")
        exchange.host = url.origin.authority
        failures = stale = 0
        while True:
            lane.enter(exchange)
            wait: float | None = None
            try:
                outcome = self._attempt(url, lane, head, sent, exchange, consume, own=own)
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
        exchange: Exchange,
        consume: Callable[[Opened, Exchange], T],
        *,
        own: bool,
    ) -> T | Url | _Busy:
        """Send one request; return what came of it: the result, a redirect, or "later"."""
        try:
            connection, answer = lane.send(head, exchange)
        except BaseException:
            lane.leave()
            raise
        opened = Opened(url, answer, connection, lane)
        try:
            lane.worked()
            log.debug("%s answered %d", url.shown, answer.status)
            if answer.status in (200, 203) or sent.keys() & _ANSWERED_BY.get(answer.status, set()):
                return consume(opened, exchange)
            body = read_aside(answer, exchange)
            opened.finish()
        except BaseException:
            opened.finish()
            raise
        if answer.status in _REDIRECTS:
            return redirect_target(answer.headers, url)
        if answer.status == 407 and (proxy := self.dialer.proxy.server_for(url.origin)):
            raise explain.proxy_answered(proxy.origin.authority, 407)
        error = explain.status_error(
            answer.status,
            host=exchange.host,
            shown=url.shown,
            said=explain.said_by(body, answer.headers.get("content-type", ""), self._mask(sent)),
            had_credentials="authorization" in sent,
            own=own,
            retry_after=retry_after_of(answer.headers, self.limits.longest_retry_after),
        )
        if answer.status in _BUSY:
            return _Busy(error)
        raise error

    def _sent(self, url: Url, fields: dict[str, str], *, own: bool) -> dict[str, str]:
        """Return the fields for one place, with credentials only where they belong."""
        sent = {"host": url.origin.authority, "user-agent": self._user_agent, **fields}
        if not own:
            sent.pop("authorization", None)
        elif self._authorization:
            sent.setdefault("authorization", self._authorization)
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
            return self._mask({}).error(error)
        if isinstance(error, Overdue):
            return explain.overdue(error, exchange.host)
        if isinstance(error, OSError):
            error = Broken("request", reset=True)
        if isinstance(error, Broken):
            return explain.broken(error, exchange.host)
        raise error

    def _mask(self, fields: Mapping[str, str]) -> explain.Mask:
        """Return what hides our secrets, and those that a caller put into a field."""
        values = [fields.get("authorization", "")]
        values += [server.authorization for server in self.dialer.proxy.servers]
        more = [value.rpartition(" ")[2] for value in values]
        return explain.Mask(self._credentials, more)


class _Busy:
    """The server asks to come again; `error` is for when that takes too long."""

    def __init__(self, error: RegistryError) -> None:
        self.error = error
