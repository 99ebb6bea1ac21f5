"""The contract of a registry type, with the plugin in worker processes of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.pack_sites import Files, LegacyPackSite
from registrykit.urls import Basic, Bearer
from registrykit_legacy_pack.registry import LegacyPackRegistry

if TYPE_CHECKING:
    from plugins.legacy_pack.tests.conftest import MakePack

Held = Mapping[str, Mapping[str, Files]]


def served(site: LegacyPackSite, held: Held, pack: MakePack, home: Path, **values: Any) -> Served:
    login = base64.b64encode(b"robot:elsewhere-canary").decode()
    file = home / ".spectro" / "config.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"auths": {"packs.example.com:5000": {"auth": login}}}), "utf-8")
    site.publish(held)

    def change() -> None:
        site.push("consul", "0.2.0", pack("consul", "0.2.0"))
        site.delete("vault")
        site.delete("nginx", "1.26.0")

    return Served(
        config={"endpoint": site.endpoint, **values},
        stop=site.stop,
        change=change,
        expect={
            ("nginx", "1.26.0"),
            ("nginx", "1.27.0"),
            ("ubuntu", "22.4.3"),
            ("ubuntu", "24.4.1"),
            ("vault", "0.1.0"),
        },
        environ={"HOME": str(home)},
    )


class LegacyPackContract(RegistryTypeContract):
    registry_type = LegacyPackRegistry
    has_documents = True
    can_save = True


class TestWithPassword(LegacyPackContract):
    @pytest.fixture
    def registry(self, held: Held, pack: MakePack, tmp_path: Path) -> Iterator[Served]:
        with LegacyPackSite(sign_in=Basic("robot", "password-canary"), page_size=2) as site:
            login = {"username": "robot", "password": "password-canary"}
            yield served(site, held, pack, tmp_path, auth="basic", **login)


class TestFileByFileWithToken(LegacyPackContract):
    @pytest.fixture
    def registry(self, held: Held, pack: MakePack, tmp_path: Path) -> Iterator[Served]:
        site = LegacyPackSite(sign_in=Bearer("token-canary"), shape="files", list_etags=True)
        with site:
            yield served(site, held, pack, tmp_path, auth="token", token="token-canary")
