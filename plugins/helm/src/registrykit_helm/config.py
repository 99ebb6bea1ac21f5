"""What a Helm repository asks the user for, and what can be wrong with it before any request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, SecretStr

from registrykit.forms import Problem, Ui
from registrykit.problems import login_problems, tls_problems, token_problems
from registrykit.registry import RegistryConfig
from registrykit_helm import address


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
        yield from login_problems(config.username, config.password)
    elif config.auth == "token":
        yield from token_problems(config.token)
    yield from tls_problems(config)
