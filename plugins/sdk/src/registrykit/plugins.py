"""Loading one plugin: from an installed distribution to its registry types."""

from __future__ import annotations

from importlib.metadata import Distribution, EntryPoint, distribution
from types import ModuleType
from typing import Any

import pluggy

from registrykit.hooks import GROUP, Hooks
from registrykit.registry import RegistryType


def entry_points(dist: Distribution) -> list[EntryPoint]:
    """Return the entry points with which the distribution announces plugins, by name."""
    return sorted((ep for ep in dist.entry_points if ep.group == GROUP), key=lambda ep: ep.name)


def load_types(distribution_name: str) -> list[RegistryType[Any]]:
    """Import the plugin and return its registry types.

    Raises whatever the plugin raises, TypeError where it returns something else, and
    `pluggy.PluginValidationError` for hooks that do not exist.
    """
    types: list[RegistryType[Any]] = []
    for entry_point in entry_points(distribution(distribution_name)):
        types.extend(types_of(entry_point.load(), entry_point.name))
    return types


def types_of(plugin: ModuleType | object, name: str) -> list[RegistryType[Any]]:
    """Return the registry types that a plugin object registers through its hooks."""
    hooks = pluggy.PluginManager(GROUP)
    hooks.add_hookspecs(Hooks)
    hooks.register(plugin, name)
    hooks.check_pending()
    types: list[RegistryType[Any]] = []
    for result in hooks.hook.register_registry_types():
        for registry_type in result:
            if not isinstance(registry_type, RegistryType):
                raise TypeError(
                    f"register_registry_types() returned {type(registry_type).__name__}, "
                    "expected objects of a RegistryType subclass"
                )
            types.append(registry_type)
    return types
