"""What can be wrong with what users enter for the fields that many types have: sign-in and TLS.

For `RegistryType.validate`. No problem repeats what was entered in a secret field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from registrykit.forms import Problem
from registrykit.urls import address_of, is_link_local

if TYPE_CHECKING:
    from pydantic import SecretStr

    from registrykit.registry import RegistryConfig

LONGEST_PEM = 1024 * 1024

_SECRET_NAME = re.compile(
    r"key|(?:.*[-_.])?(?:token|secret|password|passwd|pwd|signature|sig|auth|credential"
    r"|(?:api|access|account|private|secret)[-_.]?key)s?"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_TOKENS = re.compile(r"[^\x21-\x7e]")
_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_CERTIFICATE = re.compile(
    # One sign of white space, so that a file full of it is looked through once.
    r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s[A-Za-z0-9+/=\s]+"
    r"-----END (?:TRUSTED |X509 )?CERTIFICATE-----"
)


def plain(secret: SecretStr | None) -> str:
    """Return the text of a secret field, empty where nothing was entered."""
    return secret.get_secret_value() if secret else ""


def host_trouble(host: str) -> tuple[str, str] | None:
    """Return what is wrong with a host that is never read, and what to do; None for all others."""
    address = address_of(host)
    if address is None or not (is_link_local(address) or address.is_unspecified):
        return None
    return (
        f"The address {host} is not that of a registry.",
        "Enter the name of the server. Addresses of this kind hand out the passwords of cloud "
        "machines, so they are never read.",
    )


def login_problems(username: str, password: SecretStr | None) -> Iterator[Problem]:
    """Yield what is wrong with a user name and a password that are sent as Basic credentials."""
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
    if not plain(password):
        yield Problem("password", "The password is missing.", "Enter the password.")
    elif _CONTROL.search(plain(password)):
        yield Problem(
            "password",
            "The password contains a line break or a tab.",
            "Enter it again, without what was copied along.",
        )


def token_problems(token: SecretStr | None) -> Iterator[Problem]:
    """Yield what is wrong with a token that is sent as a bearer token."""
    text = plain(token)
    if not text.strip():
        yield Problem("token", "The token is missing.", "Enter the token.")
    elif _NOT_IN_TOKENS.search(text):
        yield Problem(
            "token",
            "The token contains a space, a line break or a letter that no token has.",
            "Enter the token alone, without the word Bearer before it.",
        )


def tls_problems(config: RegistryConfig) -> Iterator[Problem]:
    """Yield what is wrong with the certificates and the key that every type asks for."""
    if config.ca_certificate.strip():
        yield from _certificate_problems(
            "ca_certificate", "CA certificate", config.ca_certificate, "Remove the private key."
        )
    certificate, key = config.client_certificate, plain(config.client_key)
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
    if key.strip():
        yield from _key_problems(key, has_certificate=bool(certificate.strip()))


def _key_problems(key: str, *, has_certificate: bool) -> Iterator[Problem]:
    if not has_certificate:
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


def secret_names(query: str) -> list[str]:
    """Return the names in a query that secrets usually go by."""
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    apart = (re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in names)
    return [name for name, words in zip(names, apart, strict=True) if _SECRET_NAME.fullmatch(words)]


def without_secrets(text: str) -> tuple[str, list[str]]:
    """Return a URL without the part after #, and without the secrets in its query; and their names.

    The text need not be a URL that can be used.
    """
    place, question_mark, query = text.partition("#")[0].partition("?")
    names, kept = list[str](), list[str]()
    for part in query.split("&"):
        found = secret_names(part)
        names += found
        if not found:
            kept.append(part)
    return (place + question_mark + "&".join(kept) if kept else place), names
