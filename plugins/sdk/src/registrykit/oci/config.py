"""How a registry type asks for the sign-in to an OCI registry, and what comes of it.

class AcmeConfig(RegistryConfig, OciSignIn, AcmeFields): ...

The keys are those of Palette and its Terraform provider. A type that offers fewer ways to sign in
declares `auth` anew with the choices that it has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, SecretStr

from registrykit.forms import Problem, Ui
from registrykit.oci.addresses import Address
from registrykit.problems import login_problems, plain
from registrykit.urls import Basic, Origin

if TYPE_CHECKING:
    from registrykit.http import Http
    from registrykit.oci.sign_in import Renewable

SignIn = tuple["Renewable | None", "Callable[[str], Iterable[str]] | None"]
"""`credentials` and `names` of a `registrykit.oci.content.Source`."""

_PRINTED = re.compile(r"[\x21-\x7e]+")
_BASIC = {"auth": "basic"}
_KEYS = {"auth": "ecr", "aws_credentials": "keys"}


class OciSignIn(BaseModel):
    """The fields for the sign-in; a subclass of `RegistryConfig` mixes them in."""

    auth: Annotated[
        Literal["none", "basic", "ecr"],
        Ui(
            "Authentication",
            "Sent to the registry's own host, and to a host for tokens only if you approved it.",
            choice_labels={
                "none": "No authentication",
                "basic": "User name and password",
                "ecr": "AWS (Amazon ECR)",
            },
        ),
    ] = "none"
    username: Annotated[
        str, Ui("User name", "Left empty with the password, nobody signs in.", show_if=_BASIC)
    ] = ""
    password: Annotated[
        SecretStr | None,
        Ui("Password", "A password, or a token that is used as one.", show_if=_BASIC),
    ] = None
    aws_credentials: Annotated[
        Literal["keys"],
        Ui("AWS credentials", choice_labels={"keys": "Access key"}, show_if={"auth": "ecr"}),
    ] = "keys"
    access_key: Annotated[
        str,
        Ui(
            "Access key",
            "The ID of an AWS access key that may read the registry.",
            placeholder="AKIA…",
            show_if=_KEYS,
        ),
    ] = ""
    secret_key: Annotated[
        SecretStr | None,
        Ui("Secret access key", "It signs requests and is itself never sent.", show_if=_KEYS),
    ] = None
    session_token: Annotated[
        SecretStr | None,
        Ui("Session token", "Only with temporary keys.", show_if=_KEYS),
    ] = None


def sign_in_problems(config: OciSignIn, address: Address | None) -> Iterator[Problem]:
    """Yield what cannot work; `address` is None while the endpoint is none."""
    if config.auth == "basic" and (config.username or plain(config.password)):
        yield from login_problems(config.username, config.password)
    elif config.auth == "ecr":
        yield from _aws_problems(config, address)


def login(config: OciSignIn) -> Basic | None:
    """Return the user name and the password; None where nobody signs in with one.

    A default registry has a sign-in that nobody has filled in yet: it is asked bare, and says
    itself that it wants one.
    """
    if config.auth != "basic" or not config.username:
        return None
    return Basic(config.username, plain(config.password))


def origins(config: OciSignIn, address: Address) -> frozenset[Origin]:
    """Return where credentials may go: the registry, its token server, the API of Amazon ECR."""
    found = address.origins
    if config.auth == "ecr":
        from registrykit.oci.ecr import ecr_host

        if host := ecr_host(address.origin.host):
            found |= host.origins
    return found


def sign_in(config: OciSignIn, address: Address, http: Http) -> SignIn:
    """Return what a `Source` needs besides the credentials that `http` has: those of AWS.

    Keys are given to hosts of Amazon ECR alone, over https, whatever was entered.
    """
    if config.auth != "ecr":
        return None, None
    from registrykit.oci.ecr import AwsKeys, Ecr, ecr_host

    host, access = ecr_host(address.origin.host), config.access_key.strip()
    secret = plain(config.secret_key)
    if host is None or address.origin not in host.origins:
        return None, None
    keys = AwsKeys(access, secret, plain(config.session_token)) if access or secret else None
    ecr = Ecr(http, host, keys)
    return ecr.sign_in, ecr.repositories


def _aws_problems(config: OciSignIn, address: Address | None) -> Iterator[Problem]:
    from registrykit.oci.ecr import ecr_host

    host = ecr_host(address.origin.host) if address else None
    if address and (host is None or address.origin not in host.origins):
        yield Problem(
            "auth",
            f"{address.origin} is not a registry of Amazon ECR, so AWS keys are never used for it.",
            "Choose another authentication, or enter the endpoint as AWS shows it: "
            "123456789012.dkr.ecr.us-east-1.amazonaws.com.",
        )
        return
    if host is not None and host.public and not config.access_key and not config.secret_key:
        return
    for field, called, text in (
        ("access_key", "access key", config.access_key.strip()),
        ("secret_key", "secret access key", plain(config.secret_key)),
        ("session_token", "session token", plain(config.session_token)),
    ):
        if not text.strip() and field != "session_token":
            yield Problem(field, f"The {called} is missing.", "Enter it.")
        elif text and not _PRINTED.fullmatch(text):
            yield Problem(
                field,
                f"The {called} contains a space, a line break or a letter that no key has.",
                "Enter it again, without what was copied along.",
            )
