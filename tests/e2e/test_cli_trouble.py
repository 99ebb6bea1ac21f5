"""What goes wrong, by the command line: exit codes, three-part messages, nothing half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from desktop.cli.definitions import UNCHECKED
from desktop.engine.clock import SystemClock
from desktop.engine.lock import DataLock
from registrykit.testing import faults
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic
from tests.program import Program

pytestmark = pytest.mark.e2e
ERROR = {"code", "message", "cause", "remedy"}
WINDOWS = sys.platform == "win32"


def add(program: Program, name: str, endpoint: str) -> None:
    """Add a registry unchecked, of which no documents are fetched."""
    given = ("--set", f"endpoint={endpoint}", "--set", "documents=on-demand", "--no-check")
    program.json("registry", "add", "helm", "--name", name, *given)


def index(versions: Sequence[str], *extra: str) -> str:
    lines = ["apiVersion: v1", "entries:", "  app:"]
    for version in versions:
        lines += ["  - name: app", f"    version: {version}", f"    urls: [app-{version}.tgz]"]
    return "\n".join([*lines, *extra]) + "\n"


@pytest.fixture
def site() -> Iterator[HelmSite]:
    with HelmSite(index(["1.0.0", "1.1.0"])) as made:
        yield made


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "data")


def test_a_wrong_command_is_refused_in_both_forms(program: Program) -> None:
    for given in (["registy"], ["sync", "--nonsense"], []):
        refused = program.json(*given, code=2)
        assert set(refused) == {"error"}
        assert set(refused["error"]) == ERROR
        assert refused["error"]["code"] == "usage"
    ended = program.run("registry", "show")
    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 3
    assert not (program.data_dir).exists()


def test_a_window_that_cannot_be_shown_is_an_error_and_no_traceback(program: Program) -> None:
    nowhere = program.run()
    assert nowhere.code == 2
    assert nowhere.err.splitlines() == [
        "There is no screen for the window.",
        "  Why: neither DISPLAY nor WAYLAND_DISPLAY is set",
        "  What to do: Name a command; see: registry-desktop --help",
    ]
    # A screen that is not there, and one that nobody knows.
    for display, platform, said in ((":7777", "xcb", "display :7777"), (":0", "beyond", "beyond")):
        program.env |= {"DISPLAY": display, "QT_QPA_PLATFORM": platform}
        ended = program.run()
        assert ended.code == 4
        first, why, what = ended.err.splitlines()
        assert first == "The window cannot be shown."
        assert said in why
        assert "registry-desktop --help" in what
    refused = program.run("--env", "prod")
    assert refused.code == 2
    assert "does not take --env" in refused.err
    assert not (program.data_dir).exists()


def test_a_missing_library_of_the_window_is_named(program: Program, tmp_path: Path) -> None:
    said = "libEGL.so.1: cannot open shared object file"
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6/__init__.py").write_text(f"raise ImportError({said!r}, name='PySide6.Qt')")
    program.env |= {"DISPLAY": ":0", "PYTHONPATH": str(tmp_path)}
    for words in ((), ("demo",)):
        ended = program.run(*words)
        assert ended.code == 4
        first, why, _what = ended.err.splitlines()
        assert first == "The window cannot be shown."
        assert said in why


def test_help_and_version_need_no_data(program: Program) -> None:
    shown = program.run("--help")
    assert (shown.code, shown.err) == (0, "")
    assert "registry add" in shown.out
    assert set(program.json("--version")) == {"version"}
    assert set(program.json("sync", "--help")) == {"help"}
    assert not (program.data_dir).exists()


def test_a_failing_check_adds_nothing(program: Program) -> None:
    given = ("registry", "add", "helm", "--name", "x", "--set", "endpoint=http://127.0.0.1:1")
    refused = program.json(*given, code=4)
    assert set(refused) == {"registry", "checks", "error"}
    assert refused["registry"] is None
    assert set(refused["error"]) == ERROR
    failed = [check for check in refused["checks"] if check["verdict"] == "failed"]
    assert failed
    assert failed[0]["remedy"] == refused["error"]["remedy"]
    assert refused["error"]["message"].startswith("x was not added")
    assert program.json("registry", "list")["registries"] == []
    shown = program.run(*given)
    assert shown.code == 4
    assert shown.out == ""
    assert "✗ failed  tcp" in shown.err
    assert "· not tried  tls, protocol, sign-in, listing, content\n" in shown.err
    # What the stage has said is not said again, only what can be done now.
    assert shown.err.count(failed[0]["message"]) == 1
    assert shown.err.count(failed[0]["remedy"]) == 1
    assert shown.err.splitlines()[-1] == f"  What to do: {UNCHECKED}"
    unchecked = program.json(*given, "--no-check")
    assert set(unchecked) == {"registry", "checks"}
    assert unchecked["checks"] == []


def test_what_is_shown_of_a_registry_applies_to_it(program: Program) -> None:
    given = ("registry", "add", "oci", "--name", "o", "--set", "endpoint=127.0.0.1:1", "--no-check")
    program.json(*given, "--set", "auth=basic", "--set", "username=", code=0)
    assert "provider_type" in program.run("registry", "show", "o").out
    assert "aws_credentials" not in program.run("registry", "show", "o").out


def test_nothing_is_said_to_be_downloaded_into_a_folder_that_is_not_there(
    program: Program, site: HelmSite, tmp_path: Path
) -> None:
    add(program, "good", site.endpoint)
    program.json("sync", "good")
    save = ("catalog", "save", "--registry", "good", "app", "1.0.0", "--to")
    ended = program.run(*save, str(tmp_path / "none"))
    assert (ended.code, "Downloading" in ended.err) == (2, False)
    assert ended.err.startswith("There is no folder")


def test_synchronizations_that_end_differently(program: Program, site: HelmSite) -> None:
    add(program, "good", site.endpoint)
    add(program, "bad", "http://127.0.0.1:1")
    mixed = program.json("sync", "--all", code=3)
    assert {run["registry"]: run["outcome"] for run in mixed["runs"]} == {
        "good": "ok",
        "bad": "failed",
    }
    failed = program.run("sync", "bad")
    assert failed.code == 4
    assert "✗ failed" in failed.out
    assert "bad: " in failed.err
    assert "  What to do: " in failed.err
    (run,) = program.json("sync", "bad", code=4)["runs"]
    assert (run["outcome"], run["code"]) == ("failed", "refused")
    assert run["message"]
    assert run["remedy"]
    (run,) = program.json("sync", "good", "good")["runs"]
    assert run["outcome"] == "unchanged"
    site.publish(index(["1.0.0", "1.1.0"], "  odd:", "  - description: no name"), {})
    (run,) = program.json("sync", "good", code=3)["runs"]
    assert (run["outcome"], run["skipped"], run["versions"]) == ("partial", 1, 2)
    one = program.json("history", "good", "--run", str(run["id"]))
    assert [set(skip) for skip in one["skipped"]] == [{"artifact", "version", "reason"}]
    (run,) = program.json("sync", "good")["runs"]
    assert (run["outcome"], run["skipped"]) == ("unchanged", 1)
    (row,) = (r for r in program.json("registry", "list")["registries"] if r["name"] == "bad")
    assert (row["last_outcome"], row["conditions"]) == ("failed", ["unreachable"])
    assert program.json("sync", "--all", "good", code=2)["error"]["code"] == "usage"


def test_data_in_use_is_said_with_its_holder(program: Program, site: HelmSite) -> None:
    add(program, "team", site.endpoint)
    lock = DataLock(program.data_dir)
    lock.acquire(SystemClock())
    try:
        refused = program.json("sync", code=5)
        assert refused["error"]["code"] == "data-in-use"
        assert str(os.getpid()) in refused["error"]["cause"]
        assert [row["name"] for row in program.json("registry", "list")["registries"]] == ["team"]
        assert program.json("registry", "check", "team")["ok"]
    finally:
        lock.release()
    assert program.json("sync")["runs"][0]["outcome"] == "ok"


@pytest.mark.skipif(WINDOWS, reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_cancels_what_runs(program: Program, site: HelmSite) -> None:
    add(program, "team", site.endpoint)
    program.json("sync")
    site.publish(index(["1.0.0"]), {})
    site.forget()
    site.spoil("*", faults.stall(60))
    with program.start("sync", "team", "--json") as process:
        deadline = time.monotonic() + 20
        while not site.count() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert site.count()
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        printed, said = process.communicate(timeout=20)
        # Two seconds until a worker that does not obey is killed, and that twice.
        assert time.monotonic() - begun < 4
    assert process.returncode == 130
    assert "Traceback" not in said
    (run,) = json.loads(printed)["runs"]
    assert (run["outcome"], run["versions"], run["removed"]) == ("cancelled", 2, 0)


def test_a_reader_that_leaves_is_no_error(program: Program) -> None:
    with subprocess.Popen(
        program.command("registry", "types"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=program.environment,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_secrets_are_in_no_output_and_in_no_file(program: Program) -> None:
    canary = "canary-7c1d"
    with HelmSite(index(["1.0.0"]), sign_in=Basic("me", canary)) as site:
        given = ("--set", "auth=basic", "--set", "username=me", "--secret")
        ended = program.run(
            "registry", "add", "helm", "--name", "Team 1", "--set", f"endpoint={site.endpoint}",
            *given, "password=-", stdin=f"{canary}\n",
        )  # fmt: skip
        assert ended.code == 0, ended.err
        variable = "REGISTRY_DESKTOP_SECRET_TEAM_1_PASSWORD"
        assert f"Later commands read {variable}" in ended.err
        unknown = program.json("sync", code=4)["runs"][0]
        assert unknown["code"] == "secret-missing"
        assert variable in unknown["remedy"]
        program.env[variable] = "wrong"
        wrong = program.json("sync", "Team 1", code=4)["runs"][0]
        assert wrong["code"] == "sign-in-failed"
        program.env[variable] = canary
        known = program.run("sync", "Team 1", "--json")
        assert known.code == 0, known.out
        shown = program.run("registry", "show", "Team 1", "--json")
        outputs = "".join(part.out + part.err for part in (ended, known, shown))
    files = [path for path in (program.data_dir).rglob("*") if path.is_file()]
    assert any(path.name == "registry-desktop.log" for path in files)
    assert canary not in outputs
    assert not [path for path in files if canary.encode() in path.read_bytes()]


def test_a_frozen_program_starts_itself_as_its_worker(program: Program) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "desktop", "--worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=program.environment,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    with worker.stdin, worker.stdout:
        # The first frame: its length, and that the worker is ready.
        length = int.from_bytes(worker.stdout.read(4), "big")
        assert b"ready" in worker.stdout.read(length)
        worker.stdin.close()
        assert worker.wait(60) == 0
    assert not program.data_dir.exists()
