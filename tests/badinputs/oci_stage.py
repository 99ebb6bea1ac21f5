"""An OCI registry that was synchronized once by the real program, for whatever happens next."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registrykit.oci.media import OCI_MANIFEST
from registrykit.testing.oci import OciSite
from registrykit.urls import Basic
from tests.charts import archive
from tests.e2e.layouts import push_chart, push_container_image
from tests.program import Program

CANARY = "c4nary-password"
ACCOUNT = Basic("robot", CANARY)
WEB, APP = "acme/web", "acme/app"
JSON = {"Content-Type": "application/json"}


@dataclass
class Stage:
    """A registry that was synchronized once, and its server."""

    program: Program
    site: OciSite
    before: Any = None

    def sync(self, code: int) -> dict[str, Any]:
        result = self.program.run("--json", "sync", "charts")
        assert result.code == code, result
        assert CANARY not in result.out + result.err
        assert "Traceback" not in result.err
        (run,) = result.json["runs"]
        assert isinstance(run, dict)
        return run

    def catalog(self) -> Any:
        return self.program.json("catalog", "list", "--registry", "charts")["artifacts"]

    def skipped(self, run: Mapping[str, Any]) -> dict[str, str]:
        """Return the reasons of a run by `path version`."""
        found = self.program.json("history", "charts", "--run", str(run["id"]))["skipped"]
        return {f"{one['artifact']} {one['version']}".strip(): one["reason"] for one in found}


def filled(site: OciSite) -> OciSite:
    push_chart(site, "acme", archive("web", "1.0.0"))
    push_chart(site, "acme", archive("web", "1.1.0"))
    push_container_image(site, APP, "v1", "amd64")
    return site


def add_to(program: Program, site: OciSite) -> None:
    program.json(
        "registry", "add", "oci", "--name", "charts", "--set", f"endpoint={site.endpoint}",
        "--set", "documents=on-demand", "--set", "auth=basic", "--set", "username=robot",
        "--secret", "password=env:REGISTRY_DESKTOP_SECRET_CHARTS_PASSWORD",
    )  # fmt: skip


Spoil = Callable[[Stage], None]
"""Lets the server of a stage do what it should not."""


def manifest(**fields: Any) -> bytes:
    config = {"mediaType": "x/y", "digest": "sha256:" + "0" * 64, "size": 2}
    told = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [], **fields}
    return json.dumps(told).encode()


def layer(**fields: Any) -> dict[str, Any]:
    return {"mediaType": "a/b", "digest": "sha256:" + "1" * 64, "size": 1, **fields}
