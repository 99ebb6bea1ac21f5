"""What the API of Amazon ECR says when it refuses, in words that help."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from registrykit.errors import (
    BadAnswer,
    NotAllowed,
    NotFound,
    RegistryError,
    SignInFailed,
    Throttled,
    Unreachable,
)
from registrykit.http import explain

if TYPE_CHECKING:
    from registrykit.http import Response
    from registrykit.oci.ecr.hosts import EcrHost
    from registrykit.oci.ecr.keys import AwsKeys

_LONGEST_SKEW = 270.0
"""In seconds. AWS accepts signatures that are up to five minutes old."""
_PERMISSION = re.compile(r"not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)")
_WHO = re.compile(r"arn:[a-z0-9-]+:(?:iam|sts)::([0-9]{12}):[\w+=,.@/-]+")
_TIMED = ("signature expired", "signature not yet current")

Words = Callable[["Refusal"], RegistryError]


class Refusal:
    """One answer of the API that is no success, in parts."""

    def __init__(self, response: Response, operation: str, host: EcrHost, keys: AwsKeys) -> None:
        self.operation = operation
        self.host = host
        self.keys = keys
        self.skew = _skew(response)
        try:
            answer: Any = msgspec.json.decode(response.body)
        except (msgspec.DecodeError, RecursionError):
            answer = None
        told = answer if isinstance(answer, dict) else {}
        kind = told.get("__type") or response.headers.get("x-amzn-errortype", "")
        # com.amazonaws.ecr#ThrottlingException, or with a URL behind it in the header.
        kind = str(kind).rpartition("#")[2].partition(":")[0]
        self.kind = kind.removesuffix("Exception") if isinstance(kind, str) else ""
        message = told.get("message") or told.get("Message") or ""
        mask = explain.Mask(None, keys.secrets)
        self.message = mask(message) if isinstance(message, str) else ""

    @property
    def said(self) -> str:
        """The message as it may be shown."""
        text = explain.clean(self.message, 400)
        return f"AWS says: “{text}”" if text else "AWS does not say more."

    @property
    def throttled(self) -> bool:
        return self.kind in _THROTTLED

    def error(self) -> RegistryError | None:
        """Return what it means to people; None if this is no answer of AWS."""
        if self.throttled:
            return Throttled(f"{self.host.api} asks to slow down.", cause=self.said)
        words = _WORDS.get(self.kind)
        if words is not None:
            return words(self)
        if not self.kind:
            return None
        return BadAnswer(
            f"{self.host.api} refused {self.operation}.",
            cause=f"{self.kind}: {self.said}",
            remedy="Check the endpoint and the keys.",
            code="aws-refused",
        )


def _skew(response: Response) -> float:
    """Return by how many seconds this computer's clock is ahead of the server's."""
    try:
        there = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    there = there if there.tzinfo else there.replace(tzinfo=UTC)
    return (datetime.now(UTC) - there).total_seconds()


def _bad_signature(refusal: Refusal) -> RegistryError:
    timed = refusal.message.lower().startswith(_TIMED)
    if abs(refusal.skew) > _LONGEST_SKEW or timed:
        far = abs(refusal.skew)
        where = "ahead" if refusal.skew > 0 else "behind"
        by = f"about {_span(far)} {where}" if far > _LONGEST_SKEW else "wrong"
        return SignInFailed(
            f"This computer's clock is {by}.",
            cause="AWS accepts signatures for five minutes, by its own clock.",
            remedy="Set the clock, and let the system keep it right; then try again.",
            code="clock-wrong",
        )
    return SignInFailed(
        "The secret access key does not belong to the access key.",
        cause=f"{refusal.host.api} computed another signature.",
        remedy="Enter both again, as they were shown when the key was made.",
        code="wrong-secret-key",
    )


def _unknown_key(refusal: Refusal) -> RegistryError:
    keys, region = refusal.keys, refusal.host.region
    if keys.access_key.startswith("ASIA") and not keys.session_token:
        return SignInFailed(
            "The session token is missing.",
            cause="Access keys that begin with ASIA are temporary, and AWS wants their token too.",
            remedy="Enter all three: access key, secret access key and session token.",
            code="session-token-missing",
        )
    what = "access key or its session token" if keys.session_token else "access key"
    return SignInFailed(
        f"AWS does not know the {what}.",
        cause=f"{refusal.said} The key may be deleted or switched off, belong to another part of "
        f"AWS (China, GovCloud), or to an account in which the region {region} is not enabled.",
        remedy="Check the key in the AWS console, and the region in the endpoint.",
        code="unknown-access-key",
    )


def _expired(refusal: Refusal) -> RegistryError:
    return SignInFailed(
        "The temporary AWS keys have expired.",
        cause=refusal.said,
        remedy="Enter new ones: access key, secret access key and session token.",
        code="session-expired",
    )


def _denied(refusal: Refusal) -> RegistryError:
    found = _PERMISSION.search(refusal.message)
    permission = found[1] if found else f"{refusal.host.service}:{refusal.operation}"
    who = _WHO.search(refusal.message)
    account = refusal.host.account
    if account and who and who[1] != account:
        return NotAllowed(
            f"These AWS keys do not have the permission {permission} in account {account}.",
            cause=f"They belong to account {who[1]}, the registry to {account}. {refusal.said}",
            remedy="Enter keys of the registry's account, or check the number at the beginning of "
            "the endpoint.",
            code="aws-account",
        )
    explicit = "explicit deny" in refusal.message
    return NotAllowed(
        f"These AWS keys do not have the permission {permission}.",
        cause=("A policy denies it explicitly. " if explicit else "") + refusal.said,
        remedy="Ask whoever looks after the AWS account "
        + (f"to lift the deny of {permission}." if explicit else f"to allow {permission}."),
        code="aws-permission",
    )


def _missing(refusal: Refusal) -> RegistryError:
    return NotFound(
        f"{refusal.host.host} has no such registry or repository.",
        cause=refusal.said,
        remedy="Check the account and the region in the endpoint, and the paths.",
        code="no-repository",
    )


def _server(refusal: Refusal) -> RegistryError:
    return Unreachable(
        f"{refusal.host.api} has a fault of its own.",
        cause=refusal.said,
        remedy="Try again later.",
        code="server-error",
    )


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    hours = round(seconds / 3600)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24):,} days"


_THROTTLED = frozenset(
    ("RequestLimitExceeded", "RequestThrottled", "Throttled", "Throttling", "TooManyRequests")
)
_WORDS: dict[str, Words] = {
    "AccessDenied": _denied,
    "ExpiredToken": _expired,
    "InvalidClientTokenId": _unknown_key,
    "InvalidSignature": _bad_signature,
    "OptInRequired": _unknown_key,
    "RegistryNotFound": _missing,
    "RepositoryNotFound": _missing,
    "RequestExpired": _bad_signature,
    "RequestTimeTooSkewed": _bad_signature,
    "Server": _server,
    "ServiceUnavailable": _server,
    "SignatureDoesNotMatch": _bad_signature,
    "UnauthorizedOperation": _denied,
    "UnrecognizedClient": _unknown_key,
}
