"""Header fields: what is sent, and what is taken from an answer if it makes sense."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from registrykit.errors import BadAnswer, BadConfig
from registrykit.http import explain
from registrykit.http.answer import Headers
from registrykit.urls import Basic, Credentials, Url, join, parse

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]{0,256}"')
_TOKEN = re.compile(r"[\x21-\x7e]+")
_OURS = frozenset(
    "accept-encoding connection content-length cookie host proxy-authorization te trailer "
    "transfer-encoding upgrade".split()
)


def request_fields(
    accept: str, etag: str, last_modified: str, more: Mapping[str, str] | None
) -> dict[str, str]:
    """Return the fields of a request; raise `ValueError` for those that are not a caller's."""
    fields = {"accept": accept or "*/*"}
    if etag:
        fields["if-none-match"] = etag
    if last_modified:
        fields["if-modified-since"] = last_modified
    for name, value in (more or {}).items():
        fields[name.lower()] = value
    for name, value in fields.items():
        if name in _OURS or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} cannot be sent")
    return fields


def authorization_of(credentials: Credentials | None) -> str:
    """Return the value of the sign-in header; raise `BadConfig` for what cannot be sent."""
    if credentials is None:
        return ""
    if isinstance(credentials, Basic):
        username, password = credentials.username, credentials.password
        if ":" in username or re.search(r"[\x00-\x1f\x7f]", username + password):
            raise BadConfig(
                "The user name or the password contains a character that cannot be sent.",
                cause="A user name has no colon, and neither of them a line break or a tab.",
                remedy="Enter them again, without what was copied along.",
                code="bad-credentials",
            )
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
    if not _TOKEN.fullmatch(credentials.token):
        raise BadConfig(
            "The token contains a character that cannot be sent.",
            cause="A token has letters, digits and signs only, no blanks or line breaks.",
            remedy="Enter the token again, without what was copied along.",
            code="bad-credentials",
        )
    return f"Bearer {credentials.token}"


def password_of(authorization: str) -> str:
    """Return the password in a sign-in header, or nothing if it holds none."""
    scheme, _, packed = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def etag_of(headers: Headers) -> str:
    """Return the ETag, or nothing if it is not one that can be sent back."""
    etag = headers.get("etag", "")
    return etag if _ETAG.fullmatch(etag) else ""


def last_modified_of(headers: Headers) -> str:
    """Return Last-Modified, or nothing if it is no date or lies in the future."""
    text = headers.get("last-modified", "")
    when = _date(text) if text else None
    return text if when and when < datetime.now(UTC) + timedelta(days=1) else ""


def retry_after_of(headers: Headers, longest: float) -> float | None:
    """Return the seconds that the server asks to wait, at most `longest`; None if it does not."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,20}", text):
        return min(float(text), longest)
    if not text or (when := _date(text)) is None:
        return None
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), longest)


def redirect_target(headers: Headers, url: Url) -> Url:
    """Return where a redirect leads to from `url`; raise `BadAnswer` if it is not followed."""
    location = headers.get("location", "")
    with suppress(UnicodeError):  # some servers send it as UTF-8, though only ASCII is allowed
        location = location.encode("latin-1").decode("utf-8")
    host = url.origin.authority
    if not location:
        raise explain.bad_redirect(host, "It does not say where to.", "bad-redirect")
    try:
        target = parse(join(str(url), location), BadAnswer)
    except BadAnswer as error:
        raise explain.bad_redirect(host, error.cause or str(error), "bad-redirect") from None
    if url.origin.scheme == "https" and target.origin.scheme == "http":
        raise explain.bad_redirect(
            host,
            f"It leads from an encrypted connection to an open one, {target.shown}.",
            "redirect-to-http",
        )
    return target


@lru_cache(maxsize=64)
def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
