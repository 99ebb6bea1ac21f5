"""The API of Amazon ECR, as far as reading needs it: a password for hours, and the repositories."""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from registrykit.artifacts import lies_under
from registrykit.errors import BadAnswer, NotFound, RegistryError, SignInFailed, Unreachable
from registrykit.oci.ecr.faults import Refusal
from registrykit.oci.ecr.hosts import EcrHost, ecr_host
from registrykit.oci.ecr.keys import AwsKeys, signed
from registrykit.oci.limits import OciLimits
from registrykit.oci.names import is_repository
from registrykit.oci.sign_in import Passing
from registrykit.urls import Credentials

if TYPE_CHECKING:
    from registrykit.http import Http, Response

_TYPE = "application/x-amz-json-1.1"
_TARGETS = {
    "ecr": "AmazonEC2ContainerRegistry_V20150921",
    "ecr-public": "SpencerFrontendService",
}
_REFUSED = frozenset((400, 401, 403, 404))
_PAGE = 1000
_TRIES = 6
_LIFE = 12 * 3600.0


class Ecr:
    """One registry of ECR, for one run; safe to use from several threads.

    `http` has to be open to `host.origins`. Without keys the public gallery is read by everybody,
    and a private registry by nobody. Raises `ValueError` for a host that `ecr_host` did not make.
    """

    def __init__(
        self, http: Http, host: EcrHost, keys: AwsKeys | None, *, limits: OciLimits | None = None
    ) -> None:
        if ecr_host(host.host) != host:
            raise ValueError(f"{host.host} is not a registry of Amazon ECR")
        self.http = http
        self.host = host
        self.keys = keys
        self.limits = limits or OciLimits()
        self._lock = threading.Lock()
        self._given: Passing | None = None
        self._renewed = float("-inf")

    def sign_in(self, refused: Credentials | None = None) -> Credentials | None:
        """Return the registry's user name and password, other ones than those that were `refused`.

        They hold for some hours; None means to read as everybody.
        """
        if self.keys is None:
            if self.host.public:
                return None
            raise _no_keys(self.host)
        with self._lock:
            if self._given is not None and self._given != refused:
                return self._given
            if self._given is not None:
                # The first time its hours are over; after that this shall be no storm.
                soonest = self._renewed + self.limits.token_apart
                self.http.cancel.wait(max(0.0, soonest - time.monotonic()))
                self._renewed = time.monotonic()
            self._given = self._password(self.keys)
            return self._given

    def repositories(self, prefix: str = "") -> Iterator[str]:
        """Yield the names of the repositories at or under a path, page after page.

        Of the public gallery only the keys' own account is listed; elsewhere, and without keys, it
        raises `NotFound` with the code `no-catalog`.
        """
        if self.keys is None:
            raise _no_list(self.host) if self.host.public else _no_keys(self.host)
        some = False
        for name in self._names(self.keys):
            if is_repository(name) and lies_under(name, prefix):
                some = True
                yield name
        if self.host.public and not some:
            raise _no_list(self.host)

    def _names(self, keys: AwsKeys) -> Iterator[str]:
        asked: dict[str, Any] = {"maxResults": _PAGE}
        if not self.host.public:
            asked["registryId"] = self.host.account
        limits, seen, names, empty = self.limits, set[str](), 0, 0
        until = time.monotonic() + limits.listing
        while True:
            answer, _ = self._call("DescribeRepositories", asked, keys, limits.page)
            found = answer.get("repositories")
            if not isinstance(found, list):
                _odd(self.host, "The list of repositories is missing.")
            yield from filter(None, map(self._name, found))
            names, empty = names + len(found), 0 if found else empty + 1
            token = answer.get("nextToken")
            if token is None or token == "":
                return
            if not isinstance(token, str):
                _odd(self.host, "The mark of the next page is not a text.")
            if (
                token in seen
                or len(seen) >= limits.pages
                or names > limits.names
                or empty > limits.empty_pages
                or time.monotonic() > until
            ):
                raise BadAnswer(
                    f"The list of repositories of {self.host.api} does not end.",
                    cause=f"After {len(seen) + 1:,} pages there is still another one.",
                    remedy="Enter the paths of the repositories.",
                    code="endless-list",
                )
            seen.add(token)
            asked["nextToken"] = token

    def _name(self, entry: object) -> str:
        """Return the name under which the registry knows a repository; empty if there is none."""
        if not isinstance(entry, dict):
            return ""
        # In the gallery the address alone tells the alias, which is a part of the name there.
        key = "repositoryUri" if self.host.public else "repositoryName"
        name = entry.get(key)
        if not isinstance(name, str):
            return ""
        return name.partition("/")[2] if self.host.public else name

    def _password(self, keys: AwsKeys) -> Passing:
        sent_at = time.monotonic()
        answer, response = self._call("GetAuthorizationToken", {}, keys, self.limits.token)
        granted = answer.get("authorizationData")
        if isinstance(granted, list):
            granted = granted[0] if granted else None
        if not isinstance(granted, dict):
            _odd(self.host, "The password is missing.")
        try:
            packed = str(granted.get("authorizationToken"))
            user, colon, password = base64.b64decode(packed, validate=True).decode().partition(":")
        except ValueError:
            user = colon = password = ""
        usable = user.isprintable() and password.isprintable() and password.isascii()
        if not (user and colon and password and usable):
            _odd(self.host, "The password is not one.")
        life = _life(granted.get("expiresAt"), response, self.limits)
        return Passing(user, password, renew_at=sent_at + life - min(300.0, life / 5))

    def _call(
        self, operation: str, asked: dict[str, Any], keys: AwsKeys, max_bytes: int
    ) -> tuple[dict[str, Any], Response]:
        """Return what the API answers; it is asked again, ever later, while it is too busy."""
        keys.verify()
        content = json.dumps(asked).encode()
        target = f"{_TARGETS[self.host.service]}.{operation}"
        wait = self.http.limits.backoff
        for left in reversed(range(_TRIES)):
            fields = {"content-type": _TYPE, "x-amz-target": target}
            sent, authorization = signed(self.host, keys, fields, content)
            del sent["content-type"]
            try:
                response = self.http.post(
                    f"https://{self.host.api}/",
                    content,
                    content_type=_TYPE,
                    accept="application/json",
                    headers=sent,
                    max_bytes=max_bytes,
                    authorization=authorization,
                    expect=_REFUSED,
                    hidden=keys.secrets,
                )
            except Unreachable as error:
                raise _unreachable(self.host, error) from None
            if response.status not in _REFUSED:
                return self._read(response), response
            refusal = Refusal(response, operation, self.host, keys)
            if not refusal.throttled or not left:
                break
            self.http.cancel.wait(wait * random.uniform(0.5, 1.5))
            wait *= 2
        raise refusal.error() or self.http.refusal(response, signed_in=True)

    def _read(self, response: Response) -> dict[str, Any]:
        try:
            answer: Any = msgspec.json.decode(response.body)
        except (msgspec.DecodeError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            _odd(self.host, "A JSON object was expected.")
        return answer


def _life(expires: object, response: Response, limits: OciLimits) -> float:
    """Return for how many seconds a password holds, by the server's clock where it tells that."""
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        return _LIFE
    try:
        now = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        now = time.time()
    return min(max(expires - now, limits.token_life_least), _LIFE)


def _unreachable(host: EcrHost, error: Unreachable) -> Unreachable:
    """Return the error with the region named, where the API's host is not known at all."""
    if error.code != "dns":
        return error
    return Unreachable(
        str(error),
        cause=error.cause,
        remedy=f"Check the region {host.region} in the endpoint, and whether you are online.",
        code=error.code,
    )


def _odd(host: EcrHost, cause: str) -> NoReturn:
    raise BadAnswer(
        f"{host.api} answered with something that Amazon ECR does not send.",
        cause=cause,
        remedy="Check the proxy: another server may answer in its place.",
        code="bad-aws-answer",
    )


def _no_keys(host: EcrHost) -> RegistryError:
    return SignInFailed(
        f"{host.host} wants a sign-in.",
        cause="Private registries of Amazon ECR are read with AWS keys.",
        remedy="Enter an access key and its secret access key.",
        code="needs-sign-in",
    )


def _no_list(host: EcrHost) -> NotFound:
    return NotFound(
        f"{host.host} has no list of its repositories.",
        cause="Amazon lists public repositories to their owners only, signed in with AWS keys.",
        remedy="Enter the repositories to read, such as alias/name.",
        code="no-catalog",
    )
