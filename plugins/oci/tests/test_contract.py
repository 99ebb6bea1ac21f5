"""The contract of a registry type, with the plugin in worker processes of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.oci.tests import pushed
from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.oci import OciSite
from registrykit.testing.tokens import TokenServer
from registrykit.urls import Basic
from registrykit_oci.registry import OciRegistry

ROBOT = Basic("robot", "password-canary")
LOGIN = {"auth": "basic", "username": "robot", "password": "password-canary"}


def served(site: OciSite, home: Path, expect: Collection[tuple[str, str]], **values: Any) -> Served:
    login = base64.b64encode(b"robot:elsewhere-canary").decode()
    file = home / ".docker" / "config.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"auths": {"registry.example.com:5000": {"auth": login}}}), "utf-8")
    pushed.fill(site)

    def change() -> None:
        pushed.push_chart(site, "acme/charts/redis", "7.0.0")
        pushed.push_pack(site, "acme/spectro-packs/archive/vault", "0.2.0")
        pushed.push_zarf(site, "acme/zarf/podinfo", "6.5.0")
        site.delete("acme/charts/nginx", "1.0.0")
        site.delete("acme/spectro-packs/archive/ubuntu")
        site.delete("acme/zarf/init")

    return Served(
        config={"endpoint": site.endpoint, "base_content_path": ["acme"], **values},
        stop=site.stop,
        change=change,
        expect=expect,
        environ={"HOME": str(home)},
    )


class OciContract(RegistryTypeContract):
    registry_type = OciRegistry
    has_documents = True
    can_save = True


class TestEverything(OciContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> Iterator[Served]:
        with OciSite(sign_in=ROBOT) as site:
            expect = pushed.CHARTS | pushed.PACKS | pushed.ZARF | pushed.IMAGES
            yield served(site, tmp_path, expect, **LOGIN)


class TestCharts(OciContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> Iterator[Served]:
        # The token server is that of the registry itself, as with ghcr.io.
        with OciSite(tokens=TokenServer({"robot": "password-canary"})) as site:
            yield served(site, tmp_path, pushed.CHARTS, provider_type="helm", **LOGIN)


class TestPacks(OciContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> Iterator[Served]:
        with OciSite(sign_in=ROBOT) as site:
            yield served(site, tmp_path, pushed.PACKS, provider_type="pack", **LOGIN)


class TestZarf(OciContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> Iterator[Served]:
        with OciSite(sign_in=ROBOT, prefix="/artifactory/api/docker/key") as site:
            yield served(site, tmp_path, pushed.ZARF, provider_type="zarf", **LOGIN)
