"""The connection check: stages that every registry type shares, and the way to add one's own.

def check(self, ctx):
    endpoint = self.endpoint(ctx.config)
    yield from run(ctx.http, endpoint, [
        ("protocol", lambda: self._looks_right(ctx)),
        ("sign-in", lambda: self._signs_in(ctx)),
    ])
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from registrykit.errors import Cancelled, RegistryError, UntrustedTls
from registrykit.events import LARGEST_CERTIFICATE, Check
from registrykit.urls import address_of, parse

if TYPE_CHECKING:
    from registrykit.certificates import Certificate
    from registrykit.http import Http

STAGES = ("name", "proxy", "dns", "tcp", "tls", "protocol", "sign-in", "listing", "content")
"""Every stage in its order; a type leaves out those of the last four that it does not have."""

T = TypeVar("T")
Outcome = Check | str | None
Step = Callable[[], Outcome]

_SOON = 14  # days


def passed(message: str) -> Check:
    """Return a verdict for a step to return: the stage is in order."""
    return Check("", "ok", message)


def warned(message: str, *, code: str, remedy: str) -> Check:
    """Return a verdict for a step to return: it works, but the user should know this."""
    return Check("", "warning", message, code, remedy)


def not_needed(message: str) -> Check:
    """Return a verdict for a step to return: there is nothing to check here."""
    return Check("", "skipped", message)


def stage(name: str, step: Step) -> Check:
    """Run one step and time it; a `RegistryError` becomes a failed check.

    The step returns what the user shall read, or a verdict made by `passed`, `warned` or
    `not_needed`. Only `Cancelled` passes through.
    """
    began = time.monotonic()
    try:
        outcome = step()
    except Cancelled:
        raise
    except RegistryError as error:
        message = f"{error} {error.cause}".strip()
        outcome = Check(name, "failed", message, error.code, error.remedy)
    if not isinstance(outcome, Check):
        outcome = passed(outcome or "")
    return msgspec.structs.replace(outcome, stage=name, seconds=time.monotonic() - began)


def in_turn(steps: Iterable[tuple[str, Step]], *, failed: bool = False) -> Iterator[Check]:
    """Run the steps one after another; after the first that failed the others are skipped."""
    for name, step in steps:
        if failed:
            yield Check(name, "skipped", "Not tried, because an earlier stage failed.")
            continue
        check = stage(name, step)
        failed = check.verdict == "failed"
        yield check


def run(http: Http, url: str, steps: Iterable[tuple[str, Step]]) -> Iterator[Check]:
    """Check the connection to `url`, then run a type's own steps."""
    failed = False
    for check in connection(http, url):
        failed = failed or check.verdict == "failed"
        yield check
    yield from in_turn(steps, failed=failed)


def connection(http: Http, url: str) -> Iterator[Check]:
    """Yield the stages that say whether `url` can be reached: name, proxy, dns, tcp, tls."""
    probe = _Probe(http, url)
    steps: list[tuple[str, Step]] = [
        ("name", probe.name),
        ("proxy", probe.proxy),
        ("dns", probe.dns),
        ("tcp", probe.tcp),
        ("tls", probe.tls),
    ]
    try:
        for check in in_turn(steps):
            # It is only seen in the last stage, whether that went well or not.
            yield msgspec.structs.replace(check, certificate=probe.certificate)
    finally:
        probe.close()


class _Probe:
    """One connection in the making, which is never used for a request."""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url
        self._sock: socket.socket | None = None
        self._handle: socket.socket | None = None
        self.certificate = ""

    def name(self) -> Outcome:
        url = parse(self._url)
        self._origin = url.origin
        self._http.reach.permit(url.origin)
        self._server = self._http.dialer.proxy.server_for(url.origin)
        return f"The URL is {url.shown}."

    def proxy(self) -> Outcome:
        self._exchange = self._http.exchange(self._url)
        if self._server is None:
            return not_needed("No proxy is used.")
        dialer = self._http.dialer
        self._keep(self._try(lambda: dialer.reach_host(self._origin, self._server, self._exchange)))
        return f"The proxy {self._server.origin.authority} answers."

    def dns(self) -> Outcome:
        if self._server is not None:
            return not_needed("The proxy looks the name up.")
        if self._http.dialer.connect is not None:
            return not_needed("The connection is made in another way.")
        places = self._try(lambda: self._http.dialer.find(self._origin, None, self._exchange))
        if address_of(self._origin.host) is not None:
            return not_needed("The URL holds an address.")
        addresses = list(dict.fromkeys(str(place.address[0]) for place in places))
        more = f" and {len(addresses) - 3} more" if len(addresses) > 3 else ""
        return f"{self._origin.host} is {', '.join(addresses[:3])}{more}."

    def tcp(self) -> Outcome:
        dialer = self._http.dialer
        if self._server is None:
            self._keep(self._try(lambda: dialer.reach_host(self._origin, None, self._exchange)))
            return f"Port {self._origin.port} answers."
        if self._origin.scheme == "http":
            return not_needed("The proxy makes the connection.")
        server, sock = self._server, self._sock
        assert sock is not None
        self._try(lambda: dialer.tunnel(sock, self._origin, server, self._exchange))
        return f"The proxy lets connections through to {self._origin.authority}."

    def tls(self) -> Outcome:
        if self._origin.scheme == "http":
            return self._open_connection()
        sock = self._sock
        assert sock is not None
        try:
            secured = self._try(
                lambda: self._http.dialer.secure(sock, self._origin, self._exchange)
            )
        except UntrustedTls as error:
            if found := self._look():
                error.cause = f"{error.cause} {found.described()}"
            raise
        self._sock = secured
        found = self._seen(secured)
        described = found.described() if found else "The certificate cannot be read."
        described = f"{secured.version() or 'TLS'}. {described}"
        if self._http.dialer.context_for(self._origin).verify_mode is ssl.CERT_NONE:
            return warned(
                f"{described} It is not verified.",
                code="not-verified",
                remedy="Add the CA certificate to the registry and switch the verification on.",
            )
        left = found.days_left(datetime.now(UTC)) if found else _SOON
        if left < _SOON:
            return warned(
                f"{described} It runs out in {left} days.",
                code="expires-soon",
                remedy="Ask the registry's owner to renew the certificate.",
            )
        return described

    def _open_connection(self) -> Check:
        address = address_of(self._origin.host)
        if self._origin.host == "localhost" or (address is not None and address.is_loopback):
            return not_needed("The connection does not leave this computer.")
        return warned(
            "The connection is not encrypted: others on the way can read and change everything.",
            code="not-encrypted",
            remedy="Use https:// if the registry offers it.",
        )

    def _look(self) -> Certificate | None:
        """Read the certificate that was not accepted, over a connection of its own."""
        from registrykit.http.tls import looking_context

        dialer, exchange = self._http.dialer, self._exchange
        with suppress(Exception):
            sock = dialer.reach_host(self._origin, self._server, exchange)
            try:
                if self._server is not None:
                    dialer.tunnel(sock, self._origin, self._server, exchange)
                with looking_context().wrap_socket(sock, server_hostname=self._origin.host) as tls:
                    return self._seen(tls)
            finally:
                sock.close()
        return None

    def _seen(self, sock: ssl.SSLSocket) -> Certificate | None:
        """Remember the certificate that the server presented, and read it."""
        from registrykit import certificates

        der = sock.getpeercert(binary_form=True) or b""
        found = certificates.read(der)
        pem = ssl.DER_cert_to_PEM_cert(der) if found else ""
        self.certificate = pem if len(pem) <= LARGEST_CERTIFICATE else ""
        return found

    def _try(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except Exception as error:
            fault = self._http.explained(error, self._exchange)
        raise fault

    def _keep(self, sock: socket.socket) -> None:
        """Remember the socket, and let a cancelled check end at once."""
        self._sock, self._handle = sock, sock.dup()
        self._http.cancel.register(self._handle)

    def close(self) -> None:
        if self._handle is not None:
            self._http.dialer.release(self._handle)
        if self._sock is not None:
            self._sock.close()
