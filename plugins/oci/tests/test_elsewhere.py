"""What Docker, Podman and Helm know already, and what of it is taken over."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere
from registrykit.sync import read_config
from registrykit.urls import Basic
from registrykit_oci.elsewhere import files, registries
from registrykit_oci.registry import OciRegistry

OCI = OciRegistry()
HUB = "https://index.docker.io/v1/"
HOST = "registry.example.com:5000"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def packed(login: str = "jane:pass-canary") -> dict[str, str]:
    return {"auth": base64.b64encode(login.encode()).decode()}


Look = Callable[..., list[KnownElsewhere]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Give what is known where Docker's file holds these keys; nothing of it shows a secret."""

    def look(content: Mapping[str, Any] | bytes) -> list[KnownElsewhere]:
        file = tmp_path / ".docker" / "config.json"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        found = list(registries({"HOME": str(tmp_path)}, "linux"))
        assert "canary" not in str(found)
        assert {(known.tool, known.file) for known in found} <= {
            ("Docker", "~/.docker/config.json")
        }
        return found

    return look


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        (
            "linux",
            {"HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/1"},
            [
                ("Docker", "/h/.docker/config.json"),
                ("Podman", "/run/user/1/containers/auth.json"),
                ("Helm", "/h/.config/helm/registry/config.json"),
            ],
        ),
        (
            "darwin",
            {"HOME": "/h"},
            [
                ("Docker", "/h/.docker/config.json"),
                ("Podman", "/h/.config/containers/auth.json"),
                ("Helm", "/h/Library/Preferences/helm/registry/config.json"),
            ],
        ),
        (
            "win32",
            {"USERPROFILE": r"C:\me", "APPDATA": r"C:\me\Roaming"},
            [
                ("Docker", r"C:\me\.docker\config.json"),
                ("Podman", r"C:\me\.config\containers\auth.json"),
                ("Helm", r"C:\me\Roaming\helm\registry\config.json"),
            ],
        ),
        (
            "linux",
            {
                "DOCKER_CONFIG": "/d",
                "REGISTRY_AUTH_FILE": "/p.json",
                "HELM_REGISTRY_CONFIG": "/r.json",
            },
            [("Docker", "/d/config.json"), ("Podman", "/p.json"), ("Helm", "/r.json")],
        ),
        ("linux", {}, []),
    ],
)
def test_the_files_are_looked_for_where_the_tools_do(
    platform: str, environ: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert list(files(environ, platform)) == expected


def test_every_variable_that_is_read_is_named_by_the_type(tmp_path: Path) -> None:
    asked: set[str] = set()

    class Environ(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.add(name)
            return super().get(name, default)

    for platform in ("linux", "darwin", "win32"):
        list(registries(Environ(HOME=str(tmp_path)), platform))
        list(registries(Environ(), platform))
    assert asked == set(OCI.environment)


def test_where_no_tool_was_used_there_is_nothing(tmp_path: Path, look: Look) -> None:
    assert list(registries({"HOME": str(tmp_path)}, "linux")) == []
    assert look({}) == look({"auths": {}, "credsStore": "desktop"}) == []


def test_a_login_is_taken_over_and_signs_in(look: Look) -> None:
    (found,) = look({"auths": {HOST: packed("jane:pass:canary")}})
    assert found.name == found.values["endpoint"] == HOST
    assert (found.secrets, found.notes) == ({"password": "pass:canary"}, ())
    config = read_config(OCI, {**found.values, **found.secrets})
    assert OCI.endpoint(config) == f"https://{HOST}"
    assert OCI.credentials(config) == Basic("jane", "pass:canary")
    assert list(OCI.validate(config)) == []


@pytest.mark.parametrize(
    ("server", "name", "endpoint"),
    [
        (HUB, "docker.io", "docker.io"),
        ("index.docker.io/v1", "docker.io", "docker.io"),
        ("https://registry.example.com/v2/", "registry.example.com", "registry.example.com"),
        ("http://10.0.0.1:5000", "10.0.0.1:5000", "http://10.0.0.1:5000"),
        ("[fd00::1]:5000", "[fd00::1]:5000", "[fd00::1]:5000"),
        ("quay.io/acme", "quay.io/acme", "quay.io/acme"),
    ],
)
def test_servers_are_spelled_in_many_ways(
    look: Look, server: str, name: str, endpoint: str
) -> None:
    (found,) = look({"auths": {server: packed()}})
    assert (found.name, found.values["endpoint"]) == (name, endpoint)
    assert list(OCI.validate(read_config(OCI, {**found.values, **found.secrets}))) == []


@pytest.mark.parametrize("server", [HUB, "ghcr.io"])
def test_a_registry_without_a_list_is_taken_over_switched_off(look: Look, server: str) -> None:
    (found,) = look({"auths": {server: packed()}})
    assert found.values["synchronization"] is False
    assert "Enter the paths" in found.notes[0]


def test_programs_that_keep_passwords_are_named_and_not_started(look: Look) -> None:
    both = {
        "auths": {HOST: {}, f"{HUB}access-token": {}, f"{HUB}refresh-token": {}},
        "credsStore": "desktop",
        "credHelpers": {ECR: "ecr-login", "odd.example.com": "../canary"},
    }
    first, second, third = look(both)
    assert (first.name, first.values, first.secrets) == (HOST, {"endpoint": HOST}, {})
    assert "docker-credential-desktop" in first.notes[0]
    assert (second.name, "docker-credential-ecr-login" in second.notes[0]) == (ECR, True)
    assert "another program" in third.notes[0]
    (kept,) = look({"auths": {HOST: packed()}, "credsStore": "desktop"})
    assert kept.secrets == {"password": "pass-canary"}
    assert kept.notes == ()


def test_a_password_of_amazon_is_said_to_run_out(look: Look) -> None:
    (found,) = look({"auths": {ECR: packed("AWS:canary")}})
    assert found.secrets == {"password": "canary"}
    assert "twelve hours" in found.notes[0]


@pytest.mark.parametrize(
    "entry",
    [
        {"auth": "not base64 canary"},
        {"auth": base64.b64encode(b"no-colon-canary").decode()},
        {"auth": base64.b64encode(b"\xff\xfe:canary").decode()},
        {"auth": base64.b64encode(b"a\nb:canary").decode()},
        {**packed("jane:"), "identitytoken": "canary"},
        {"registrytoken": "canary"},
        {"username": "jane", "password": 7},
    ],
)
def test_what_is_no_password_is_left_out(look: Look, entry: dict[str, Any]) -> None:
    (found,) = look({"auths": {HOST: entry}})
    assert (found.values, found.secrets) == ({"endpoint": HOST}, {})
    assert "left out" in found.notes[0]


@pytest.mark.parametrize(
    "content",
    [
        b"{canary",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"auths": {"https://jane:canary@h": packed(), "a b canary": {}}}).encode(),
    ],
)
def test_a_file_that_cannot_be_read_says_so_without_a_word_of_it(
    look: Look, content: bytes
) -> None:
    found = look(content)
    assert found
    assert all(known.notes and not known.values and not known.name for known in found)


def test_a_file_of_another_shape_is_no_fault(look: Look, tmp_path: Path) -> None:
    assert look({"auths": [1], "credHelpers": "x"}) == []
    assert look({"auths": {HOST: 7}})[0].secrets == {}
    found = look({"auths": {f"h{n}.example.com": packed() for n in range(MOST_KNOWN + 5)}})
    assert len(found) == MOST_KNOWN
    (tmp_path / ".docker" / "config.json").unlink()
    (tmp_path / ".docker" / "config.json").mkdir()
    (known,) = registries({"HOME": str(tmp_path)}, "linux")
    assert "cannot be read" in known.notes[0]


def test_repositories_of_helm_in_oci_registries_are_taken_over(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "helm" / "repositories.yaml"
    file.parent.mkdir(parents=True)
    entries = [
        {"name": "web", "url": "https://charts.example.com"},
        {"name": "team", "url": "oci://jane:pass-canary@registry.example.com/acme/charts"},
        {"name": "public", "url": "oci://ghcr.io/acme/charts"},
    ]
    file.write_text(json.dumps({"repositories": entries}), "utf-8")
    team, public = registries({"HOME": str(tmp_path)}, "linux")
    assert (team.tool, team.name, team.secrets) == ("Helm", "team", {"password": "pass-canary"})
    assert team.values == {
        "endpoint": "oci://registry.example.com/acme/charts",
        "auth": "basic",
        "username": "jane",
        "provider_type": "helm",
    }
    assert "canary" not in str(team)
    assert public.values["synchronization"] is False
    for known in (team, public):
        config = read_config(OCI, {**known.values, **known.secrets})
        assert list(OCI.validate(config)) == []
    assert OCI.endpoint(config) == "https://ghcr.io/acme/charts"
