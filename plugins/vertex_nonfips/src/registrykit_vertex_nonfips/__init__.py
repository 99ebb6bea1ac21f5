"""VerteX non-FIPS pack registries: packs that have to be allowed before they are used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from registrykit.hooks import hookimpl

if TYPE_CHECKING:
    from registrykit.registry import RegistryType


@hookimpl
def register_registry_types() -> Iterable[RegistryType[Any]]:
    """Return the one type of this plugin."""
    from registrykit_vertex_nonfips.registry import VertexNonFipsRegistry

    return [VertexNonFipsRegistry()]
