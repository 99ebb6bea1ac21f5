"""The registry type as the program sees it before any request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import registrykit_vertex_nonfips
from registrykit.artifacts import Artifact, Version
from registrykit.description import describe
from registrykit.plugins import types_of
from registrykit.urls import Basic, Origin
from registrykit_vertex_nonfips.config import VertexNonFipsConfig
from registrykit_vertex_nonfips.places import VENDOR
from registrykit_vertex_nonfips.registry import VertexNonFipsRegistry, declared

PACKS = VertexNonFipsRegistry()
KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "secret-canary"}
CUSTOM = {
    "preset": "custom",
    "endpoint": "registry.example.com",
    "base_content_path": ["team"],
    "auth": "basic",
    "username": "robot",
    "password": "password-canary",
}


def config(**values: Any) -> VertexNonFipsConfig:
    return VertexNonFipsConfig.model_validate(values)


def fields(**values: Any) -> list[str]:
    """Return the fields that have a problem."""
    found = list(PACKS.validate(config(**values)))
    assert all(problem.message and problem.remedy for problem in found)
    assert "canary" not in repr(found)
    return [problem.field for problem in found]


def test_the_plugin_registers_one_type_for_vertex_that_wants_a_confirmation() -> None:
    (found,) = types_of(registrykit_vertex_nonfips, "vertex-nonfips")
    told = describe(found)
    assert (told.id, told.editions) == ("vertex-nonfips", ("vertex", "vertex-airgap"))
    assert "not FIPS compliant, as declared" in told.confirmation
    assert "only where a tenant allows" in told.confirmation
    assert [kind.id for kind in told.kinds] == ["pack"]
    assert PACKS.sync_rule(config()) == "always"


def test_what_is_heavy_is_not_imported_until_it_is_needed() -> None:
    code = (
        "import json, sys, registrykit_vertex_nonfips;"
        "from registrykit.description import describe;"
        "[describe(t) for t in registrykit_vertex_nonfips.register_registry_types()];"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    source = str(Path(registrykit_vertex_nonfips.__file__).parents[1])
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": source},
    )
    loaded = set(json.loads(answer.stdout))
    assert {"registrykit", "registrykit_vertex_nonfips", "pydantic"} <= loaded
    assert not loaded & {"botocore", "urllib3", "requests", "yaml", "PySide6", "ssl", "tarfile"}


def test_the_form_asks_for_a_place_only_where_it_is_not_known() -> None:
    form = describe(PACKS).form
    assert [spec.name for spec in form.fields] == [
        *["preset", "endpoint", "base_content_path"],
        *["auth", "username", "password"],
        *["aws_credentials", "access_key", "secret_key", "session_token"],
        *["description", "documents", "ca_certificate", "client_certificate"],
        *["client_key", "insecure_skip_verify"],
    ]
    assert form.secrets == ("password", "secret_key", "session_token", "client_key")
    shown = {
        preset: {spec.name for spec in form.fields if spec.applies(form.defaults | values)}
        for preset, values in {
            "production": {},
            "custom": {"preset": "custom", "auth": "basic"},
        }.items()
    }
    assert shown["custom"] - shown["production"] == {
        *["endpoint", "base_content_path", "username", "password"]
    }
    assert {"access_key", "secret_key"} <= shown["production"] - shown["custom"]
    for name, choices in (
        ("preset", ["production", "community", "custom"]),
        ("auth", ["ecr", "basic"]),
    ):
        spec = form.field(name)
        assert spec is not None
        assert [choice.value for choice in spec.choices] == choices
        assert form.defaults[name] == choices[0]
    for values in ({"auth": "none"}, {"preset": "other"}, {"synchronization": False}):
        with pytest.raises(ValidationError):
            config(**values)


@pytest.mark.parametrize("preset", ["production", "community"])
def test_a_preset_knows_its_place(preset: str) -> None:
    one = config(preset=preset, **KEYS)
    assert fields(preset=preset, **KEYS) == []
    assert VENDOR in PACKS.endpoint(one)
    assert f"/{preset}" in PACKS.endpoint(one)
    assert Origin("https", VENDOR, 443) in PACKS.origins(one)
    assert {origin.host for origin in PACKS.origins(one)} <= {
        VENDOR,
        "api.ecr.us-east-1.amazonaws.com",
    }
    # The same, spelled out.
    same = {"endpoint": f"https://{VENDOR}/", "base_content_path": [f"/{preset}/"]}
    assert fields(preset=preset, **same, **KEYS) == []
    assert PACKS.identity(config(preset=preset, **same)) == PACKS.identity(one)
    assert PACKS.identity(config(preset="custom", **same)) == PACKS.identity(one)
    other = "production" if preset == "community" else "community"
    assert PACKS.identity(one) != PACKS.identity(config(preset=other))


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"endpoint": "registry.example.com"}, ["endpoint"]),
        ({"endpoint": VENDOR.replace("east-1", "west-2")}, ["endpoint"]),
        ({"endpoint": f"{VENDOR}/community"}, ["endpoint"]),
        ({"endpoint": "nonsense nonsense"}, ["endpoint"]),
        ({"base_content_path": ["community"]}, ["base_content_path"]),
        ({"base_content_path": ["production", "community"]}, ["base_content_path"]),
        ({"base_content_path": [" "], "endpoint": "  "}, []),
    ],
)
def test_what_contradicts_a_preset_is_refused(values: dict[str, Any], wrong: list[str]) -> None:
    assert fields(preset="production", **values, **KEYS) == wrong


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({}, []),
        ({"endpoint": ""}, ["endpoint"]),
        ({"endpoint": "http://169.254.169.254"}, ["endpoint"]),
        ({"endpoint": "https://robot:canary@h"}, ["endpoint"]),
        ({"base_content_path": []}, ["base_content_path"]),
        ({"base_content_path": ["/", ""]}, ["base_content_path"]),
        ({"base_content_path": ["team", "/team/"]}, ["base_content_path"]),
        ({"base_content_path": ["../team"]}, ["base_content_path"]),
        ({"base_content_path": ["Team"]}, ["base_content_path"]),
        ({"base_content_path": ["team", "other/team"]}, []),
        ({"username": "a:b"}, ["username"]),
        # Keys of AWS are for hosts of Amazon ECR alone.
        ({"auth": "ecr", **KEYS}, ["auth"]),
        ({"auth": "ecr", "endpoint": VENDOR, **KEYS}, []),
        ({"auth": "ecr", "endpoint": VENDOR}, ["access_key", "secret_key"]),
        ({"ca_certificate": "x"}, ["ca_certificate"]),
    ],
)
def test_another_registry_has_a_place_of_its_own(values: dict[str, Any], wrong: list[str]) -> None:
    assert fields(**{**CUSTOM, **values}) == wrong


def test_the_chosen_sign_in_alone_is_used() -> None:
    assert PACKS.credentials(config(**CUSTOM, **KEYS)) == Basic("robot", "password-canary")
    assert PACKS.credentials(config(**{**CUSTOM, "auth": "ecr"}, **KEYS)) is None
    assert "canary" not in repr(config(**CUSTOM, **KEYS))


@pytest.mark.parametrize(
    ("preset", "host", "path", "status", "bases"),
    [
        ("production", VENDOR, "production", "not_compliant", ["registry_declared"]),
        ("community", VENDOR, "community", "not_compliant", ["registry_declared"]),
        ("custom", "registry.example.com", "team", "not_compliant", ["user_asserted"]),
        (
            *("custom", VENDOR, "production", "not_compliant"),
            ["registry_declared", "user_asserted"],
        ),
        # Who adds FIPS packs as non-FIPS ones contradicts what the vendor writes.
        (
            *("custom", VENDOR.replace("east-1", "west-2"), "production-fips", "conflicting"),
            ["registry_declared", "user_asserted"],
        ),
    ],
)
def test_its_packs_are_declared_not_compliant(
    preset: str, host: str, path: str, status: str, bases: list[str]
) -> None:
    fact = declared(preset, host, f"{path}/spectro-packs/archive/nginx")["fips"]
    assert fact["status"] == status
    assert [piece["basis"] for piece in fact.get("evidence", [fact])] == bases


def test_commands_name_the_pack_as_it_lies_there() -> None:
    pack = Artifact("pack", "production/spectro-packs/archive/nginx")
    found = [command.text for command in PACKS.commands(config(), pack, Version("1.27.0"))]
    assert any(f"{VENDOR}/{pack.path}:1.27.0" in text for text in found)
