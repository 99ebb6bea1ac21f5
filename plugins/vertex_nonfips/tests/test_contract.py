"""The contract of a registry type, with the plugin in worker processes of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from registrykit.oci.media import EMPTY
from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.oci import Layer, Manners, OciSite
from registrykit.testing.pack_sites import pack_archive
from registrykit.testing.tokens import TokenServer
from registrykit.urls import Basic
from registrykit_vertex_nonfips.registry import VertexNonFipsRegistry

ACCOUNT = Basic("robot", "password-canary")


def archive(name: str, version: str) -> bytes:
    described = {"name": name, "version": version, "layer": "addon", "addonType": "ingress"}
    files = {
        "pack.json": json.dumps(described).encode(),
        "values.yaml": f"pack:\n  namespace: {name}\n".encode(),
        "README.md": f"# {name} {version}\n".encode(),
    }
    return pack_archive(f"{name}-{version}", files)


def push(site: OciSite, base: str, name: str, version: str, *, empty: bool = False) -> None:
    """Push a pack as oras does it: of old with an unknown config, today with an empty one."""
    repository = f"{base}/spectro-packs/archive/{name}"
    layer = Layer(archive(name, version), title=f"{name}-{version}.tar.gz")
    shape: dict[str, Any] = {}
    if empty:
        shape = {"config_type": EMPTY, "artifactType": "application/vnd.spectro.pack"}
    site.push_image(repository, version, layers=[layer], **shape)


def served(site: OciSite, *bases: str, empty: bool = False) -> Served:
    held = [("nginx", "1.26.0"), ("nginx", "1.27.0"), ("vault", "0.1.0")]
    for base in bases:
        for name, version in held:
            push(site, base, name, version, empty=empty)
    gone = f"{bases[0]}/spectro-packs/archive"

    def change() -> None:
        push(site, bases[0], "consul", "0.2.0", empty=empty)
        site.delete(f"{gone}/vault")
        site.delete(f"{gone}/nginx", "1.26.0")

    return Served(
        config={
            "preset": "custom",
            "endpoint": site.endpoint,
            "base_content_path": [*bases],
            "auth": "basic",
            "username": ACCOUNT.username,
            "password": ACCOUNT.password,
        },
        stop=site.stop,
        change=change,
        expect={
            (f"{base}/spectro-packs/archive/{name}", version)
            for base in bases
            for name, version in held
        },
    )


class NonFipsContract(RegistryTypeContract):
    registry_type = VertexNonFipsRegistry
    has_documents = True
    can_save = True


class TestOneBaseWithEmptyConfigs(NonFipsContract):
    @pytest.fixture
    def registry(self) -> Iterator[Served]:
        with OciSite(sign_in=ACCOUNT) as site:
            yield served(site, "team", empty=True)


class TestTwoBasesInPagesWithTokens(NonFipsContract):
    @pytest.fixture
    def registry(self) -> Iterator[Served]:
        tokens = TokenServer({ACCOUNT.username: ACCOUNT.password})
        with OciSite(tokens=tokens, manners=Manners(page_size=2)) as site:
            yield served(site, "team/packs", "community")
