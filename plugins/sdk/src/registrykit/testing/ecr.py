"""Amazon ECR on loopback, under its real names: one registry, its API, and where its blobs lie.

    keys = AwsKeys("AKIAEXAMPLE", "not-a-secret")
    with EcrSite("123456789012.dkr.ecr.us-east-1.amazonaws.com", AwsUser(keys)) as site:
        site.push_image("production/nginx", "1.0.0")
        tls = Tls(ca_certificate=site.ca_certificate)
        Http(origins=host.origins, connect=site.connect, tls=tls)

The API checks signatures as the AWS documentation tells it (Signature Version 4), from the
standard library alone. What it does not know it refuses. Needs the package `trustme`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from registrykit.oci.ecr import AwsKeys, EcrHost, ecr_host
from registrykit.testing.answers import Answer, Request
from registrykit.testing.oci import Manners, OciSite
from registrykit.testing.servers import Names
from registrykit.testing.tls import Authority

__all__ = ["AwsUser", "EcrManners", "EcrSite"]

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\w+)/([0-9]{8})/([a-z0-9-]+)/([a-z-]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_STAMP = "%Y%m%dT%H%M%SZ"
_TOLERANCE = timedelta(minutes=5)
_TARGETS = {"ecr": "AmazonEC2ContainerRegistry_V20150921", "ecr-public": "SpencerFrontendService"}
_PERMISSIONS = {
    "tags": "ListImages",
    "manifests": "BatchGetImage",
    "blobs": "GetDownloadUrlForLayer",
}


@dataclass
class AwsUser:
    """Somebody with keys; all of it can be changed while the site serves.

    `account` is the registry's own unless given. `denied` are permissions such as
    `ecr:DescribeRepositories`, with `explicit` those that a policy denies by name. `expired` is
    for temporary keys. `alias` is what the account is called in the public gallery.
    """

    keys: AwsKeys
    account: str = ""
    name: str = "reader"
    denied: frozenset[str] = frozenset()
    explicit: bool = False
    expired: bool = False
    alias: str = ""


@dataclass
class EcrManners:
    """How ECR behaves; all of it can be changed while it serves.

    `ahead` is by how many seconds its clock is before ours. The next `throttled` calls of the API
    are refused. `life` is what is said of how long passwords hold, in seconds; with `forgets` new
    ones never do.
    """

    ahead: float = 0.0
    throttled: int = 0
    life: float = 12 * 3600.0
    forgets: bool = False
    page_size: int = 1000


@dataclass(frozen=True)
class Called:
    """One call of the API that was signed well."""

    operation: str
    asked: Mapping[str, Any]
    user: AwsUser = field(repr=False)


class _Refused(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(
            400,
            json.dumps({"__type": kind, "message": message}).encode(),
            {"Content-Type": "application/x-amz-json-1.1"},
        )


class EcrSite(OciSite):
    """One registry of ECR with its users; `host` is `public.ecr.aws` for the gallery.

    Sites that one client reads share an `authority`.
    """

    def __init__(self, host: str, *users: AwsUser, authority: Authority | None = None) -> None:
        found = ecr_host(host)
        if found is None:
            raise ValueError(f"{host} is not a registry of Amazon ECR")
        self.ecr: EcrHost = found
        self.bucket = f"prod-{found.region}-starport-layer-bucket.s3.{found.region}.amazonaws.com"
        self.users = list(users)
        self.conduct = EcrManners()
        self.authority = authority or Authority()
        self.calls: list[Called] = []
        self._passwords: dict[str, AwsUser] = {}
        self._over: set[str] = set()
        self._tokens: set[str] = set()
        self._stored: dict[str, bytes] = {}
        pair = self.authority.issue(found.host, found.api, self.bucket)
        manners = Manners(catalog=404 if found.public else 200)
        super().__init__(tls=pair.server_context(), manners=manners)

    @property
    def ca_certificate(self) -> str:
        """The certificate to trust, as PEM text."""
        return self.authority.certificate

    @property
    def names(self) -> dict[str, EcrSite]:
        """The hosts that this site is, for `Names`."""
        return dict.fromkeys((self.ecr.host, self.ecr.api, self.bucket), self)

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connection to this site under one of its names."""
        return Names(self.names)(host, port)

    def expire(self) -> None:
        """Let every password that was given so far be good no longer."""
        with self._held:
            self._over |= self._passwords.keys()
            self._tokens.clear()

    def called(self, operation: str) -> int:
        """Count the calls of one operation that were signed well."""
        return sum(one.operation == operation for one in self.calls)

    # The three hosts

    def _find(self, request: Request) -> Answer:
        host = request.headers.get("host", "")
        if host == self.ecr.api:
            now = datetime.now(UTC) + timedelta(seconds=self.conduct.ahead)
            answer = self._api(request, now)
            date = {"Date": format_datetime(now, usegmt=True)}
            return replace(answer, headers={**answer.headers, **date})
        if host == self.bucket:
            return self._from_bucket(request)
        if host == self.ecr.host:
            if self.ecr.public and request.path == "/token/":
                return self._token(request)
            return super()._find(request)
        return Answer(421, b"There is no such host here.\n", {"Content-Type": "text/plain"})

    def _blob(self, held: Any, digest: str) -> Answer:
        answer = super()._blob(held, digest)
        if answer.status != 200:
            return answer
        assert isinstance(answer.body, bytes)
        self._stored[f"/{digest}"] = answer.body
        place = f"https://{self.bucket}/{digest}?X-Amz-Signature={secrets.token_hex(8)}"
        return Answer(307, headers={"Location": place})

    def _from_bucket(self, request: Request) -> Answer:
        if "authorization" in request.headers:  # beside the signature in the address
            return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>")
        content = self._stored.get(request.path)
        return Answer(404) if content is None else Answer(200, content)

    # The registry's sign-in

    def _refused(self, request: Request, scope: str) -> Answer | None:
        kind, _, sent = request.headers.get("authorization", "").partition(" ")
        if self.ecr.public:
            if kind == "Bearer" and sent in self._tokens:
                return None
            host = self.ecr.host
            challenge = f'Bearer realm="https://{host}/token/",service="{host}",scope="aws"'
            return _refusal(401, "UNAUTHORIZED", "Not Authorized", challenge)
        password = _password(sent) if kind == "Basic" else ""
        if password in self._over:
            message = "Your authorization token has expired. Reauthenticate and try again."
            return _refusal(403, "DENIED", message)
        user = self._passwords.get(password)
        if user is None:
            challenge = f'Basic realm="https://{self.ecr.host}/",service="ecr.amazonaws.com"'
            return _refusal(401, "UNAUTHORIZED", "Not Authorized", challenge)
        wanted = _PERMISSIONS.get(request.path.rpartition("/")[0].rpartition("/")[2], "")
        if f"ecr:{wanted}" in user.denied and scope:
            name = scope.split(":")[1]
            return _refusal(403, "DENIED", self._denial(user, f"ecr:{wanted}", name))
        return None

    def _token(self, request: Request) -> Answer:
        kind, _, sent = request.headers.get("authorization", "").partition(" ")
        password = _password(sent) if kind == "Basic" else ""
        if kind and (password in self._over or password not in self._passwords):
            return _refusal(401, "UNAUTHORIZED", "Not Authorized")
        token = secrets.token_urlsafe(24)
        with self._held:
            self._tokens.add(token)
        return Answer(200, json.dumps({"token": token}).encode(), _JSON)

    # The API

    def _api(self, request: Request, now: datetime) -> Answer:
        try:
            user = self._signer(request, now)
            target, _, operation = request.headers.get("x-amz-target", "").partition(".")
            if target != _TARGETS[self.ecr.service] or operation not in _OPERATIONS:
                raise _Refused("UnknownOperationException", "")
            with self._held:
                if self.conduct.throttled:
                    self.conduct.throttled -= 1
                    raise _Refused("ThrottlingException", "Rate exceeded")
            asked = json.loads(request.body)
            self.calls.append(Called(operation, asked, user))
            permission = f"{self.ecr.service}:{operation}"
            owner = asked.get("registryId", user.account or self.ecr.account)
            if permission in user.denied or owner != (user.account or self.ecr.account):
                raise _Refused("AccessDeniedException", self._denial(user, permission, "*"))
            content = _OPERATIONS[operation](self, user, asked)
        except _Refused as refused:
            return refused.answer
        body = json.dumps(content).encode()
        return Answer(200, body, {"Content-Type": "application/x-amz-json-1.1"})

    def _grant(self, user: AwsUser, asked: Mapping[str, Any]) -> dict[str, Any]:
        password = secrets.token_urlsafe(48)
        if not self.conduct.forgets:
            with self._held:
                self._passwords[password] = user
        granted: dict[str, Any] = {
            "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
            "expiresAt": round(time.time() + self.conduct.ahead + self.conduct.life, 3),
        }
        if self.ecr.public:
            return {"authorizationData": granted}
        return {"authorizationData": [{**granted, "proxyEndpoint": f"https://{self.ecr.host}"}]}

    def _describe(self, user: AwsUser, asked: Mapping[str, Any]) -> dict[str, Any]:
        most = asked.get("maxResults", 100)
        if not 1 <= most <= 1000:
            raise _Refused("InvalidParameterException", "maxResults must be from 1 to 1000")
        try:
            last = base64.b64decode(asked.get("nextToken", "")).decode()
        except ValueError:
            raise _Refused("InvalidParameterException", "Invalid nextToken") from None
        begins = f"{user.alias}/" if self.ecr.public else ""
        with self._held:
            names = sorted(name for name in self._repositories if name.startswith(begins))
        left = [name for name in names if name > last]
        size = min(most, self.conduct.page_size)
        found = [
            {
                "repositoryArn": f"arn:aws:{self.ecr.service}:{self.ecr.region}:"
                f"{user.account or self.ecr.account}:repository/{name.removeprefix(begins)}",
                "registryId": user.account or self.ecr.account,
                "repositoryName": name.removeprefix(begins),
                "repositoryUri": f"{self.ecr.host}/{name}",
                "createdAt": 1700000000.0,
            }
            for name in left[:size]
        ]
        more = base64.b64encode(left[size - 1].encode()).decode() if len(left) > size else ""
        return {"repositories": found, **({"nextToken": more} if more else {})}

    def _denial(self, user: AwsUser, permission: str, name: str) -> str:
        owner = self.ecr.account or user.account
        account = user.account or owner
        told = (
            f"User: arn:aws:iam::{account}:user/{user.name} is not authorized to perform: "
            f"{permission} on resource: arn:aws:ecr:{self.ecr.region}:{owner}:repository/{name}"
        )
        if user.explicit:
            return f"{told} with an explicit deny in an identity-based policy"
        kind = "resource" if account != owner else "identity"
        return f"{told} because no {kind}-based policy allows the {permission} action"

    def _signer(self, request: Request, now: datetime) -> AwsUser:
        """Return who signed a request, or raise what is wrong with the signature."""
        headers = request.headers
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            raise _Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
        access_key, day, region, service, names, signature = found.groups()
        user = next((one for one in self.users if one.keys.access_key == access_key), None)
        if user is None or headers.get("x-amz-security-token", "") != user.keys.session_token:
            message = "The security token included in the request is invalid."
            raise _Refused("UnrecognizedClientException", message)
        if user.expired:
            message = "The security token included in the request is expired"
            raise _Refused("ExpiredTokenException", message)
        _verify_age(headers.get("x-amz-date", ""), now)
        if (region, service) != (self.ecr.region, self.ecr.service):
            message = "Credential should be scoped to a valid region."
            raise _Refused("InvalidSignatureException", message)
        needed = {"host", *(name for name in headers if name.startswith("x-amz-"))}
        if not needed <= set(names.split(";")):
            raise _Refused("InvalidSignatureException", "Headers are not signed")
        lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in names.split(";")]
        hashed = hashlib.sha256(request.body).hexdigest()
        canonical = "\n".join(
            [request.method, request.path, request.query, *lines, "", names, hashed]
        )
        scope = f"{day}/{region}/{service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = "\n".join(["AWS4-HMAC-SHA256", headers.get("x-amz-date", ""), scope, digest])
        key = f"AWS4{user.keys.secret_key}".encode()
        for part in (*scope.split("/"), to_sign):
            key = hmac.digest(key, part.encode(), "sha256")
        if not hmac.compare_digest(key.hex(), signature):
            raise _Refused(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. "
                f"The Canonical String for this request should have been\n'{canonical}'",
            )
        return user


_JSON = {"Content-Type": "application/json"}
_OPERATIONS = {"GetAuthorizationToken": EcrSite._grant, "DescribeRepositories": EcrSite._describe}


def _verify_age(stamp: str, now: datetime) -> None:
    try:
        sent = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _Refused("IncompleteSignatureException", "X-Amz-Date is missing") from None
    here, ends = now.strftime(_STAMP), "5 min."
    if sent < now - _TOLERANCE:
        limit = (now - _TOLERANCE).strftime(_STAMP)
        told = f"Signature expired: {stamp} is now earlier than {limit} ({here} - {ends})"
        raise _Refused("InvalidSignatureException", told)
    if sent > now + _TOLERANCE:
        limit = (now + _TOLERANCE).strftime(_STAMP)
        told = f"Signature not yet current: {stamp} is still later than {limit} ({here} + {ends})"
        raise _Refused("InvalidSignatureException", told)


def _password(packed: str) -> str:
    try:
        user, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except ValueError:
        return ""
    return password if user == "AWS" else ""


def _refusal(status: int, code: str, message: str, challenge: str = "") -> Answer:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    headers = {**_JSON, "Docker-Distribution-Api-Version": "registry/2.0"}
    return Answer(status, body, headers | ({"WWW-Authenticate": challenge} if challenge else {}))
