"""The registry type as the program sees it before any request."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

import registrykit_legacy_pack
from registrykit.artifacts import Artifact, Version
from registrykit.description import describe
from registrykit.plugins import types_of
from registrykit.urls import Basic, Bearer, Origin
from registrykit_legacy_pack.config import LegacyPackConfig
from registrykit_legacy_pack.registry import LegacyPackRegistry

PACKS = LegacyPackRegistry()
ENDPOINT = "https://registry.example.com"
LOGIN = {"auth": "basic", "username": "robot", "password": "x"}


def config(**values: Any) -> LegacyPackConfig:
    return LegacyPackConfig.model_validate({"endpoint": ENDPOINT, **values})


def fields(**values: Any) -> list[str]:
    """Return the fields that have a problem."""
    found = list(PACKS.validate(config(**{**LOGIN, **values})))
    assert all(problem.message and problem.remedy for problem in found)
    assert "canary" not in repr(found)
    return [problem.field for problem in found]


def test_the_plugin_registers_one_type() -> None:
    (found,) = types_of(registrykit_legacy_pack, "legacy-pack")
    assert isinstance(found, LegacyPackRegistry)
    assert (found.id, found.title) == ("legacy-pack", "Legacy pack registry")


def test_what_is_heavy_is_not_imported_until_it_is_needed() -> None:
    code = (
        "import json, sys, registrykit_legacy_pack;"
        "from registrykit.description import describe;"
        "[describe(t) for t in registrykit_legacy_pack.register_registry_types()];"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    source = str(Path(registrykit_legacy_pack.__file__).parents[1])
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": source},
    )
    loaded = set(json.loads(answer.stdout))
    assert {"registrykit", "registrykit_legacy_pack", "pydantic"} <= loaded
    assert not loaded & {"urllib3", "requests", "yaml", "ryml", "PySide6", "ssl", "tarfile"}


def test_the_form_asks_for_the_keys_of_a_pack_registry_in_this_order() -> None:
    form = describe(PACKS).form
    assert [spec.name for spec in form.fields] == [
        "endpoint",
        "auth",
        "username",
        "password",
        "token",
        "description",
        "documents",
        "ca_certificate",
        "client_certificate",
        "client_key",
        "insecure_skip_verify",
    ]
    assert form.secrets == ("password", "token", "client_key")
    assert [spec.name for spec in form.fields if spec.required] == ["endpoint"]
    assert form.defaults["auth"] == "basic"
    auth = form.field("auth")
    assert auth is not None
    assert [choice.value for choice in auth.choices] == ["basic", "token", "none"]


def test_packs_have_their_columns() -> None:
    (kind,) = describe(PACKS).kinds
    assert (kind.id, kind.plural) == ("pack", "Packs")
    assert PACKS.sync_rule(config()) == "always"


def test_unknown_values_are_refused() -> None:
    for values in ({"auth": "magic"}, {"synchronization": False}):
        with pytest.raises(ValidationError):
            config(**values)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://registry.example.com",
        "https://REGISTRY.example.com:443/",
        "registry.example.com/v1/",
        "https://registry.example.com/v1/_catalog",
        "https://registry.example.com/health",
        "  registry.example.com/v1 ",
    ],
)
def test_spellings_of_one_registry_are_one_identity(endpoint: str) -> None:
    assert PACKS.identity(config(endpoint=endpoint)) == ENDPOINT
    assert PACKS.endpoint(config(endpoint=endpoint)) == ENDPOINT
    assert PACKS.origins(config(endpoint=endpoint)) == {
        Origin("https", "registry.example.com", 443)
    }


def test_a_path_is_kept() -> None:
    assert (
        PACKS.endpoint(config(endpoint="h.example.com/Packs/v1/")) == "https://h.example.com/Packs"
    )
    assert PACKS.endpoint(config(endpoint="h.example.com/v1/x")) == "https://h.example.com/v1/x"
    assert PACKS.endpoint(config(endpoint="not a url")) == "not a url"


def test_the_chosen_sign_in_alone_is_used() -> None:
    given = {"username": "robot", "password": "pass-canary", "token": "token-canary"}
    assert PACKS.credentials(config(auth="none", **given)) is None
    assert PACKS.credentials(config(auth="basic", **given)) == Basic("robot", "pass-canary")
    assert PACKS.credentials(config(auth="token", **given)) == Bearer("token-canary")
    # As the default registries come: the server is asked bare, and says that it wants a login.
    assert PACKS.credentials(config()) is None
    assert "canary" not in repr(config(**given))


def test_problems_name_their_field() -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("client.example")
    key = issued.private_key_pem.bytes().decode()
    certificate = authority.cert_pem.bytes().decode()
    assert fields() == []
    assert fields(password=None) == ["password"]
    assert fields(ca_certificate=certificate, client_certificate=certificate, client_key=key) == []
    assert fields(auth="none", username="a:b", token="a b") == []
    assert fields(auth="token", token="abc.def") == []
    for endpoint in (
        "ftp://x",
        "",
        "oci://x/y",
        "http://169.254.169.254",
        "https://h/?a=1",
        "https://h/#x",
        "https://a:canary@h",
    ):
        assert fields(endpoint=endpoint) == ["endpoint"], endpoint
    assert fields(username="") == ["username"]
    assert fields(username="a:canary") == ["username"]
    assert fields(username="a\nb", password="canary\t") == ["username", "password"]
    assert fields(auth="token") == ["token"]
    assert fields(auth="token", token="Bearer canary") == ["token"]
    assert fields(ca_certificate="x") == ["ca_certificate"]
    assert fields(ca_certificate=certificate + key) == ["ca_certificate"]
    assert fields(client_certificate=certificate) == ["client_key"]
    assert fields(client_key=key) == ["client_certificate"]
    assert fields(client_key="canary") == ["client_certificate", "client_key"]
    sealed = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
    assert fields(client_certificate=certificate, client_key=sealed) == ["client_key"]


@pytest.mark.parametrize(
    ("url", "least", "most"),
    [
        ("https://registry.spectrocloud.com", 0.9, 1.0),
        ("registry-addon.spectrocloud.com/", 0.9, 1.0),
        ("https://h.example.com/v1/_catalog", 0.5, 0.9),
        ("https://packs.example.com", 0.3, 0.5),
        ("https://charts.example.com/stable/index.yaml", 0.0, 0.2),
        ("oci://packs.example.com", 0.0, 0.0),
        ("nonsense nonsense", 0.0, 0.0),
    ],
)
def test_urls_are_guessed_by_their_look(url: str, least: float, most: float) -> None:
    assert least <= PACKS.guess(url) <= most


def test_commands_are_one_line_that_a_shell_takes_apart_again() -> None:
    one = config(endpoint="https://packs.example.com:5000")
    (command,) = PACKS.commands(one, Artifact("pack", "ubuntu"), Version("14.4.3", "lts__14.4.3"))
    assert shlex.split(command.text) == [
        *["spectro", "pack", "pull", "ubuntu:lts__14.4.3", "."],
        *["--registry-server", "packs.example.com:5000"],
    ]


@pytest.mark.parametrize(
    ("endpoint", "path", "tag"),
    [
        ("https://h.example.com/packs", "a", "1"),
        (ENDPOINT, "--insecure", "1"),
        (ENDPOINT, "a;id", "1"),
        (ENDPOINT, "a", "$(id)"),
        (ENDPOINT, "../a", "1"),
    ],
)
def test_what_the_tool_would_take_for_something_else_has_no_command(
    endpoint: str, path: str, tag: str
) -> None:
    one = config(endpoint=endpoint)
    assert list(PACKS.commands(one, Artifact("pack", path), Version(tag))) == []
