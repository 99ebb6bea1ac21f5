"""Non-FIPS packs in VerteX by the command line: the real program, real workers, a real server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from desktop.store.database import FILE
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.pack_sites import pack_archive
from registrykit.urls import Basic
from tests.hostile.conftest import _settle as settle
from tests.program import Program

pytestmark = pytest.mark.e2e

TYPE, MODULE = "vertex-nonfips", "registrykit_vertex_nonfips"
ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = Basic("robot", "password-canary")
NOT_USABLE = "not usable in tenant default: non-FIPS packs are not allowed"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program with the plugin, in an environment of the edition vertex-airgap."""
    if TYPE in entry_points(group="registrykit").names:
        made = Program(tmp_path / "data")
    else:
        home = settle(tmp_path / "environment", ())
        (home.site_packages / "plugin.pth").write_text(f"{ROOT}/plugins/vertex_nonfips/src\n")
        metadata = home.site_packages / f"{MODULE}-0.1.0.dist-info"
        metadata.mkdir()
        named = "Metadata-Version: 2.1\nName: registrykit-vertex-nonfips\nVersion: 0.1.0\n"
        (metadata / "METADATA").write_text(f"{named}Requires-Dist: registrykit\n")
        (metadata / "entry_points.txt").write_text(f"[registrykit]\n{TYPE} = {MODULE}\n")
        made = Program(tmp_path / "data", python=home.python)
    made.env["PASSWORD"] = ACCOUNT.password
    made.env["REGISTRY_DESKTOP_SECRET_PACKS_PASSWORD"] = ACCOUNT.password
    made.env["LOGNAME"] = "anna"
    return made


@pytest.fixture
def site() -> Iterator[OciSite]:
    with OciSite(sign_in=ACCOUNT) as served:
        for name, annotations in (("nginx", {}), ("vault", {"fips": "yes"})):
            described = {"name": name, "version": "1.0.0", "annotations": annotations}
            files = {
                "pack.json": json.dumps(described).encode(),
                "README.md": f"# {name}\nServes reindeer.\n".encode(),
            }
            layer = Layer(pack_archive(f"{name}-1.0.0", files), title=f"{name}-1.0.0.tar.gz")
            served.push_image(f"team/spectro-packs/archive/{name}", "1.0.0", layers=[layer])
        yield served


def added(site: OciSite, *more: str) -> tuple[str, ...]:
    values = {
        "preset": "custom",
        "endpoint": site.endpoint,
        "base_content_path": "team",
        "auth": "basic",
        "username": ACCOUNT.username,
    }
    given = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    words = ("registry", "add", TYPE, "--name", "Packs", "--secret", "password=env:PASSWORD")
    return (*words, *given, *more)


def decisions(program: Program) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(program.data_dir / FILE)) as db:
        return db.execute("SELECT action, subject, detail FROM audit ORDER BY id").fetchall()


def shown(program: Program, name: str) -> Any:
    found = program.json("catalog", "show", "--registry", "Packs", name)
    return next(one["content"] for one in found["sections"] if one["kind"] == "fips")


def test_a_non_fips_registry_is_confirmed_read_and_used_only_where_it_is_allowed(
    program: Program, site: OciSite
) -> None:
    # In an environment of another edition there is no such type.
    refused = program.json(*added(site, "--confirm"), code=2)["error"]
    assert (refused["code"], "its edition is none" in refused["cause"]) == ("not-in-edition", True)
    program.json("env", "edit", "default", "--edition", "vertex-airgap")

    types = program.json("registry", "types")["types"]
    (described,) = (one for one in types if one["id"] == TYPE)
    assert described["editions"] == ["vertex", "vertex-airgap"]
    before = decisions(program)
    refused = program.json(*added(site), code=2)["error"]
    assert refused["code"] == "confirmation-needed"
    assert refused["cause"].startswith(described["confirmation"])
    assert "--confirm" in refused["remedy"]
    assert program.json("registry", "list")["registries"] == []
    assert (decisions(program), len(site.log)) == (before, 0)

    registry = program.json(*added(site, "--confirm"))["registry"]
    assert [entry[:2] for entry in decisions(program)[len(before) :]] == [
        ("registry-added", "Packs"),
        ("registry-confirmed", "Packs"),
    ]
    assert decisions(program)[-1][2] == f"anna: {described['confirmation']}"
    (run,) = program.json("sync", "Packs")["runs"]
    assert (run["outcome"], run["versions"], run["skipped"]) == ("ok", 2, 0)

    # Read and searched all the same, and marked.
    hits = program.json("search", "reindeer")["hits"]
    assert sorted(hit["name"] for hit in hits) == ["nginx", "vault"]
    assert shown(program, "nginx") | {"of": ""} == {
        "status": "not compliant",
        "declared": "declared not compliant by the user (added as a non-FIPS registry)",
        "of": "",
        "use": [NOT_USABLE],
    }
    assert shown(program, "vault")["status"] == "conflicting"
    assert shown(program, "vault")["use"] == [NOT_USABLE]
    full = program.json("registry", "show", "Packs")["registry"]
    assert full["fips"] == {
        "packs": {"not_compliant": 1, "conflicting": 1},
        "compliance": "none",
        "tenants": [{"tenant": "default", "not_usable": 2, "reason": NOT_USABLE}],
    }
    told = program.run("registry", "show", "Packs").out
    assert "2 packs: 1 not compliant, 1 conflicting" in told
    # Every environment has a tenant of this name.
    assert "tenant set default allow-non-fips=true --confirm --env default" in told

    # The switch changes the words alone.
    program.json("tenant", "set", "default", "allow-non-fips=true", "--confirm")
    assert decisions(program)[-1] == ("allow-non-fips", "default/default", "allowed by anna")
    assert shown(program, "nginx")["use"] == ["usable in tenant default"]
    assert shown(program, "nginx")["status"] == "not compliant"
    assert program.json("search", "reindeer")["hits"] == hits
    (again,) = program.json("sync", "Packs")["runs"]
    assert (again["outcome"], again["versions"]) == ("unchanged", 2)

    # What is there stays what it was confirmed to be.
    program.json("registry", "duplicate", "Packs", "--name", "Copy")
    program.json("registry", "remove", "Packs")
    program.json("registry", "restore", registry["id"])
    edited = program.json(
        *("registry", "edit", "Copy", "--set", "preset=production", "--set", "auth=ecr"),
        *("--set", "access_key=AKIAEXAMPLE", "--secret", "secret_key=env:PASSWORD"),
    )["registry"]
    assert edited["endpoint"].startswith("https://415789037893.dkr.ecr.us-east-1.amazonaws.com")
    assert [one[0] for one in decisions(program)].count("registry-confirmed") == 1
