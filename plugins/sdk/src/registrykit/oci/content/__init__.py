"""What lies in an OCI registry: charts, packs, Zarf packages, images and whatever else is there.

    source = Source(read_address("registry.example.com/acme"), "pack", ("team",))
    yield from listing(ctx, source)

A type declares `kinds(provider)` and gives `listing`, `documents`, `save` and `commands` what it
was asked for. Provisional until 1.0. The names below are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registrykit.oci.content.checks import content_stages
    from registrykit.oci.content.saving import save
    from registrykit.oci.content.source import KINDS, Provider, Source, kinds, misplaced
    from registrykit.oci.content.synchronizing import listing
    from registrykit.oci.content.texts import documents
    from registrykit.oci.content.tools import commands

_PLACES = {
    "checks": "content_stages",
    "saving": "save",
    "source": "KINDS Provider Source kinds misplaced",
    "synchronizing": "listing",
    "texts": "documents",
    "tools": "commands",
}
# No function has the name of its module, which would hide it once that is imported.
_MODULES = {name: module for module, names in _PLACES.items() for name in names.split()}

__all__ = [
    "KINDS",
    "Provider",
    "Source",
    "commands",
    "content_stages",
    "documents",
    "kinds",
    "listing",
    "misplaced",
    "save",
]


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"registrykit.oci.content.{module}"), name)
    globals()[name] = found
    return found
