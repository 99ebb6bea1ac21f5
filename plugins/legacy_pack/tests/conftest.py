"""What the tests of this plugin share: packs, and a registry that serves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from registrykit.testing.pack_sites import Files, LegacyPackSite

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


def make_pack(name: str, version: str, /, *, text: str = "", **fields: Any) -> dict[str, bytes]:
    """Return the files of a pack; `fields` are further ones of its pack.json."""
    described = {
        "name": name,
        "version": version,
        "displayName": name.title(),
        "layer": "addon",
        "addonType": "ingress",
        "cloudTypes": ["all"],
        "annotations": {"description": f"About {name}"},
        **fields,
    }
    values = f"pack:\n  namespace: {name}\n  content:\n    images:\n    - image: {name}:{version}\n"
    return {
        "pack.json": json.dumps(described).encode(),
        "values.yaml": values.encode(),
        "README.md": f"# {name} {version}\n{text}".encode(),
        "presets.yaml": b"presets:\n- name: small\n  group: size\n",
        "logo.png": PNG,
    }


MakePack = Callable[..., dict[str, bytes]]


@pytest.fixture
def pack() -> MakePack:
    return make_pack


@pytest.fixture
def held() -> Mapping[str, Mapping[str, Files]]:
    """Three packs with five versions."""
    return {
        "nginx": {version: make_pack("nginx", version) for version in ("1.26.0", "1.27.0")},
        "ubuntu": {
            "lts__22.4.3": make_pack("ubuntu", "22.4.3", layer="os"),
            "24.4.1": make_pack("ubuntu", "24.4.1", layer="os"),
        },
        "vault": {"0.1.0": make_pack("vault", "0.1.0", annotations={"system_state": "deprecated"})},
    }


@pytest.fixture
def site(held: Mapping[str, Mapping[str, Files]]) -> Iterator[LegacyPackSite]:
    with LegacyPackSite() as served:
        served.publish(held)
        yield served
