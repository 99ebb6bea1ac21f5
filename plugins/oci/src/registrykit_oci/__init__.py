"""OCI registries: Helm charts, Zarf packages, packs, and whatever else is kept there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from registrykit.hooks import hookimpl

if TYPE_CHECKING:
    from registrykit.registry import RegistryType


@hookimpl
def register_registry_types() -> Iterable[RegistryType[Any]]:
    """Return the one type of this plugin."""
    from registrykit_oci.registry import OciRegistry

    return [OciRegistry()]
