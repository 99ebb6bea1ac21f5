"""Read OCI registries: images, charts, packs and whatever else is kept like them.

    address = read_address("registry.example.com/acme")
    registry = Registry(ctx.http, address)
    for name in registry.catalog(under=address.base):
        tags = registry.tags(name)
        manifest = registry.manifest(name, tags.names[0])

A type returns `address.origins` from `origins`, so that its sign-in goes there and nowhere else.
Provisional until 1.0. The names below are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registrykit.oci.addresses import Address, Reference, read_address, read_reference
    from registrykit.oci.blobs import Blob
    from registrykit.oci.checks import stages
    from registrykit.oci.limits import OciLimits
    from registrykit.oci.listing import Listing
    from registrykit.oci.manifests import (
        Descriptor,
        Image,
        Index,
        Manifest,
        Platform,
        read_manifest,
    )
    from registrykit.oci.names import (
        digest_of,
        is_digest,
        is_repository,
        is_tag,
        repository_path,
    )
    from registrykit.oci.registry import Registry
    from registrykit.oci.sign_in import Probe, Renewable

_PLACES = {
    "addresses": "Address Reference read_address read_reference",
    "blobs": "Blob",
    "checks": "stages",
    "limits": "OciLimits",
    "listing": "Listing",
    "manifests": "Descriptor Image Index Manifest Platform read_manifest",
    "names": "digest_of is_digest is_repository is_tag repository_path",
    "registry": "Registry",
    "sign_in": "Probe Renewable",
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names.split()}

__all__ = [
    "Address",
    "Blob",
    "Descriptor",
    "Image",
    "Index",
    "Listing",
    "Manifest",
    "OciLimits",
    "Platform",
    "Probe",
    "Reference",
    "Registry",
    "Renewable",
    "digest_of",
    "is_digest",
    "is_repository",
    "is_tag",
    "read_address",
    "read_manifest",
    "read_reference",
    "repository_path",
    "stages",
]


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"registrykit.oci.{module}"), name)
    globals()[name] = found
    return found
