"""What the vendor's own tool knows: where its file is, and what is taken over of it."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere
from registrykit.sync import read_config
from registrykit.urls import Basic
from registrykit_legacy_pack.elsewhere import registries
from registrykit_legacy_pack.registry import LegacyPackRegistry

SERVER = "packs.example.com:5000"


def packed(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def find(folder: Path, content: Any) -> list[KnownElsewhere]:
    """Write the tool's file below a home folder, and return what is found there."""
    file = folder / "home" / ".spectro" / "config.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return list(registries({"HOME": f"{folder}/home/"}, str(folder / "certs.d")))


def one(folder: Path, **entry: Any) -> KnownElsewhere:
    (found,) = find(folder, {"auths": {SERVER: entry}, "defaultRegistry": SERVER})
    return found


def test_a_login_is_taken_over(tmp_path: Path) -> None:
    found = one(tmp_path, auth=packed("robot:pass:canary"))
    assert (found.tool, found.file, found.name) == ("Spectro CLI", "~/.spectro/config.json", SERVER)
    assert found.values == {"endpoint": f"https://{SERVER}", "auth": "basic", "username": "robot"}
    assert found.secrets == {"password": "pass:canary"}
    assert "canary" not in repr(found)
    kind = LegacyPackRegistry()
    config = read_config(kind, {**found.values, **found.secrets})
    assert kind.credentials(config) == Basic("robot", "pass:canary")
    assert not list(kind.validate(config))


@pytest.mark.parametrize("auth", ["%%%", packed("nobody"), packed("a:"), 7, "\xff"])
def test_a_login_that_cannot_be_read_is_left_out(tmp_path: Path, auth: Any) -> None:
    found = one(tmp_path, auth=auth)
    assert found.values["auth"] == "none"
    assert not found.secrets
    assert "cannot be read" in found.notes[0]


def test_a_server_without_a_login_needs_none(tmp_path: Path) -> None:
    assert one(tmp_path).values["auth"] == "none"
    assert not one(tmp_path).notes


def test_insecure_means_two_things(tmp_path: Path) -> None:
    found = one(tmp_path, insecure=True)
    assert found.values["insecure_skip_verify"] is True
    assert "http://" in found.notes[0]


def test_the_authority_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "certs.d" / SERVER / "ca.crt"
    file.parent.mkdir(parents=True)
    pem = trustme.CA().cert_pem.bytes().decode()
    file.write_text(f"a remark\n{pem}-----BEGIN PRIVATE KEY-----\ncanary", "utf-8")
    assert str(one(tmp_path).values["ca_certificate"]).strip() == pem.strip()
    file.write_text("nothing", "utf-8")
    assert "holds no certificate" in one(tmp_path).notes[0]
    file.unlink()
    file.mkdir()
    assert "was not taken over" in one(tmp_path).notes[0]


@pytest.mark.parametrize(
    "server", ["a b", "robot:canary@h", "h/path", "../../etc", "h:123456789", ""]
)
def test_names_that_are_no_server_are_left_out(tmp_path: Path, server: str) -> None:
    (found,) = find(tmp_path, {"auths": {server: {}}})
    assert not found.values
    assert "left out" in found.notes[0]
    assert "canary" not in repr(found)


def test_a_scheme_before_the_server_is_no_fault(tmp_path: Path) -> None:
    (found,) = find(tmp_path, {"auths": {f"https://{SERVER}/": {}}})
    assert found.values["endpoint"] == f"https://{SERVER}"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{canary", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ([], "map of servers"),
        ({"auths": []}, "map of servers"),
        (b" " * 2_000_000, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: Any, says: str) -> None:
    (found,) = find(tmp_path, content)
    assert not found.name
    assert says in found.notes[0]
    assert "canary" not in repr(found)


def test_where_the_tool_was_never_used_nothing_is_found(tmp_path: Path) -> None:
    assert list(registries({})) == []
    assert list(registries({"HOME": str(tmp_path)})) == []
    assert find(tmp_path, {}) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".spectro").mkdir()
    os.mkfifo(tmp_path / ".spectro" / "config.json")
    (found,) = registries({"HOME": str(tmp_path)})
    assert "no ordinary file" in found.notes[0]


def test_only_so_many_are_listed(tmp_path: Path) -> None:
    many: dict[str, Any] = {f"h{number}.example.com": {} for number in range(2 * MOST_KNOWN)}
    found = find(tmp_path, {"auths": many})
    assert len(found) == MOST_KNOWN
    assert "Only the first" in found[-1].notes[0]
