"""Environments, tenants, scopes, defaults and plugins by the command line, and what names mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from desktop.cli.main import main

ENVIRONMENT = {"id", "name", "edition", "console", "tenants", "registries"}
TENANT = {"id", "name", "environment", "allow_non_fips"}
PLUGIN = {"distribution", "version", "state", "types", "reason"}
PROVENANCE = set("key provider deprecated access access_note sources disagreements".split())


class Program:
    """The program on one data directory, inside the test's process."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._given = ["--data-dir", str(folder)]
        self._capture = capture
        self.said = ""
        self.shown = ""

    def run(self, *given: str) -> int:
        self._capture.readouterr()
        code = main([*self._given, *given])
        self.shown, self.said = self._capture.readouterr()
        return code

    def json(self, *given: str, code: int = 0) -> dict[str, Any]:
        ended = self.run(*given, "--json")
        assert ended == code, self.said + self.shown
        found: dict[str, Any] = json.loads(self.shown)
        return found

    def refused(self, *given: str) -> dict[str, str]:
        found: dict[str, str] = self.json(*given, code=2)["error"]
        return found

    def add(self, name: str, *more: str) -> dict[str, Any]:
        given = ("registry", "add", "helm", "--name", name, "--set", "endpoint=http://127.0.0.1:1")
        found: dict[str, Any] = self.json(*given, "--no-check", *more)["registry"]
        return found

    def listed(self, *given: str) -> list[str]:
        return [row["name"] for row in self.json("registry", "list", *given)["registries"]]


@pytest.fixture
def program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Program:
    monkeypatch.setenv("REGISTRY_DESKTOP_KEYRING", "none")
    return Program(tmp_path / "data", capsys)


def test_a_fresh_directory_has_one_of_each(program: Program) -> None:
    (environment,) = program.json("env", "list")["environments"]
    assert set(environment) == ENVIRONMENT
    assert (environment["name"], environment["edition"]) == ("default", "none")
    assert (environment["console"], environment["tenants"]) == (False, ["default"])
    (tenant,) = program.json("tenant", "list")["tenants"]
    assert set(tenant) == TENANT
    assert (tenant["environment"], tenant["allow_non_fips"]) == ("default", False)


def test_environments_are_added_changed_and_removed(program: Program) -> None:
    names = [
        row["name"] for row in program.json("env", "add", "p", "--edition", "saas")["environments"]
    ]
    assert names == ["default", "p"]
    changed = program.json("env", "edit", "p", "--name", "prod", "--edition", "vertex")
    (row,) = (row for row in changed["environments"] if row["name"] == "prod")
    assert (row["edition"], row["console"], row["registries"]) == ("vertex", True, 1)
    assert program.refused("env", "edit", "prod")["code"] == "usage"
    program.add("own", "--env", "prod")
    assert program.refused("env", "remove", "prod")["code"] == "not-empty"
    program.json("registry", "remove", "own", "--forget")
    assert len(program.json("env", "remove", "prod")["environments"]) == 1
    assert program.refused("env", "remove", "default")["code"] == "bad-config"
    assert program.run("env", "list") == 0
    assert "default" in program.shown


def test_tenants_are_added_set_and_removed(program: Program) -> None:
    names = [row["name"] for row in program.json("tenant", "add", "acme")["tenants"]]
    assert names == ["default", "acme"]
    setting = ("tenant", "set", "acme", "allow-non-fips=true")
    refused = program.refused(*setting)
    assert refused["code"] == "not-confirmed"
    assert "not FIPS compliant" in refused["cause"]
    assert not any(row["allow_non_fips"] for row in program.json("tenant", "list")["tenants"])
    allowed = program.json(*setting, "--confirm")["tenants"]
    assert [row["allow_non_fips"] for row in allowed] == [False, True]
    assert "the setting has no effect there" in program.said
    program.json("env", "edit", "default", "--edition", "vertex")
    program.json("tenant", "set", "acme", "allow-non-fips=false", "--confirm")
    assert "no effect" not in program.said
    for wrong in ("allow-non-fips", "allow-non-fips=perhaps", "color=red"):
        assert program.refused("tenant", "set", "acme", wrong, "--confirm")["code"] == "bad-config"
    assert len(program.json("tenant", "remove", "acme")["tenants"]) == 1


def test_where_there_is_a_choice_it_must_be_made(program: Program) -> None:
    program.json("env", "add", "prod", "--edition", "self-hosted")
    program.json("tenant", "add", "acme", "--env", "prod")
    given = ("registry", "add", "helm", "--name", "x", "--set", "endpoint=http://x.example")
    refused = program.refused(*given)
    assert refused["code"] == "environment-needed"
    assert "default" in refused["cause"]
    assert "prod" in refused["cause"]
    refused = program.refused(*given, "--env", "prod")
    assert refused["code"] == "tenant-needed"
    assert "acme" in refused["cause"]
    assert program.refused(*given, "--env", "nowhere")["code"] == "unknown-name"
    both = ("--env", "prod", "--scope", "system", "--tenant", "acme")
    assert program.refused(*given, *both)["code"] == "bad-config"
    assert program.add("x", "--env", "prod", "--tenant", "acme")["tenant"] == "acme"
    assert program.add("y", "--tenant", "acme")["environment"] == "prod"
    (row, _) = program.json("tenant", "set", "acme", "allow-non-fips=true", "--confirm")["tenants"]
    assert row["environment"] == "prod"
    row = program.add("x", "--env", "prod", "--scope", "system")
    assert (row["scope"], row["tenant"]) == ("system", None)
    assert program.refused("tenant", "add", "y")["code"] == "environment-needed"


def test_a_name_may_be_an_id_or_qualified(program: Program) -> None:
    program.json("env", "edit", "default", "--edition", "self-hosted")
    program.json("tenant", "add", "acme")
    own = program.add("Charts", "--tenant", "acme")
    theirs = program.add("charts", "--tenant", "default")
    console = program.add("CHARTS", "--scope", "system")

    def found(*given: str) -> str:
        return str(program.json("registry", "show", *given)["registry"]["id"])

    assert found("Charts") == own["id"]
    assert found("charts") == theirs["id"]
    assert found("acme/charts") == found("ACME/CHARTS") == own["id"]
    assert found("system/charts") == console["id"]
    assert found(console["id"]) == console["id"]
    ambiguous = program.refused("registry", "show", "cHARTS")
    assert ambiguous["code"] == "ambiguous-name"
    for row, place in ((own, "tenant/acme"), (theirs, "tenant/default"), (console, "system")):
        assert f"{row['id']} (default/{place})" in ambiguous["cause"]
    assert program.refused("registry", "show", "cHARTS", "--tenant", "acme")["code"] == (
        "ambiguous-name"
    )
    assert found("default/charts", "--tenant", "default") == theirs["id"]
    assert program.refused("registry", "show", "nothing")["code"] == "unknown-name"


def test_a_view_shows_what_a_tenant_sees(program: Program) -> None:
    program.json("env", "add", "prod", "--edition", "self-hosted")
    program.json("tenant", "add", "acme", "--env", "prod")
    program.add("here", "--env", "default")
    program.add("own", "--env", "prod", "--tenant", "acme")
    program.add("theirs", "--env", "prod", "--tenant", "default")
    console = program.add("console", "--env", "prod", "--scope", "system")
    everything = program.listed()
    assert {"here", "own", "theirs", "console"} < set(everything)
    assert program.listed("--env", "default") == ["here"]
    assert "here" not in program.listed("--env", "prod")
    seen = program.listed("--tenant", "acme")
    assert "own" in seen
    assert "console" in seen
    assert "Bitnami" in seen
    assert "theirs" not in seen
    assert "here" not in seen
    assert program.refused("registry", "list", "--tenant", "default")["code"] == "ambiguous-name"
    assert program.refused("registry", "list", "--tenant", "x")["code"] == "unknown-name"
    shown = program.json("registry", "show", console["id"])["registry"]
    assert shown["visible_to"] == ["default", "acme"]
    assert program.run("registry", "list") == 0
    assert "prod, system console" in program.shown
    assert "prod, acme" in program.shown


def test_defaults_are_read_only_and_tell_where_they_come_from(program: Program) -> None:
    program.json("env", "edit", "default", "--edition", "saas")
    shown = program.json("registry", "show", "Bitnami")["registry"]
    assert (shown["default"], shown["editable"], shown["scope"]) == (True, False, "system")
    assert "read-only" in shown["conditions"]
    assert (shown["next"], shown["last_outcome"]) == (None, "never")
    assert set(shown["provenance"]) == PROVENANCE
    assert shown["provenance"]["key"] == "bitnami"
    assert shown["provenance"]["sources"]
    assert program.run("registry", "show", "Bitnami") == 0
    assert "What documents say" in program.shown
    assert program.json("sync", "--all")["runs"] == []
    assert program.refused("registry", "remove", "Bitnami")["code"] == "read-only"
    assert program.refused("registry", "edit", "Bitnami", "--name", "x")["code"] == "read-only"
    copy = program.json("registry", "duplicate", "Bitnami", "--name", "mine")["registry"]
    assert (copy["default"], copy["scope"], copy["tenant"]) == (False, "tenant", "default")
    assert copy["endpoint"] == shown["endpoint"]
    program.json("plugins", "disable", "registrykit-legacy-pack")
    off = next(
        row
        for row in program.json("registry", "list")["registries"]
        if "disabled" in row["conditions"]
    )
    assert "needs-sign-in" in off["conditions"]
    assert program.run("registry", "list") == 0
    assert "plugin is switched off" in program.shown


def test_registries_are_hidden_removed_and_brought_back(program: Program) -> None:
    row = program.add("one")
    program.add("two")
    hidden = program.json("registry", "hide", "one")["registry"]
    assert (hidden["id"], hidden["next"]) == (row["id"], None)
    assert program.listed() == ["two"]
    assert program.listed("--all") == ["one", "two"]
    program.json("registry", "unhide", "one")
    assert program.json("registry", "remove", "one")["registry"]["id"] == row["id"]
    assert program.listed("--all") == ["two"]
    for command in ("show", "hide", "remove", "edit", "check"):
        assert program.refused("registry", command, "one")["code"] == "unknown-name"
    again = program.add("one")
    assert program.refused("registry", "restore", "one")["code"] == "name-taken"
    assert program.refused("registry", "remove", "one", "--forget")["code"] == "ambiguous-name"
    program.json("registry", "remove", again["id"], "--forget")
    assert program.json("registry", "restore", "one")["registry"]["id"] == row["id"]
    program.json("registry", "remove", "one")
    program.json("registry", "remove", row["id"], "--forget")
    assert program.refused("registry", "restore", row["id"])["code"] == "unknown-name"


def test_a_registry_is_changed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", "canary")
    for name in ("ONE", "UNO"):
        monkeypatch.setenv(f"REGISTRY_DESKTOP_SECRET_{name}_PASSWORD", "canary")
    given = ("--set", "auth=basic", "--set", "username=me", "--secret", "password=env:PW")
    program.add("one", *given, "--allow-host", "Files.example:8443")
    shown = program.json("registry", "edit", "one", "--name", "uno", "--set", "description=Of us")
    assert shown["registry"]["name"] == "uno"
    full = program.json("registry", "show", "uno")["registry"]
    assert full["description"] == full["config"]["description"] == "Of us"
    assert not {"password", "token", "client_key"} & full["config"].keys()
    assert program.run("registry", "show", "uno") == 0
    assert "files.example:8443" in program.shown
    assert "password" in program.shown
    program.json("registry", "edit", "uno", "--set", "endpoint=http://127.0.0.2:1")
    assert "the stored password was dropped" in program.said
    for refused in (
        ("registry", "edit", "uno"),
        ("registry", "edit", "uno", "--scope", "system"),
        ("registry", "edit", "uno", "--set", "auth=digest"),
        ("registry", "edit", "uno", "--set", "password=canary"),
        ("registry", "edit", "uno", "--secret", "username=env:PW"),
        ("registry", "edit", "uno", "--allow-host", "https://x.example/"),
    ):
        error = program.refused(*refused)
        assert error["remedy"]
        assert "canary" not in json.dumps(error)


def test_an_edit_keeps_what_it_does_not_concern(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", "canary")
    given = ("--set", "auth=basic", "--set", "username=me", "--secret", "password=env:PW")
    program.add("one", *given)
    program.json("registry", "edit", "one", "--set", "description=Of us")
    (run,) = program.json("sync", "one", code=4)["runs"]
    assert run["code"] == "secret-missing"


def test_a_file_defines_a_registry(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_text(
        'type = "helm"\nname = "team"\nscope = "tenant"\n'
        '[values]\nendpoint = "http://127.0.0.1:1"\nsynchronization = true\n'
    )
    given = ("--from-file", str(file), "--no-check")
    added = program.json("registry", "add", *given, "--set", "description=mine")["registry"]
    assert (added["name"], added["endpoint"]) == ("team", "http://127.0.0.1:1")
    assert program.json("registry", "add", *given, "--name", "other")["registry"]["name"] == "other"
    assert "team is the same registry already" in program.said
    checked = program.json("registry", "check", "--from-file", str(file), code=4)
    assert checked["ok"] is False
    assert program.refused("registry", "check")["code"] == "usage"


def test_plugins_are_listed_examined_and_switched(program: Program) -> None:
    for command, state in (
        (("list",), "active"),
        (("disable", "registrykit-helm"), "disabled"),
        (("list",), "disabled"),
        (("doctor",), "disabled"),
        (("enable", "registrykit-helm"), "active"),
        (("doctor",), "active"),
    ):
        found = program.json("plugins", *command)
        assert set(found) == {"plugins"}
        (plugin,) = (one for one in found["plugins"] if one["distribution"] == "registrykit-helm")
        assert set(plugin) == PLUGIN
        assert (plugin["state"], plugin["types"]) == (state, ["helm"])
    assert program.run("plugins", "doctor") == 0
    assert "✓ active" in program.shown


def test_a_registry_without_its_plugin_stays_listed(program: Program) -> None:
    program.add("one")
    program.json("plugins", "disable", "registrykit-helm")
    (row,) = program.json("registry", "list")["registries"]
    assert row["conditions"] == ["disabled"]
    assert program.json("registry", "check", "one", code=4)["error"]["code"] == "plugin-missing"
    (run,) = program.json("sync", "one", code=4)["runs"]
    assert (run["outcome"], run["code"]) == ("failed", "plugin-missing")
    error = program.json("registry", "add", "helm", "--name", "x", code=4)["error"]
    assert error["code"] == "plugin-missing"
