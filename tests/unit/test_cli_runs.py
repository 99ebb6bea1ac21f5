"""Commands answered inside the test's own process: their exit codes and their JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desktop.cli import commands
from desktop.cli.main import main
from registrykit.testing.servers import HelmSite

ERROR = {"code", "message", "cause", "remedy"}


@dataclass(frozen=True)
class Ended:
    """What a command left; the names are those of a process that ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Program:
    """The program on a data directory of its own; no documents are fetched."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def run(self, *given: str, environ: Mapping[str, str] | None = None) -> Ended:
        with self.patch.context() as patch:
            for name, value in {"REGISTRY_DESKTOP_KEYRING": "none", **(environ or {})}.items():
                patch.setenv(name, value)
            self.capture.readouterr()
            code = main(["--data-dir", str(self.folder / "data"), *given])
        printed = self.capture.readouterr()
        return Ended(code, printed.out, printed.err)

    def json(self, *given: str, code: int = 0, **more: Any) -> dict[str, Any]:
        ended = self.run(*given, "--json", **more)
        assert ended.returncode == code, ended.stderr + ended.stdout
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def add(self, name: str, endpoint: str, *more: str, **how: Any) -> dict[str, Any]:
        given = ("--set", f"endpoint={endpoint}", "--set", "documents=on-demand", *more)
        return self.json("registry", "add", "helm", "--name", name, *given, "--no-check", **how)


def index(versions: Sequence[str]) -> str:
    lines = ["apiVersion: v1", "entries:", "  app:"]
    for version in versions:
        lines += ["  - name: app", f"    version: {version}", f"    urls: [app-{version}.tgz]"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def site() -> Iterator[HelmSite]:
    with HelmSite(index(["1.0.0", "1.1.0"])) as made:
        yield made


@pytest.fixture
def program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Program:
    return Program(tmp_path, capsys, monkeypatch)


def test_invalid_input_is_refused_with_candidates(program: Program, site: HelmSite) -> None:
    endpoint = f"endpoint={site.endpoint}"
    for given, said in (
        (("registry", "add", "nonsense", "--name", "x"), "helm"),
        (("registry", "add", "helm", "--name", "x", "--set", "auth=digest"), "none, basic, token"),
        (("registry", "add", "helm", "--name", "x", "--set", "colour=red"), "endpoint, auth"),
        (("registry", "add", "helm", "--set", endpoint), ""),
        (("registry", "add", "helm", "--name", "x", "--set", "endpoint=://"), ""),
        (
            ("registry", "add", "helm", "--name", "x", "--scope", "system", "--set", endpoint),
            "none",
        ),
        (("registry", "show", "nonsense"), "none"),
        (("catalog", "list", "--registry", "nonsense"), "none"),
        (("sync", "nonsense"), "none"),
        (("env", "add", "x", "--edition", "nonsense"), "vertex"),
        (("plugins", "enable", "nonsense"), "registrykit-helm"),
    ):
        refused = program.json(*given, code=2)
        assert set(refused["error"]) == ERROR
        assert said in refused["error"]["cause"]
        assert refused["error"]["remedy"]
    assert site.count() == 0
    assert program.json("registry", "list")["registries"] == []


def test_removals_that_are_held_are_decided(program: Program, site: HelmSite) -> None:
    many = [f"1.{minor}.0" for minor in range(40)]
    site.publish(index(many), {})
    program.add("team", site.endpoint)
    program.json("sync", "team")
    for decision, left, change in (("--discard", 40, []), ("--accept", 5, ["removed"] * 35)):
        site.publish(index(many[:5]), {})
        (run,) = program.json("sync", "team", code=3)["runs"]
        assert (run["outcome"], run["code"], run["removed"]) == ("held", "held", 0)
        assert "35 versions would vanish" in run["message"]
        assert "! held: 35 versions" in program.run("registry", "list").stdout
        assert (
            "would be removed: 35" in program.run("history", "team", "--run", str(run["id"])).stdout
        )
        decided = program.json("review", "team", decision)
        assert set(decided) == {"runs"}
        assert decided["runs"][0]["id"] == run["id"]
        one = program.json("history", "team", "--run", str(run["id"]))
        assert [row["change"] for row in one["changes"]] == change
        assert program.json("registry", "show", "team")["registry"]["versions"] == left
    assert program.json("review", "team", "--accept", code=4)["error"]["code"] == "nothing-held"
    site.publish(index(many), {})
    program.json("sync", "team")
    site.publish(index(many[:5]), {})
    (run,) = program.json("sync", "team", "--accept-held")["runs"]
    assert (run["outcome"], run["removed"]) == ("ok", 35)


def test_offline_opens_no_connection(program: Program, site: HelmSite) -> None:
    program.add("team", site.endpoint)
    before = site.connections
    refused = program.json("sync", "--offline", code=4)
    assert refused["error"]["code"] == "offline"
    assert [run["code"] for run in refused["runs"]] == ["offline"]
    assert program.json("registry", "check", "team", "--offline", code=4)
    given = ("registry", "add", "helm", "--name", "x", "--set", f"endpoint={site.endpoint}")
    assert program.json(*given, "--offline", code=4)["registry"] is None
    once = program.run(*given, "--set", "synchronization=false", "--no-check", "--offline")
    assert once.returncode == 0
    assert "was not read, since the network is off" in once.stderr
    assert site.connections == before


def test_a_registry_that_is_not_synchronized_is_read_once(program: Program, site: HelmSite) -> None:
    added = program.add("team", site.endpoint, "--set", "synchronization=no")["registry"]
    assert (added["last_outcome"], added["versions"], added["automatic"]) == ("ok", 2, False)
    assert (added["next"], added["conditions"]) == (None, ["manual"])
    site.stop()
    gone = program.add("gone", "http://127.0.0.1:1", "--set", "synchronization=no", code=3)
    assert gone["registry"]["last_outcome"] == "failed"
    assert program.json("sync")["runs"] == []


def test_a_variable_that_could_mean_two_registries_is_refused(
    program: Program, site: HelmSite
) -> None:
    given = ("--set", "auth=basic", "--set", "username=me", "--secret", "password=env:PW")
    for name in ("team-1", "team 1"):
        program.add(name, site.endpoint, *given, environ={"PW": "x"})
    environ = {"REGISTRY_DESKTOP_SECRET_TEAM_1_PASSWORD": "x"}
    refused = program.json("sync", "team 1", code=2, environ=environ)
    assert refused["error"]["code"] == "ambiguous-secret"
    assert "team 1" in refused["error"]["cause"]
    assert "team-1" in refused["error"]["cause"]
    checked = program.json("registry", "check", "team 1", code=2, environ=environ)
    assert checked["error"]["code"] == "ambiguous-secret"


def test_a_folder_that_cannot_be_used_is_no_internal_error(
    program: Program, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file")
    refused = program.json("registry", "list", code=4)
    assert refused["error"]["code"] == "file-unusable"
    assert str(tmp_path / "data") in refused["error"]["message"]


def test_data_of_another_program_is_left_alone(program: Program) -> None:
    folder = program.folder / "data"
    folder.mkdir()
    file = folder / "registry-desktop.db"
    file.write_bytes(b"something else entirely, and long enough to be looked at" * 50)
    before = file.read_bytes()
    for given in (("registry", "list"), ("sync",)):
        assert program.json(*given, code=4)["error"]["code"] == "wrong-data"
    assert file.read_bytes() == before


def test_safe_mode_loads_no_plugin_and_keeps_what_is_there(
    program: Program, site: HelmSite
) -> None:
    program.add("team", site.endpoint)
    program.json("sync")
    for plugin in program.json("plugins", "list", "--safe-mode")["plugins"]:
        assert set(plugin) == {"distribution", "version", "state", "types", "reason"}
        assert (plugin["state"], plugin["types"]) == ("disabled", [])
    assert program.json("search", "app", "--safe-mode")["total"] == 1
    (run,) = program.json("sync", "team", "--safe-mode", code=4)["runs"]
    assert run["code"] == "plugin-missing"


def test_what_nobody_foresaw_is_one_sentence_and_in_the_log(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> int:
        raise KeyError("canary-text")

    answered = commands.Command(broken, lambda _args: True)
    monkeypatch.setitem(commands.COMMANDS, "registry list", answered)
    refused = program.json("registry", "list", code=1)["error"]
    log = program.folder / "data" / "logs" / "registry-desktop.log"
    assert refused["code"] == "internal-error"
    assert str(log) in refused["message"]
    assert "canary-text" not in json.dumps(refused)
    shown = program.run("registry", "list")
    assert shown.returncode == 1
    assert len(shown.stderr.splitlines()) == 3
    written = log.read_text("utf-8")
    assert written.count("the command registry list failed") == 2
    assert "KeyError: 'canary-text'" in written


def test_ctrl_c_outside_of_a_job_is_130(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> int:
        raise KeyboardInterrupt

    answered = commands.Command(interrupted, lambda _args: False)
    monkeypatch.setitem(commands.COMMANDS, "registry list", answered)
    assert program.json("registry", "list", code=130)["error"]["code"] == "cancelled"
