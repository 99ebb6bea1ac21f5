"""What a legacy pack registry asks the user for, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, SecretStr

from registrykit.forms import Problem, Ui
from registrykit.problems import login_problems, tls_problems, token_problems
from registrykit.registry import RegistryConfig
from registrykit_legacy_pack import address


class _RegistryFields(BaseModel):
    """The fields that stand before those of every registry.

    pydantic orders fields from the last base class to the first, and a form follows that order.
    """

    endpoint: Annotated[
        str,
        Ui(
            "Endpoint",
            "URL of the registry server, with https:// before it.",
            placeholder="https://registry.example.com",
            kind="url",
        ),
    ]
    auth: Annotated[
        Literal["basic", "token", "none"],
        Ui(
            "Authentication",
            "Sent to the endpoint's own host only.",
            choice_labels={
                "basic": "User name and password",
                "token": "Token",
                "none": "No authentication",
            },
        ),
    ] = "basic"
    username: Annotated[str, Ui("User name", show_if={"auth": "basic"})] = ""
    password: Annotated[
        SecretStr | None,
        Ui("Password", show_if={"auth": "basic"}),
    ] = None
    token: Annotated[
        SecretStr | None,
        Ui("Token", "Sent as a bearer token.", show_if={"auth": "token"}),
    ] = None


class LegacyPackConfig(RegistryConfig, _RegistryFields):
    """Everything that is known about one legacy pack registry before it is asked."""


def problems(config: LegacyPackConfig) -> Iterator[Problem]:
    """Yield what cannot work, field by field."""
    for message, remedy in address.troubles(config.endpoint):
        yield Problem("endpoint", message, remedy)
    if config.auth == "basic":
        yield from login_problems(config.username, config.password)
    elif config.auth == "token":
        yield from token_problems(config.token)
    yield from tls_problems(config)
