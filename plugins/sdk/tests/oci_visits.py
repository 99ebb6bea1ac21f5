"""What the tests of signing in to OCI registries share: a filled registry, read by somebody."""

from __future__ import annotations

import pytest

from registrykit.errors import RegistryError
from registrykit.http import Basic
from registrykit.oci import Image, Registry
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.servers import Site

ANN = Basic("ann", "hunter2")
USERS = {"ann": "hunter2"}


def filled(site: OciSite) -> OciSite:
    for name in ("acme/a", "acme/b"):
        site.push_image(name, "1.0", layers=[Layer(b"content", title="a.tgz")])
    return site


def read_all(registry: Registry) -> list[str]:
    """Read everything once, the blobs too; return the names."""
    names = list(registry.catalog())
    for name in names:
        for tag in registry.tags(name):
            manifest = registry.manifest(name, tag)
            assert isinstance(manifest.document, Image)
            layers = manifest.document.layers
            assert registry.read_blob(name, layers[0]) == b"content"
            with registry.blob(name, layers[0]) as blob:
                assert b"".join(blob) == b"content"
    return names


def refused(registry: Registry) -> RegistryError:
    with pytest.raises(RegistryError) as raised:
        read_all(registry)
    error = raised.value
    assert str(error)
    assert error.remedy
    assert "hunter2" not in f"{error} {error.cause} {error.remedy}"
    return error


def passwords(site: Site) -> int:
    return sum("Basic" in one.headers.get("authorization", "") for one in site.log)
