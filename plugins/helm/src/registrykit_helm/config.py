"""What a Helm repository asks the user for, and what can be wrong with it before any request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, SecretStr

from registrykit.forms import Problem, Ui
from registrykit.registry import RegistryConfig
from registrykit_helm import address

LONGEST_PEM = 1024 * 1024

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_CERTIFICATE = re.compile(
    # One sign of white space, so that a file full of it is looked through once.
    r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s[A-Za-z0-9+/=\s]+"
    r"-----END (?:TRUSTED |X509 )?CERTIFICATE-----"
)


class _RepositoryFields(BaseModel):
    """The fields that stand before those of every registry.

    pydantic orders fields from the last base class to the first, and a form follows that order.
    """

    endpoint: Annotated[
        str,
        Ui(
            "Endpoint",
            "URL of the repository: the folder that index.yaml is in.",
            placeholder="https://charts.example.com",
            kind="url",
        ),
    ]
    auth: Annotated[
        Literal["none", "basic", "token"],
        Ui(
            "Authentication",
            "Sent to the endpoint's own host only, never to another one that the index names.",
            choice_labels={
                "none": "No authentication",
                "basic": "User name and password",
                "token": "Token",
            },
        ),
    ] = "none"
    username: Annotated[str, Ui("User name", show_if={"auth": "basic"})] = ""
    password: Annotated[
        SecretStr | None,
        Ui("Password", show_if={"auth": "basic"}),
    ] = None
    token: Annotated[
        SecretStr | None,
        Ui("Token", "Sent as a bearer token.", show_if={"auth": "token"}),
    ] = None
    synchronization: Annotated[
        bool,
        Ui(
            "Synchronization",
            "Reads the index every 24 hours. Switched off, it is read once when the repository is "
            "added, and afterwards by hand.",
        ),
    ] = True


class HelmConfig(RegistryConfig, _RepositoryFields):
    """Everything that is known about one Helm repository before it is asked."""


def problems(config: HelmConfig) -> Iterator[Problem]:
    """Yield what cannot work, field by field."""
    for message, remedy in address.troubles(config.endpoint):
        yield Problem("endpoint", message, remedy)
    if config.auth == "basic":
        yield from _username_problems(config.username)
        if _CONTROL.search(_plain(config.password)):
            yield Problem(
                "password",
                "The password contains a line break or a tab.",
                "Enter it again, without what was copied along.",
            )
    elif config.auth == "token":
        yield from _token_problems(_plain(config.token))
    if config.ca_certificate.strip():
        yield from _certificate_problems(
            "ca_certificate", "CA certificate", config.ca_certificate, "Remove the private key."
        )
    yield from _client_problems(config.client_certificate, _plain(config.client_key))


def _username_problems(username: str) -> Iterator[Problem]:
    if not username.strip():
        yield Problem("username", "The user name is missing.", "Enter the user name.")
    elif ":" in username:
        yield Problem(
            "username",
            "A user name cannot contain a colon.",
            "Enter only what stands before the colon, and the rest as password.",
        )
    elif _CONTROL.search(username):
        yield Problem("username", "The user name contains an unprintable character.", "Remove it.")


def _token_problems(token: str) -> Iterator[Problem]:
    if not token.strip():
        yield Problem("token", "The token is missing.", "Enter the token.")
    elif re.search(r"[^\x21-\x7e]", token):
        yield Problem(
            "token",
            "The token contains a space, a line break or a letter that no token has.",
            "Enter the token alone, without the word Bearer before it.",
        )


def _client_problems(certificate: str, key: str) -> Iterator[Problem]:
    if certificate.strip():
        yield from _certificate_problems(
            "client_certificate",
            "client certificate",
            certificate,
            "Move the private key into the field for the client key, which is kept in the keyring.",
        )
        if not key.strip():
            yield Problem(
                "client_key",
                "The client certificate has no key.",
                "Enter the private key that belongs to it.",
            )
    if not key.strip():
        return
    if not certificate.strip():
        yield Problem(
            "client_certificate",
            "The client key has no certificate.",
            "Enter the certificate that belongs to it.",
        )
    if "ENCRYPTED" in key and (_KEY.search(key) or "Proc-Type:" in key):
        yield Problem(
            "client_key",
            "The client key is protected by a passphrase.",
            "Enter the key without the passphrase; it is kept in the keyring.",
        )
    elif not _KEY.search(key):
        yield Problem(
            "client_key",
            "The client key is not a private key in PEM form.",
            "Enter the text from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----.",
        )


def _certificate_problems(field: str, called: str, pem: str, key_remedy: str) -> Iterator[Problem]:
    remedy = "Enter the text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."
    if _KEY.search(pem):
        # This field is stored in the open, so a key in it would be as well.
        yield Problem(field, f"The {called} holds a private key.", key_remedy)
    elif len(pem) > LONGEST_PEM:
        yield Problem(field, f"The {called} is larger than 1 MiB.", remedy)
    elif not _CERTIFICATE.search(pem):
        yield Problem(field, f"The {called} is not a certificate in PEM form.", remedy)


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
