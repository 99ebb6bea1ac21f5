"""Put into words what went wrong: one error with message, cause and remedy for each fault.

`host` is how the other side is named to people: `charts.example.com`, or with a port.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable

from registrykit import masking
from registrykit.errors import (
    BadAnswer,
    NotAllowed,
    NotFound,
    RegistryError,
    SignInFailed,
    Throttled,
    Unreachable,
    UntrustedTls,
)
from registrykit.http.exchange import Broken, Overdue
from registrykit.urls import Basic, Bearer, Credentials

PASSING = frozenset(
    (
        "bad-encoding",
        "bad-http",
        "bad-redirect",
        "not-http",
        "redirect-to-http",
        "too-many-redirects",
        "unexpected-status",
    )
)
"""Codes of `BadAnswer` that say nothing of what was asked for: the next answer may be another."""

_LONGEST_QUOTE = 200


def size(number: int) -> str:
    """Return a number of bytes for people: `999 bytes`, `12.1 MB`."""
    if number < 1000:
        return f"{number} bytes"
    amount, unit = number / 1000, "kB"
    for bigger in ("MB", "GB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:.1f} {unit}"


def too_large(host: str, limit: int, length: int | None = None) -> BadAnswer:
    cause = f"At most {size(limit)} are read"
    cause += f", it announces {size(length)}." if length is not None else "."
    return BadAnswer(
        f"The answer of {host} is too large.",
        cause=cause,
        remedy="Check that the URL is that of a registry of this type.",
        code="too-large",
    )


def malformed(host: str, cause: str) -> BadAnswer:
    return BadAnswer(
        f"The answer of {host} breaks the rules of HTTP.",
        cause=cause,
        remedy="Check the URL and the proxy; if they are right, tell the registry's owner.",
        code="bad-http",
    )


def not_http(host: str, data: bytes) -> BadAnswer | UntrustedTls:
    if data[:2] in (b"\x15\x03", b"\x16\x03"):
        return UntrustedTls(
            f"{host} expects an encrypted connection.",
            cause="The URL begins with http://, but this port speaks TLS.",
            remedy="Begin the URL with https://.",
            code="https-on-http",
        )
    return BadAnswer(
        f"{host} does not speak HTTP.",
        cause="Something else answers on this port.",
        remedy="Check the URL and its port.",
        code="not-http",
    )


def bad_encoding(host: str, encoding: str) -> BadAnswer:
    named = clean(encoding, 40)
    return BadAnswer(
        f"The answer of {host} is packed in a way that cannot be read.",
        cause=f"It is encoded as {named}; only gzip was asked for." if named else "It is damaged.",
        remedy="Check the proxy; if there is none, tell the registry's owner.",
        code="bad-encoding",
    )


def bad_redirect(host: str, cause: str, code: str) -> BadAnswer:
    return BadAnswer(
        f"The redirect of {host} cannot be followed.",
        cause=cause,
        remedy="Check the URL; if it is right, tell the registry's owner.",
        code=code,
    )


def truncated(host: str, received: int, expected: int | None) -> Unreachable:
    came = (
        f"{received / 1e6:.1f} of {expected / 1e6:.1f} MB came"
        if expected and expected >= 1_000_000
        else f"{received:,} of {expected:,} bytes came"
        if expected
        else f"{size(received)} came, and the end is missing"
    )
    return Unreachable(
        f"The answer of {host} stopped half-way.",
        cause=f"{came[0].upper()}{came[1:]}.",
        remedy="Try again; if it happens again, check the proxy.",
        code="truncated",
    )


def broken(error: Broken, host: str) -> Unreachable:
    if error.part == "body" and not error.reset:
        return truncated(host, error.received, error.expected)
    where = {
        "tls": "while encryption was being agreed on",
        "request": "before it answered",
        "headers": "in the middle of its answer",
        "body": f"in the middle of its answer, after {size(error.received)}",
    }[error.part]
    return Unreachable(
        f"{host} broke the connection off.",
        cause=f"The connection ended {where}.",
        remedy="Try again; if it happens again, check the proxy and the firewall.",
        code="broken-off",
    )


def overdue(error: Overdue, host: str) -> Unreachable:
    seconds = f"{error.seconds:g} s"
    cause = {
        "connect": f"No connection came about within {seconds}.",
        "tls": f"No encrypted connection came about within {seconds}.",
        "idle": f"Nothing came for {seconds}.",
        "slow": f"The answer came too slowly over the last {seconds}.",
        "busy": f"Other requests to it took more than {seconds}.",
        "deadline": f"The answer was not complete within {seconds}.",
    }[error.what]
    if error.received:
        cause += f" {size(error.received)} had arrived."
    code = "busy" if error.what == "busy" else "timeout"
    return Unreachable(f"{host} did not answer in time.", cause=cause, code=code)


def proxy_answered(proxy: str, status: int) -> Unreachable:
    if status == 407:
        return Unreachable(
            f"The proxy {proxy} wants a sign-in.",
            cause="It did not accept the user name and password, or none are set (407).",
            remedy="Enter the proxy with its user name and password in the settings.",
            code="proxy-sign-in",
        )
    return Unreachable(
        f"The proxy {proxy} did not let the connection through.",
        cause=f"It answered with status {status}.",
        remedy="Check the proxy, or let the registry be reached without it.",
        code="proxy-refused",
    )


def status_error(
    status: int,
    *,
    host: str,
    shown: str,
    said: str,
    had_credentials: bool,
    own: bool,
    retry_after: float | None,
) -> RegistryError:
    """Return the error for a status that is no success; `own` says that it is the registry."""
    cause = f"It answered with status {status}" + (f" and says: {said}" if said else ".")
    if status == 401:
        if had_credentials:
            return SignInFailed(f"{host} did not accept the sign-in.", cause=cause)
        if own:
            return SignInFailed(
                f"{host} wants a sign-in.",
                cause=cause,
                remedy="Enter a user name and password, or a token, for the registry.",
                code="needs-sign-in",
            )
        return SignInFailed(
            f"{host} wants a sign-in.",
            cause="It is not the registry itself, so the registry's password is not sent there.",
            remedy="Ask the registry's owner where its files can be read.",
            code="needs-sign-in",
        )
    if status == 403:
        return NotAllowed(f"{host} does not allow reading {shown}.", cause=cause)
    if status in (404, 410):
        return NotFound(f"There is nothing at {shown}.", cause=cause)
    if status in (429, 503):
        wants = f" It asks to wait {duration(retry_after)}." if retry_after else ""
        busy = "asks to slow down" if status == 429 else "is overloaded or under maintenance"
        return Throttled(f"{host} {busy}.", cause=cause + wants, retry_after=retry_after)
    if status in (502, 504):
        return Unreachable(
            f"{host} cannot reach the registry behind it.",
            cause=cause,
            remedy="Try again later; if it stays, tell the registry's owner.",
            code="bad-gateway",
        )
    if status >= 500:
        return Unreachable(
            f"{host} has a fault of its own.",
            cause=cause,
            remedy="Try again later; if it stays, tell the registry's owner.",
            code="server-error",
        )
    if status in (400, 495, 496) and "ssl certificate" in said.lower():
        return UntrustedTls(
            f"{host} asks for a client certificate.",
            cause=cause,
            remedy="Add a client certificate and its key to the registry.",
            code="client-certificate",
        )
    if status == 400 and "https" in said.lower():
        return UntrustedTls(
            f"{host} expects an encrypted connection.",
            cause=cause,
            remedy="Begin the URL with https://.",
            code="https-on-http",
        )
    return BadAnswer(
        f"{host} gave an answer that was not expected.", cause=cause, code="unexpected-status"
    )


def duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def said_by(body: bytes, content_type: str, mask: Mask) -> str:
    """Return what the body of an error says, short and on one line; empty if nothing is usable."""
    text = body.decode("utf-8", "replace")
    if "json" in content_type or text.lstrip()[:1] == "{":
        try:
            return _quoted(mask(_message_of(json.loads(text))))
        except (ValueError, RecursionError):
            return ""
    if "html" in content_type or text.lstrip()[:1] == "<":
        title = re.search(r"<title>([^<]{1,200})</title>", text[:4096], re.I)
        return _quoted(mask(title[1])) if title else ""
    # Go answers HTTP on a port for TLS in plain text that it does not declare.
    usable = (not content_type or content_type.startswith("text/")) and len(text) <= 1000
    return _quoted(mask(text)) if usable else ""


def _message_of(answer: object) -> str:
    """Find the sentence in the error forms of OCI, Harbor, ChartMuseum and their like."""
    if not isinstance(answer, dict):
        return ""
    errors = answer.get("errors")
    if isinstance(errors, list):
        found = [_message_of(one) for one in errors[:3] if isinstance(one, dict)]
        return "; ".join(text for text in found if text)
    for key in ("message", "error_description", "detail", "error"):
        if isinstance(text := answer.get(key), str) and text:
            return text
    return _message_of(answer.get("error"))


def _quoted(text: str) -> str:
    text = clean(text)
    return f"“{text}”" if text else ""


def clean(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """Return foreign text on one line, without control and direction characters, cut short."""
    text = "".join(
        " " if unicodedata.category(char)[0] in "CZ" else char for char in text[: longest * 4]
    )
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


class Mask(masking.Mask):
    """Hide what a client signs in with, also as it is sent."""

    def __init__(self, credentials: Credentials | None, more: Iterable[str] = ()) -> None:
        secrets = list(more)
        if isinstance(credentials, Basic):
            pair = f"{credentials.username}:{credentials.password}".encode()
            secrets += [credentials.password, base64.b64encode(pair).decode()]
        elif isinstance(credentials, Bearer):
            secrets += [credentials.token]
        super().__init__(secrets)
