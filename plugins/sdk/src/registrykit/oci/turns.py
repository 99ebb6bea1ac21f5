"""One request's way through the sign-in: what to send, and what to do about a 401."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Self

from registrykit.errors import BadAnswer, NotAllowed, RegistryError, SignInFailed
from registrykit.http.fields import authorization_of
from registrykit.oci.challenges import Challenge, read_challenges
from registrykit.oci.sign_in import CATALOG, SignIn, Way
from registrykit.oci.tokens import Realm, Token, read_realm
from registrykit.urls import Basic, Bearer, Credentials

if TYPE_CHECKING:
    from registrykit.http import Response


class Turn:
    """Send `authorization`, then tell what came of it.

        turn = Turn(sign_in, scope)
        while True:
            with turn:
                response = http.get(url, authorization=turn.authorization, expect=(401,))
                if not turn.again(response):
                    return response

    It ends after two answers to a sign-in at the latest, or after a third where credentials were
    renewed.
    """

    def __init__(self, sign_in: SignIn, scope: str) -> None:
        self._sign_in = sign_in
        self._scope = scope
        self._token: Token | None = None
        self._token_scope = ""
        self._sent: Credentials | None = None
        self._fresh = self._renewed = False
        self._guard: AbstractContextManager[object] = nullcontext()
        self.authorization = ""
        sign_in.raise_failure()
        credentials = sign_in.credentials
        if isinstance(credentials, Bearer):
            self._use(credentials)
        elif way := sign_in.way(scope):
            if way.realm is not None:
                self._use_token(way.realm, way.scope)
            elif credentials is not None:
                self._use(credentials)

    def __enter__(self) -> Self:
        self._guard = self._sign_in.guard(signed=self._sent is not None)
        self._guard.__enter__()
        try:
            if self._sent is not None:
                self._sign_in.raise_failure()
        except BaseException:
            self._guard.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._guard.__exit__(None, None, None)

    def again(self, response: Response) -> bool:
        """Take note of an answer; say whether to send the request again, or raise why not."""
        if response.status == 401:
            self._refused(response)
            return True
        if response.status == 403 and b"expired" in response.body.lower() and self._renew():
            return True
        if response.status < 400:
            if self._sent is not None:
                self._sign_in.confirm()
            if self._token is not None:
                self._token.worked = True
        return False

    def _use(self, credentials: Credentials) -> None:
        self._sent, self._token = credentials, None
        self.authorization = authorization_of(credentials)

    def _use_token(self, realm: Realm, scope: str) -> None:
        self._token = self._sign_in.token(realm, scope, refused=self._token)
        self._token_scope, self._sent = scope, None
        self.authorization = self._token.authorization

    def _renew(self) -> bool:
        """Try once more with other credentials, where there are any."""
        if self._sent is None or self._renewed or not self._sign_in.renewed(self._sent):
            return False
        self._renewed = True
        credentials = self._sign_in.credentials
        assert credentials is not None
        self._use(credentials)
        return True

    def _refused(self, response: Response) -> None:
        """Decide what to send after a 401, or raise."""
        sign_in = self._sign_in
        header = response.headers.get("www-authenticate", "")
        offered = {one.scheme: one for one in reversed(read_challenges(header))}
        credentials = sign_in.credentials
        if not isinstance(credentials, Bearer):
            if (challenge := offered.get("bearer")) and not self._fresh:
                realm = read_realm(
                    challenge,
                    sign_in.address.origin,
                    sign_in.http,
                    signs_in=credentials is not None,
                )
                scope = challenge.parameters.get("scope") or self._scope
                if self._ran_out() or scope != self._token_scope:
                    sign_in.learn(self._scope, Way(realm, scope))
                    self._fresh = True
                    return self._use_token(realm, scope)
            elif (
                # Some answer to a token that ran out as if there were no tokens at all.
                self._token is not None
                and not self._fresh
                and self._ran_out()
                and (way := sign_in.way(self._scope))
                and way.realm
            ):
                self._fresh = True
                return self._use_token(way.realm, way.scope)
            may_ask = "basic" in offered or not header
            if may_ask and isinstance(credentials, Basic) and self._sent is None:
                sign_in.learn(self._scope, Way())
                return self._use(credentials)
        if self._renew():
            return None
        raise self._wrong(response, offered)

    def _ran_out(self) -> bool:
        """Say whether there is a point in another token: this one worked, or is not of now."""
        token = self._token
        if token is None or token.worked:
            return True
        return time.monotonic() - token.obtained > self._sign_in.limits.token_apart

    def _wrong(self, response: Response, offered: dict[str, Challenge]) -> RegistryError:
        """Return what a 401 means when there is nothing left to try."""
        sign_in = self._sign_in
        host = sign_in.address.origin.authority
        error = sign_in.http.refusal(response, signed_in=bool(self.authorization))
        if offered and not offered.keys() & {"basic", "bearer"}:
            names = ", ".join(sorted(scheme.title() for scheme in offered))[:100]
            return SignInFailed(
                f"{host} wants a sign-in of a kind that is not supported.",
                cause=f"It offers {names}; user names with passwords, and tokens, are supported.",
                remedy="Ask the registry's owner for an access token.",
                code="sign-in-unsupported",
            )
        if self._token is not None:
            return self._token_refused(host, error, offered.get("bearer"))
        if self._sent is not None:
            good = sign_in.still_good()
            if good:
                sign_in.confirm()
                return _denied(host, error.cause)
            remedy = ""
            if isinstance(self._sent, Bearer) and "basic" in offered:
                remedy = "Enter a user name and a password: this registry asks for them."
            failed = SignInFailed(
                f"{host} did not accept the sign-in.", cause=error.cause, remedy=remedy
            )
            return failed if good is None else sign_in.failed(failed)
        if response.headers.get("www-authenticate") and not offered:
            return BadAnswer(
                f"{host} wants a sign-in, and does not say how.",
                cause="What it says is not valid.",
                remedy="Tell the registry's owner.",
                code="bad-challenge",
            )
        return error

    def _token_refused(
        self, host: str, error: RegistryError, challenge: Challenge | None
    ) -> RegistryError:
        sign_in, token = self._sign_in, self._token
        if sign_in.credentials is None:
            return NotAllowed(
                f"{host} does not show this without a sign-in.",
                cause=error.cause,
                remedy="Enter a user name and password, or a token, for the registry.",
                code="needs-sign-in",
            )
        narrow = challenge is not None and challenge.parameters.get("error") == "insufficient_scope"
        # The token server knows the user. A list of everything is refused to most of them.
        if narrow or self._scope == CATALOG or (token is not None and token.worked):
            return _denied(host, error.cause)
        return SignInFailed(
            f"{host} did not accept the sign-in.",
            cause=f"Its token server gave a token, which {host} refused. {error.cause}",
        )


def _denied(host: str, cause: str) -> NotAllowed:
    return NotAllowed(f"This account may not read this from {host}.", cause=cause)
