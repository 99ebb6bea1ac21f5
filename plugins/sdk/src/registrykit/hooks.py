"""The hooks that a plugin can implement; each is called once, when the plugin is loaded.

A distribution announces its module in the entry-point group `registrykit`::

    [project.entry-points."registrykit"]
    acme = "registrykit_acme"

and the module implements the hook::

    from registrykit import hookimpl

    @hookimpl
    def register_registry_types():
        from registrykit_acme.registry import AcmeRegistry
        return [AcmeRegistry()]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from registrykit.registry import RegistryType

GROUP = "registrykit"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """The specification; pluggy compares the signatures of implementations with it."""

    @hookspec
    def register_registry_types(self) -> Iterable[RegistryType[Any]]:
        """Return the registry types of this plugin, one object for each type."""
        raise NotImplementedError
