"""AWS keys, and the signature by which a request proves that its sender has them (SigV4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registrykit.errors import BadConfig

if TYPE_CHECKING:
    from registrykit.oci.ecr.hosts import EcrHost

_PRINTED = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """An access key with its secret; temporary ones have a session token too."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may stand in no message."""
        return tuple(filter(None, (self.secret_key, self.session_token)))

    def verify(self) -> None:
        """Raise `BadConfig` for keys with signs in them that no key has."""
        for text in (self.access_key, self.secret_key, self.session_token or "-"):
            if not _PRINTED.fullmatch(text):
                raise BadConfig(
                    "The AWS keys are not complete, or contain a character that no key has.",
                    cause="Keys have letters, digits and signs only, no blanks or line breaks.",
                    remedy="Enter the keys again, without what was copied along.",
                    code="bad-credentials",
                )


def signed(
    host: EcrHost, keys: AwsKeys, fields: Mapping[str, str], content: bytes
) -> tuple[dict[str, str], str]:
    """Return `fields` for a POST to the API's root with those that AWS wants, and the signature.

    Needs botocore, of which no session is made: nothing is read from files, the environment or the
    machine's surroundings.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
    except ImportError:
        raise BadConfig(
            "Signing in with AWS keys is not possible in this installation.",
            cause="The package botocore is missing.",
            remedy="Install registrykit[ecr], then try again.",
            code="botocore-missing",
        ) from None
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {**fields, "x-amz-date": moment}
    if keys.session_token:
        sent["x-amz-security-token"] = keys.session_token
    request = AWSRequest("POST", f"https://{host.api}/", headers=sent, data=content)
    request.context["timestamp"] = moment
    # Step by step, since the method that does it all writes to the log what it signs, and with it
    # the session token.
    signer = SigV4Auth(keys, host.service, host.region)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, "
        f"Signature={signer.signature(to_sign, request)}"
    )
    return sent, authorization
