"""What Helm itself knows: where its file is, what is taken over, and what is said of the rest."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere
from registrykit.helm_repositories import pem_blocks, place
from registrykit.sync import read_config
from registrykit.urls import Basic
from registrykit_helm.elsewhere import repositories
from registrykit_helm.registry import HelmRegistry

HELM = HelmRegistry()
URL = "https://charts.example.com/stable"

# As `helm repo add` writes it, with every key.
AS_WRITTEN = """\
apiVersion: ""
generated: "0001-01-01T00:00:00Z"
repositories:
- caFile: ""
  certFile: ""
  insecure_skip_tls_verify: false
  keyFile: ""
  name: bitnami
  pass_credentials_all: false
  password: ""
  url: https://charts.bitnami.com/bitnami
  username: ""
- caFile: ""
  certFile: ""
  insecure_skip_tls_verify: true
  keyFile: ""
  name: team
  pass_credentials_all: true
  password: pass-canary
  url: https://charts.example.com/stable/
  username: jane
"""

Look = Callable[..., KnownElsewhere]


def write(folder: Path, text: str | bytes) -> dict[str, str]:
    """Write Helm's file below a home folder; return the environment that leads there."""
    file = folder / ".config" / "helm" / "repositories.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return {"HOME": str(folder)}


def find(environ: dict[str, str]) -> list[KnownElsewhere]:
    return list(repositories(environ, "linux"))


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Give the one repository that these keys of Helm's file make."""

    def look(**entry: Any) -> KnownElsewhere:
        entry = {"name": "team", "url": URL, **entry}
        environ = write(tmp_path, json.dumps({"repositories": [entry]}))
        (found,) = find(environ)
        return found

    return look


def said(known: KnownElsewhere) -> str:
    return " ".join(known.notes)


# Where the file is


@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("linux", {"HOME": "/home/me"}, "/home/me/.config/helm/repositories.yaml"),
        ("freebsd14", {"HOME": "/home/me"}, "/home/me/.config/helm/repositories.yaml"),
        ("darwin", {"HOME": "/Users/me"}, "/Users/me/Library/Preferences/helm/repositories.yaml"),
        ("win32", {"APPDATA": r"C:\me\Roaming"}, r"C:\me\Roaming\helm\repositories.yaml"),
        ("win32", {"HOME": r"C:\me"}, ""),
        ("linux", {}, ""),
        ("linux", {"APPDATA": "/a"}, ""),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/helm/repositories.yaml"),
        ("darwin", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/helm/repositories.yaml"),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": ""}, "/h/.config/helm/repositories.yaml"),
        (
            "linux",
            {"HELM_CONFIG_HOME": "/own", "XDG_CONFIG_HOME": "/x"},
            "/own/repositories.yaml",
        ),
        ("win32", {"HELM_CONFIG_HOME": r"D:\own", "APPDATA": "C:\\"}, r"D:\own\repositories.yaml"),
        ("linux", {"HELM_REPOSITORY_CONFIG": "/r.yml", "HELM_CONFIG_HOME": "/own"}, "/r.yml"),
    ],
)
def test_the_file_is_looked_for_where_helm_looks(
    platform: str, environ: dict[str, str], path: str
) -> None:
    assert place(environ, platform) == path


def test_every_variable_that_is_read_is_named_by_the_type(tmp_path: Path) -> None:
    asked: set[str] = set()

    class Environ(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.add(name)
            return super().get(name, default)

    for platform in ("linux", "darwin", "win32"):
        list(repositories(Environ(HOME=str(tmp_path), APPDATA=str(tmp_path)), platform))
    assert asked == set(HelmRegistry.environment)


@pytest.mark.parametrize("text", [None, "", "repositories:\n", "apiVersion: v1\n"])
def test_where_helm_knows_nothing_there_is_nothing(tmp_path: Path, text: str | None) -> None:
    environ = {"HOME": str(tmp_path)} if text is None else write(tmp_path, text)
    assert find(environ) == []


def test_a_folder_in_the_way_is_as_good_as_no_file(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("not a folder", "utf-8")
    assert find({"HOME": str(tmp_path)}) == []


# What is taken over


def test_a_file_as_helm_writes_it(tmp_path: Path) -> None:
    bitnami, team = find(write(tmp_path, AS_WRITTEN))
    assert bitnami == KnownElsewhere(
        "Helm",
        "~/.config/helm/repositories.yaml",
        "bitnami",
        {"endpoint": "https://charts.bitnami.com/bitnami"},
    )
    assert team.values == {
        "endpoint": "https://charts.example.com/stable/",
        "auth": "basic",
        "username": "jane",
        "insecure_skip_verify": True,
    }
    assert team.secrets == {"password": "pass-canary"}
    assert "pass_credentials_all" in said(team)
    assert "canary" not in repr(team)


def test_what_is_taken_over_signs_in(tmp_path: Path) -> None:
    for known in find(write(tmp_path, AS_WRITTEN)):
        config = read_config(HELM, {**known.values, **known.secrets})
        assert list(HELM.validate(config)) == []
    assert HELM.credentials(config) == Basic("jane", "pass-canary")


def test_the_path_is_shown_as_it_is_outside_of_the_home_folder(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.yaml"
    file.write_text(AS_WRITTEN, "utf-8")
    environ = {"HELM_REPOSITORY_CONFIG": str(file), "HOME": str(tmp_path / "home")}
    assert {known.file for known in find(environ)} == {str(file)}


def test_a_password_of_digits_keeps_them(tmp_path: Path) -> None:
    entry = f"- name: 1\n  url: {URL}\n  username: 0815\n  password: 1234567890\n"
    (found,) = find(write(tmp_path, f"repositories:\n{entry}"))
    assert (found.name, found.values["username"], found.secrets["password"]) == (
        "1",
        "0815",
        "1234567890",
    )


def test_keys_are_read_in_whatever_case_they_are_written(look: Look) -> None:
    assert look(Username="jane", PASSWORD="p").secrets == {"password": "p"}


def test_certificates_are_read_from_their_files(
    look: Look, tmp_path: Path, ca_pem: str, client: tuple[str, str]
) -> None:
    certificate, key = client
    for name, text in (("ca", ca_pem), ("crt", certificate), ("key", key)):
        (tmp_path / name).write_text(text, "utf-8")
    found = look(
        caFile=str(tmp_path / "ca"),
        certFile=str(tmp_path / "crt"),
        keyFile=str(tmp_path / "key"),
    )
    assert found.values["ca_certificate"] == ca_pem
    assert found.values["client_certificate"] == certificate
    assert found.secrets == {"client_key": key}
    assert found.notes == ()
    config = read_config(HELM, {**found.values, **found.secrets})
    assert list(HELM.validate(config)) == []


def test_a_key_beside_a_certificate_is_never_taken_for_one(
    look: Look, tmp_path: Path, client: tuple[str, str]
) -> None:
    certificate, key = client
    both = tmp_path / "both.pem"
    both.write_text(f"subject=robot\n{key}\n{certificate}", "utf-8")
    found = look(caFile=str(both), certFile=str(both), keyFile=str(both))
    assert found.values["ca_certificate"] == found.values["client_certificate"] == certificate
    assert found.secrets == {"client_key": key}


# What is not


@pytest.mark.parametrize(
    ("login", "word"),
    [
        ({"username": "jane"}, "user name without a password"),
        ({"password": "pass-canary"}, "password without a user name"),
        ({"username": "jane", "password": ""}, "user name without a password"),
        ({"username": "", "password": "pass-canary"}, "password without a user name"),
    ],
)
def test_half_a_login_is_none_as_for_helm(look: Look, login: dict[str, str], word: str) -> None:
    found = look(**login)
    assert (found.values, found.secrets) == ({"endpoint": URL}, {})
    assert word in said(found)
    assert "canary" not in str(found)


def test_a_login_in_the_url_is_taken_out_of_it(look: Look) -> None:
    found = look(url="https://jane:p%40ss:canary@charts.example.com/stable")
    assert found.values == {"endpoint": URL, "auth": "basic", "username": "jane"}
    assert found.secrets == {"password": "p@ss:canary"}
    assert found.notes == ()


def test_a_login_of_its_own_comes_before_that_in_the_url(look: Look) -> None:
    found = look(url="https://a:b@charts.example.com/stable", username="jane", password="p")
    assert found.values == {"endpoint": URL, "auth": "basic", "username": "jane"}
    assert found.secrets == {"password": "p"}


@pytest.mark.parametrize(
    "url",
    [
        "https://TOKEN-canary@charts.example.com/stable",
        "https://TOKEN-canary:@charts.example.com/stable",
        "https://:TOKEN-canary@charts.example.com/stable",
        "https://x@TOKEN-canary@charts.example.com/stable",
        "https://charts.example.com/stable?private_token=TOKEN-canary",
        "https://charts.example.com/stable?%74oken=TOKEN-canary#x",
        "https://charts.example.com/stable#access_token=TOKEN-canary",
    ],
)
def test_a_token_in_the_url_shows_nowhere(look: Look, url: str) -> None:
    found = look(url=url)
    assert found.values == {"endpoint": URL}
    assert found.secrets == {}
    assert "canary" not in str(found)
    assert found.notes or "#access" in url


def test_what_is_no_secret_stays_in_the_query(look: Look) -> None:
    found = look(url=f"{URL}?branch=main&token=canary&x=1")
    assert found.values == {"endpoint": f"{URL}?branch=main&x=1"}
    assert "token" in said(found)


def test_an_oci_registry_is_left_to_the_type_for_those(tmp_path: Path) -> None:
    entries = [{"name": "oci", "url": "OCI://registry.example/charts"}, {"name": "a", "url": URL}]
    (found,) = find(write(tmp_path, json.dumps({"repositories": entries})))
    assert found.name == "a"


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("7", "entry 1"),
        ("null", "entry 1"),
        ("[a]", "entry 1"),
        ("{}", "entry 1"),
        ("{name: x}", "x"),
        ("{name: x, url: [a]}", "x"),
        ("{name: x, url: '  '}", "x"),
    ],
)
def test_an_entry_that_is_no_repository_is_a_note(tmp_path: Path, entry: str, name: str) -> None:
    environ = write(tmp_path, f"repositories:\n- {entry}\n- {{name: good, url: '{URL}'}}\n")
    bad, good = find(environ)
    assert (bad.name, bad.values) == (name, {})
    assert bad.notes
    assert good.values == {"endpoint": URL}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("repositories: {a: b}", "list of repositories"),
        ("- a", "list of repositories"),
        ("text", "list of repositories"),
        ("repositories:\n- name: a\n\t url: x", "YAML (line 3)"),
        ("repositories:\n- password: !canary!x y", "YAML"),
        ("repositories:\n- password: 'canary\n", "YAML"),
        ("repositories:\n- password: canary\n  password: canary", "stands twice"),
        ("repositories:\n- {canary: a, canary: b}", "stands twice"),
        ("a: &canary x\nrepositories: [*canary]", "references"),
        ("repositories: " + "[" * 200, "YAML"),
        (b"repositories:\n- \xff\xfe", "YAML"),
        (b"\x00", "YAML"),
        (b"#" * (1024 * 1024 + 1), "larger than"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_note(tmp_path: Path, text: str | bytes, word: str) -> None:
    (found,) = find(write(tmp_path, text))
    assert (found.name, found.values) == ("", {})
    assert word in said(found)
    assert "canary" not in said(found)


@pytest.mark.parametrize("key", ["caFile", "certFile", "keyFile"])
@pytest.mark.parametrize(
    ("file", "word"),
    [
        ("missing", "No such file"),
        ("folder", "no ordinary file"),
        ("pipe", "no ordinary file"),
        ("large", "larger than"),
        ("text", "in PEM form"),
        ("cut", "in PEM form"),
        ("relative", "relative to the folder"),
        ("nul\0", "no file can have this name"),
    ],
)
def test_a_certificate_that_cannot_be_read_is_a_note(
    look: Look, tmp_path: Path, client: tuple[str, str], key: str, file: str, word: str
) -> None:
    if file == "pipe" and sys.platform == "win32":
        pytest.skip("there are no such pipes")
    certificate, private = client
    (tmp_path / "folder").mkdir()
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"-" * (1024 * 1024 + 1))
    (tmp_path / "text").write_bytes(b"\xff no certificate")
    text = private if key == "keyFile" else certificate
    (tmp_path / "cut").write_text(text[:-40], "utf-8")
    (tmp_path / "crt").write_text(certificate, "utf-8")
    (tmp_path / "key").write_text(private, "utf-8")
    entry = {"certFile": str(tmp_path / "crt"), "keyFile": str(tmp_path / "key")}
    entry[key] = file if file == "relative" else str(tmp_path / file)
    found = look(caFile=entry[key]) if key == "caFile" else look(**entry)
    assert (found.values, found.secrets) == ({"endpoint": URL}, {})
    (note,) = found.notes
    assert word in note
    assert ("CA" if key == "caFile" else "client") in note


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read all")
def test_a_file_of_somebody_else_is_a_note(tmp_path: Path) -> None:
    environ = write(tmp_path, AS_WRITTEN)
    (tmp_path / ".config" / "helm" / "repositories.yaml").chmod(0)
    (found,) = find(environ)
    assert "Permission denied" in said(found)


def test_a_client_certificate_needs_both_files(look: Look, tmp_path: Path) -> None:
    assert "no key" in said(look(certFile=str(tmp_path / "x")))
    assert "no certificate" in said(look(keyFile=str(tmp_path / "x")))


def test_more_than_can_be_taken_is_said(tmp_path: Path) -> None:
    entries = "".join(f"- {{name: r{n}, url: '{URL}/{n}'}}\n" for n in range(MOST_KNOWN))
    found = find(write(tmp_path, f"repositories:\n{entries}"))
    assert len(found) == MOST_KNOWN
    assert found[-1].name == ""
    assert "Only the first" in said(found[-1])


def test_blocks_of_pem_are_whole_and_one_line_for_a_line() -> None:
    text = "-----BEGIN A-----\nx\n-----BEGIN B-----\r\n y \n-----END B-----\n-----END A-----\n"
    blocks = list(pem_blocks(text + "\n" * 100_000))
    assert blocks == [("B", "-----BEGIN B-----\ny\n-----END B-----\n")]
