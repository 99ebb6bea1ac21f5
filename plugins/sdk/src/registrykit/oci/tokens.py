"""Tokens for an OCI registry: where they may be asked for, the asking, and how long they hold.

The protocol is that of CNCF distribution (docs/spec/auth: token, oauth, scope).
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from registrykit.errors import BadAnswer, NotAllowed, NotFound, RegistryError, SignInFailed
from registrykit.http.fields import authorization_of
from registrykit.oci.addresses import is_loopback
from registrykit.oci.challenges import Challenge
from registrykit.urls import Basic, Origin, Url, parse

if TYPE_CHECKING:
    from registrykit.http import Http, Response
    from registrykit.oci.limits import OciLimits

_TOKEN = re.compile(r"[\x21-\x7e]+")
_NUMBER = re.compile(r"[0-9]{1,20}")
_REFUSED = frozenset((401, 403, 404, 405))
# Servers and what stands before them take 8 KiB for a header.
_LONGEST_SHARED = 6 * 1024


@dataclass(frozen=True, slots=True)
class Realm:
    """A token server, and the name under which it knows the registry."""

    url: Url
    service: str = ""


@dataclass(slots=True)
class Token:
    """A token with the moments, on the monotonic clock, when it came and when it is renewed.

    `worked` says that the registry accepted it at least once.
    """

    value: str = field(repr=False)
    obtained: float
    renew_at: float
    worked: bool = False

    @property
    def authorization(self) -> str:
        return f"Bearer {self.value}"


class _Access(msgspec.Struct):
    type: str
    name: str
    actions: tuple[str, ...] | None = None


class _Claims(msgspec.Struct):
    access: tuple[_Access, ...] | None = None


def pulls(token: Token) -> frozenset[str]:
    """Return the scopes for which a token says itself that it may pull; none for most kinds.

    That is the claim `access` of a JSON Web Token. It is a hint that nobody verified. None either
    for a token that is longer than every server takes.
    """
    _, _, rest = token.value.partition(".")
    claims, _, _ = rest.partition(".")
    if len(token.value) > _LONGEST_SHARED:
        return frozenset()
    try:
        told = msgspec.json.decode(base64.urlsafe_b64decode(f"{claims}==="), type=_Claims)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return frozenset()
    granted = (one for one in told.access or () if "pull" in (one.actions or ()))
    return frozenset(f"{one.type}:{one.name}:pull" for one in granted)


def read_realm(challenge: Challenge, registry: Origin, http: Http, *, signs_in: bool) -> Realm:
    """Return the token server that a challenge names, or raise if it may not be asked.

    With `signs_in` a user name and a password would go there: only to the registry's own origins
    and to hosts that the user approved. Nothing goes from an encrypted registry to an open server.
    """
    realm = challenge.parameters.get("realm", "")
    with suppress(UnicodeError):  # so that the name is shown as what it is
        realm = realm.encode("latin-1").decode()
    url = _read_url(realm, registry)
    if (
        url.origin.scheme == "http"
        and registry.scheme == "https"
        and not is_loopback(url.origin.host)
    ):
        raise NotAllowed(
            f"{registry.authority} asks for a login at {url.origin}, which is not encrypted.",
            cause="Everybody on the way could read the password.",
            remedy="Tell the registry's owner.",
            code="open-token-server",
        )
    try:
        http.reach.permit(url.origin)
        allowed = http.reach.trusts(url.origin) or not signs_in
    except NotAllowed as error:
        if error.code != "host-not-approved":
            raise
        allowed = False
    if not allowed:
        whom = url.origin.authority
        raise NotAllowed(
            f"{registry.authority} asks for a login at {whom}, which is not approved.",
            cause=f"The user name and the password would be sent to {whom}."
            if signs_in
            else "Only the registry itself and approved hosts are asked.",
            remedy=f"If {whom} checks the users of {registry.authority}, approve it for this "
            "registry.",
            code="host-not-approved",
        )
    return Realm(url, challenge.parameters.get("service", ""))


def fetch_token(
    http: Http, realm: Realm, scope: str, credentials: Basic | None, limits: OciLimits
) -> Token:
    """Ask for a token; `scope` may name several, with blanks between them, or none.

    Raises `SignInFailed` if the user name and the password are refused, `NotAllowed` if the scope
    is, and `BadAnswer` for an answer without a token.
    """
    wanted = [("service", realm.service)] if realm.service else []
    wanted += [("scope", one) for one in scope.split()]
    query = "&".join(part for part in (realm.url.query, urlencode(wanted)) if part)
    asked = Url(realm.url.origin, realm.url.path, query)
    authorization = authorization_of(credentials)
    sent_at = time.monotonic()
    response = http.get(
        str(asked),
        accept="application/json",
        authorization=authorization,
        expect=_REFUSED,
        max_bytes=limits.token,
    )
    if response.status in (404, 405) and credentials is not None:
        # The other form of the protocol, for servers that know it alone.
        form = [("grant_type", "password"), ("client_id", "registrykit"), *wanted]
        form += [("username", credentials.username), ("password", credentials.password)]
        response = http.post(
            str(realm.url),
            urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
            accept="application/json",
            expect=_REFUSED,
            authorization="",
            max_bytes=limits.token,
            hidden=(credentials.password,),
        )
    if response.status in _REFUSED:
        raise _refused(http, response, realm, scope, credentials)
    if parse(response.url).origin != realm.url.origin:
        raise BadAnswer(
            f"The token server {realm.url.origin.authority} sends to {parse(response.url).origin}.",
            cause="A token that comes from elsewhere is not used.",
            remedy="Tell the registry's owner.",
            code="token-redirected",
        )
    return _read_token(response, sent_at, limits)


def _read_url(realm: str, registry: Origin) -> Url:
    cause = "" if realm else "The address is missing."
    if "#" in realm:
        cause = "The address has a number sign in it."
    if not cause:
        try:
            return parse(realm, BadAnswer)
        except BadAnswer as error:
            cause = error.cause
    raise BadAnswer(
        f"{registry.authority} asks for a login at an address that cannot be used.",
        cause=cause,
        remedy="Tell the registry's owner.",
        code="bad-realm",
    )


def _refused(
    http: Http, response: Response, realm: Realm, scope: str, credentials: Basic | None
) -> RegistryError:
    host = realm.url.origin.authority
    error = http.refusal(response, signed_in=credentials is not None)
    if response.status in (404, 405):
        return NotFound(
            f"There is no token server at {realm.url.shown}.",
            cause=error.cause,
            remedy="Tell the registry's owner: the registry sends its users there.",
            code="no-token-server",
        )
    if response.status == 403 or (credentials is None and scope):
        return NotAllowed(
            f"{host} gives no token for {scope or 'this registry'}.",
            cause=error.cause,
            remedy=""
            if credentials
            else "Enter a user name and password, or a token, for the registry.",
            code="" if credentials else "needs-sign-in",
        )
    if credentials is None:
        return SignInFailed(
            f"{host} gives no token without a sign-in.",
            cause=error.cause,
            remedy="Enter a user name and password, or a token, for the registry.",
            code="needs-sign-in",
        )
    return SignInFailed(f"{host} did not accept the user name or the password.", cause=error.cause)


def _read_token(response: Response, sent_at: float, limits: OciLimits) -> Token:
    try:
        answer: Any = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, RecursionError):
        answer = None
    said = answer if isinstance(answer, dict) else {}
    for name in ("token", "access_token"):
        value = said.get(name)
        if (
            isinstance(value, str)
            and _TOKEN.fullmatch(value)
            and len(value) <= limits.longest_token
        ):
            life = _life(said, response.headers.get("date", ""), limits)
            return Token(value, sent_at, sent_at + life - min(30.0, life / 5))
    raise BadAnswer(
        f"The token server {parse(response.url).origin.authority} gave no token.",
        cause="Its answer holds none that could be sent."
        if said
        else "Its answer is not what such servers send.",
        remedy="Tell the registry's owner.",
        code="no-token",
    )


def _life(said: Mapping[str, Any], date: str, limits: OciLimits) -> float:
    """Return for how many seconds more the token holds, by the server's own clock alone."""
    life = said.get("expires_in")
    if isinstance(life, str) and _NUMBER.fullmatch(life):
        life = int(life)
    if isinstance(life, bool) or not isinstance(life, int | float):
        life = limits.token_life_least
    age = 0.0
    with suppress(ValueError, TypeError, OverflowError):
        issued = datetime.fromisoformat(said.get("issued_at", ""))
        age = (parsedate_to_datetime(date) - issued.astimezone(UTC)).total_seconds()
    left = min(life, limits.token_life_most) - max(age, 0.0)
    return float(max(left, limits.token_life_least))
