"""Sign in to an OCI registry: as it asks for it, once for everybody, and again when time is up.

What to send is decided by the registry's own answers (401 with WWW-Authenticate), request by
request: some want a password for the list of repositories and tokens for everything else.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from registrykit.errors import BadAnswer, NotAllowed, NotFound, SignInFailed, Unreachable
from registrykit.http.fields import authorization_of
from registrykit.oci.addresses import Address
from registrykit.oci.challenges import Challenge, read_challenges
from registrykit.oci.limits import OciLimits
from registrykit.oci.tokens import Realm, Token, fetch_token, pulls
from registrykit.urls import Basic, Credentials

if TYPE_CHECKING:
    from registrykit.http import Headers, Http

CATALOG = "registry:catalog:*"

MOST_KEPT = 256
TOGETHER = 10
"""Scopes that one token is asked for."""
_STRIPES = 16

T = TypeVar("T")

Renewable = Callable[[Credentials | None], Credentials | None]
"""Gives credentials that run out.

It is called with None at first, then with those that were refused or whose time is up.
"""


@dataclass(frozen=True, slots=True)
class Passing(Basic):
    """A password that holds for a while; others are wanted from `renew_at` (monotonic) on."""

    renew_at: float = field(default=math.inf, compare=False)


def pull(repository: str) -> str:
    """Return the scope that reading a repository needs."""
    return f"repository:{repository}:pull"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a registry says to somebody whom it does not know; `status` is that of `/v2/`."""

    status: int
    headers: Headers
    body: bytes
    challenges: tuple[Challenge, ...]

    @property
    def speaks(self) -> bool:
        """Whether this is a registry at all, and not a web site."""
        if "docker-distribution-api-version" in self.headers:
            return True
        if self.status == 401 and self.challenges:
            return True
        html = "html" in self.headers.get("content-type", "").lower()
        begins = self.body.lstrip()[:1]
        return self.status in (200, 401) and not html and begins in (b"{", b"")


@dataclass(frozen=True, slots=True)
class Way:
    """How requests sign in: with a token of `realm` for `scope`, or with None by a password."""

    realm: Realm | None = None
    scope: str = ""


class SignIn:
    """What one run knows about signing in; safe to use from several threads."""

    def __init__(
        self,
        http: Http,
        address: Address,
        credentials: Credentials | Renewable | None,
        limits: OciLimits,
    ) -> None:
        self.http = http
        self.address = address
        self.limits = limits
        self._renew = credentials if callable(credentials) else None
        self._credentials = None if callable(credentials) else credentials
        self._lock = threading.RLock()
        self._first = threading.RLock()  # held while it is not known whether they are right
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]
        self._ways: dict[str, Way] = {}  # by what requests have in common
        self._exact: dict[str, Way] = {}  # by scope, where that could not have been guessed
        self._tokens: dict[str, Token] = {}
        self._groups: dict[str, tuple[str, ...]] = {}  # by each scope in them
        self._failure: SignInFailed | None = None
        self.confirmed = False
        self._probe: Probe | None = None

    @property
    def credentials(self) -> Credentials | None:
        """What the user signs in with; None for nobody."""
        with self._lock:
            known = self._credentials
            over = isinstance(known, Passing) and time.monotonic() >= known.renew_at
            if self._renew is not None and (known is None or over):
                self._credentials = self._renew(known)
            return self._credentials

    @property
    def renewable(self) -> bool:
        return self._renew is not None

    def probe(self) -> Probe:
        """Return what `/v2/` says without a sign-in; it is asked once."""
        with self._first:
            if self._probe is None:
                response = self.http.get(
                    self.address.api, authorization="", expect=(401, 403, 404), max_bytes=64 * 1024
                )
                challenges = read_challenges(response.headers.get("www-authenticate", ""))
                self._probe = Probe(response.status, response.headers, response.body, challenges)
            return self._probe

    def guard(self, *, signed: bool) -> AbstractContextManager[object]:
        """Let one request at a time sign in until one has succeeded.

        So a wrong password is tried once, and no account is locked by eight tries at once.
        """
        return self._first if signed and not self.confirmed else nullcontext()

    def raise_failure(self) -> None:
        """Raise again what ended the sign-in for good."""
        if (known := self._failure) is not None:
            raise SignInFailed(str(known), cause=known.cause, remedy=known.remedy, code=known.code)

    def failed(self, error: SignInFailed) -> SignInFailed:
        """Remember that these credentials are no good, unless they have been."""
        if not self.confirmed:
            self._failure = error
        return error

    def confirm(self) -> None:
        """Remember that these credentials have been accepted."""
        self.confirmed = True

    # Ways: what requests of one kind have to bring along

    def way(self, scope: str) -> Way | None:
        """Return how requests for `scope` sign in; None while that is not known.

        Where a user name is set it is sent even to a registry that asks for none: many show more
        to those whom they know.
        """
        with self._lock:
            if found := self._exact.get(scope):
                return found
            if found := self._ways.get(_kind(scope)):
                return Way(found.realm, scope)
        if not isinstance(self.credentials, Basic):
            return None
        if any(challenge.scheme == "bearer" for challenge in self.probe().challenges):
            return None
        return Way()

    def learn(self, scope: str, way: Way) -> None:
        """Remember how requests for `scope` sign in, and others of its kind if that can be told."""
        with self._lock:
            if way.realm is None or way.scope == scope:
                self._ways[_kind(scope)] = way
            else:
                _keep(self._exact, scope, way)

    # Tokens

    def expect(self, scopes: Iterable[str]) -> None:
        """Name what will be read, in this order, so that one token may serve several scopes."""
        waiting = list(scopes)
        parts = (
            tuple(waiting[start : start + TOGETHER]) for start in range(0, len(waiting), TOGETHER)
        )
        with self._lock:
            self._groups = {scope: part for part in parts if len(part) > 1 for scope in part}

    def token(self, realm: Realm, scope: str, refused: Token | None = None) -> Token:
        """Return a token for `scope`: a known one, unless it is old or the one that was refused."""
        if known := self._known(scope, refused):
            return known
        credentials = self.credentials
        basic = credentials if isinstance(credentials, Basic) else None
        group = self._group(scope) if refused is None and (self.confirmed or not basic) else ()
        stripe = hash(group[0] if group else scope) % _STRIPES
        # Always in this order, or two threads could wait for each other.
        with self.guard(signed=basic is not None), self._stripes[stripe]:
            if known := self._known(scope, refused):
                return known
            if basic is not None:
                self.raise_failure()
            if refused is not None:
                # It worked until now, and however short tokens live here, this shall be no storm.
                soonest = refused.obtained + self.limits.token_apart
                self.http.cancel.wait(max(0.0, soonest - time.monotonic()))
            # It may have been asked for meanwhile, and not have been granted for this scope.
            if group and self._group(scope) and (token := self._shared(realm, scope, group, basic)):
                return token
            try:
                token = fetch_token(self.http, realm, scope, basic, self.limits)
            except SignInFailed as error:
                raise (self.failed(error) if basic else error) from None
            if basic is not None:
                self.confirm()
            with self._lock:
                _keep(self._tokens, scope, token)
            return token

    def _group(self, scope: str) -> tuple[str, ...]:
        with self._lock:
            return self._groups.get(scope, ())

    def _shared(
        self, realm: Realm, scope: str, group: tuple[str, ...], basic: Basic | None
    ) -> Token | None:
        """Return a token for a whole group; None where it does not say that `scope` is in it.

        A group is asked for once, and no other one after an answer that makes no use of it.
        """
        covered: frozenset[str] = frozenset()
        try:
            token = fetch_token(self.http, realm, " ".join(group), basic, self.limits)
            covered = pulls(token).intersection(group)
        except (BadAnswer, NotAllowed, NotFound, SignInFailed, Unreachable):
            pass  # what is asked for one scope alone says for certain whether that is wrong
        with self._lock:
            if len(covered) < 2:
                self._groups = {}
            for one in group:
                self._groups.pop(one, None)
            for one in covered:
                _keep(self._tokens, one, token)
        return token if scope in covered else None

    def _known(self, scope: str, refused: Token | None) -> Token | None:
        with self._lock:
            known = self._tokens.get(scope)
        if known is None or known is refused or time.monotonic() >= known.renew_at:
            return None
        return known

    # Credentials

    def renewed(self, refused: Credentials) -> bool:
        """Get other credentials in place of those that ran out; say whether there are any."""
        if self._renew is None:
            return False
        with self._lock:
            if self._credentials == refused:
                self._credentials = self._renew(refused)
            return self._credentials is not None and self._credentials != refused

    def still_good(self) -> bool | None:
        """Say whether `/v2/` accepts the credentials; None where it accepts everybody."""
        if self.probe().status != 401:
            return None
        answer = self.http.get(
            self.address.api,
            authorization=authorization_of(self.credentials),
            expect=(401, 403, 404),
            max_bytes=64 * 1024,
        )
        return answer.status != 401


def _kind(scope: str) -> str:
    """Return what requests have in common: `registry`, `repository`, or nothing for `/v2/`."""
    return scope.partition(":")[0]


def _keep(kept: dict[str, T], scope: str, value: T) -> None:
    """Remember a value as the newest, and forget the oldest where there are too many."""
    kept.pop(scope, None)
    kept[scope] = value
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
