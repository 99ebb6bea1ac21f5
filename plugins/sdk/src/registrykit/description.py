"""A registry type as data: everything that can be known of it without loading its plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from registrykit.artifacts import ArtifactKind
from registrykit.forms import FormSpec, compile_form

if TYPE_CHECKING:
    from registrykit.registry import RegistryType


class TypeDescription(msgspec.Struct, frozen=True):
    """Everything about a type that the program can keep without loading its plugin.

    Where `confirmation` is not empty, whoever adds a registry is shown it and confirms it first.
    """

    id: str
    title: str
    summary: str
    icon: str
    help_url: str
    editions: tuple[str, ...]
    config_version: int
    kinds: tuple[ArtifactKind, ...]
    form: FormSpec
    environment: tuple[str, ...] = ()
    confirmation: str = ""


def describe(registry_type: RegistryType[Any]) -> TypeDescription:
    """Return the type as data; raises TypeError or AttributeError where it breaks the contract."""
    return TypeDescription(
        id=registry_type.id,
        title=registry_type.title,
        summary=registry_type.summary,
        icon=registry_type.icon,
        help_url=registry_type.help_url,
        editions=tuple(sorted(registry_type.editions)),
        config_version=registry_type.config_version,
        kinds=registry_type.kinds,
        form=compile_form(registry_type.Config),
        environment=tuple(registry_type.environment),
        confirmation=registry_type.confirmation,
    )
