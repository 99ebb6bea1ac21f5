"""A token server on loopback, for `OciSite` and for a real registry that asks for tokens.

    with TokenServer({"ann": "secret"}) as tokens, OciSite(tokens=tokens) as site: ...

It speaks the protocol of CNCF distribution: GET with `service` and `scope`, or a form by POST.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

from registrykit.testing.answers import Answer, Request
from registrykit.testing.servers import Site
from registrykit.testing.tls import KeyPair, self_signed

Verdict = Literal["good", "invalid_token", "insufficient_scope"]
May = Callable[[str, str], bool]
"""Says whether a user, empty for nobody, gets a scope such as `repository:acme/nginx:pull`."""


@dataclass(frozen=True)
class Granted:
    """What one token allows, until when on the monotonic clock."""

    user: str
    scopes: frozenset[str]
    until: float


class Signer:
    """Signs tokens as Debian's docker-registry checks them; needs the package `cryptography`.

    Give the registry `certificate` as its root certificate and `issuer` as the issuer.
    """

    def __init__(self, issuer: str = "test kit", pair: KeyPair | None = None) -> None:
        self.issuer = issuer
        self._pair = pair or self_signed("tokens.test")

    @property
    def certificate(self) -> str:
        """The certificate to trust, as PEM text."""
        return self._pair.certificate

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a JSON Web Token with these claims (RFC 7515, ES256)."""
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        der = ssl.PEM_cert_to_DER_cert(self._pair.certificate)
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        signed = f"{_packed(json.dumps(header).encode())}.{_packed(json.dumps(claims).encode())}"
        key = serialization.load_pem_private_key(self._pair.key.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_packed(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass
class Rules:
    """What a token server does; all of it can be changed while it runs.

    `life` is for how many seconds a token is good, `said_life` what is said of it (by default the
    same). `methods` are those that are answered. `key` is the name of the token in the answer.
    """

    life: float = 300.0
    said_life: object = None
    methods: frozenset[str] = frozenset(("GET", "POST"))
    key: str = "token"
    more: dict[str, object] = field(default_factory=dict)


class TokenServer(Site):
    """Gives tokens at `/token` to those whom it knows.

    Without `users` it gives them to everybody; with them, to nobody else, unless `may` says so for
    the empty user. A scope that is not allowed is left out of the token, silently, as such servers
    do. With a `signer` tokens are signed; else they are known to this server alone.
    """

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        *,
        service: str = "registry.test",
        may: May | None = None,
        signer: Signer | None = None,
        rules: Rules | None = None,
        tls: ssl.SSLContext | tuple[str | Path, str | Path] | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.users = dict(users or {})
        self.service = service
        self.may: May = may or (lambda user, scope: bool(user) or not self.users)
        self.signer = signer
        self.rules = rules or Rules()
        self._grants: dict[str, Granted] = {}
        self._held = threading.Lock()

    @property
    def realm(self) -> str:
        """Where tokens are asked for."""
        return f"{self.url}/token"

    @property
    def given(self) -> int:
        """How many tokens were given."""
        return sum(one.status == 200 and one.path.partition("?")[0] == "/token" for one in self.log)

    def judge(self, token: str, scope: str) -> Verdict:
        """Say whether a token is good for a scope; an empty scope needs any token."""
        with self._held:
            granted = self._grants.get(token)
        if granted is None or time.monotonic() > granted.until:
            return "invalid_token"
        return "good" if not scope or scope in granted.scopes else "insufficient_scope"

    def user_of(self, token: str) -> str:
        """Return who has this token, nothing for nobody."""
        with self._held:
            granted = self._grants.get(token)
        return granted.user if granted else ""

    def grant(self, user: str, *scopes: str) -> str:
        """Return a token for these scopes, without anybody having asked for it."""
        granted = frozenset(scopes)
        token = self._token(user, granted)
        with self._held:
            self._grants[token] = Granted(user, granted, time.monotonic() + self.rules.life)
        return token

    def revoke(self) -> None:
        """Let every token that was given so far be good no longer."""
        with self._held:
            self._grants.clear()

    def _find(self, request: Request) -> Answer:
        return self.answer(request) if request.path == "/token" else super()._find(request)

    def answer(self, request: Request) -> Answer:
        """Answer a request for a token; a registry that gives its tokens itself passes it on."""
        if request.method not in self.rules.methods:
            return Answer(405, headers={"Allow": ", ".join(sorted(self.rules.methods))})
        asked = parse_qs(request.query if request.method == "GET" else request.body.decode())
        user = self._user(request, asked)
        scopes = [scope for value in asked.get("scope", []) for scope in value.split()]
        if user is None or (not user and self.users and not any(self.may("", s) for s in scopes)):
            body = (
                b'{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}'
            )
            return Answer(401, body, {"Content-Type": "application/json"})
        token = self.grant(user, *(scope for scope in scopes if self.may(user, scope)))
        said = self.rules.said_life
        answer = {
            self.rules.key: token,
            "expires_in": int(self.rules.life) if said is None else said,
            "issued_at": datetime.now(UTC).isoformat(),
            **self.rules.more,
        }
        return Answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _user(self, request: Request, asked: Mapping[str, list[str]]) -> str | None:
        """Return who asks: a name, empty for nobody, None for somebody with a wrong password."""
        authorization = request.headers.get("authorization", "")
        if authorization:
            pair = base64.b64decode(authorization.partition(" ")[2]).decode()
            name, _, password = pair.partition(":")
        elif request.method == "POST":
            name, password = asked.get("username", [""])[0], asked.get("password", [""])[0]
        else:
            return ""
        return name if self.users.get(name) == password else None

    def _token(self, user: str, scopes: frozenset[str]) -> str:
        if self.signer is None:
            return secrets.token_urlsafe(24)
        now = int(time.time())
        access: dict[tuple[str, str], set[str]] = {}
        for scope in sorted(scopes):
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            access.setdefault((kind, name), set()).update(actions.split(","))
        return self.signer.sign(
            {
                "iss": self.signer.issuer,
                "sub": user,
                "aud": self.service,
                "iat": now,
                "nbf": now - 10,
                "exp": now + int(self.rules.life),
                "jti": secrets.token_hex(8),
                "access": [
                    {"type": kind, "name": name, "actions": sorted(actions)}
                    for (kind, name), actions in access.items()
                ],
            }
        )


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
