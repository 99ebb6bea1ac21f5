"""The parts of dev.py that decide: when to set up, what to install, what to start."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev_under_test", ROOT / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small workspace with two plugins and an excluded template."""
    for name in ("sdk", "helm", "template", "notes"):
        (tmp_path / "plugins" / name).mkdir(parents=True)
    for name in ("sdk", "helm", "template"):
        (tmp_path / "plugins" / name / "pyproject.toml").write_text(f"# {name}\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["plugins/*"]\nexclude = ["plugins/template"]\n'
    )
    (tmp_path / "requirements.lock").write_text("first==1\n")
    return tmp_path


def test_projects_are_the_members_and_then_the_application(dev: ModuleType, checkout: Path) -> None:
    plugins = checkout / "plugins"
    assert dev.projects(checkout) == [plugins / "helm", plugins / "sdk", checkout]


def test_projects_of_this_checkout_hold_sdk_and_application(dev: ModuleType) -> None:
    assert ROOT / "plugins/sdk" in dev.projects(ROOT)
    assert dev.projects(ROOT)[-1] == ROOT


@pytest.mark.parametrize(
    "changed", ["requirements.lock", "pyproject.toml", "plugins/helm/pyproject.toml"]
)
def test_the_stamp_changes_with_what_the_environment_is_made_from(
    dev: ModuleType, checkout: Path, changed: str
) -> None:
    before = dev.stamp(checkout)
    assert dev.stamp(checkout) == before
    with (checkout / changed).open("a") as file:
        file.write("# changed\n")
    assert dev.stamp(checkout) != before


def test_the_stamp_changes_with_a_new_plugin_the_place_and_the_python(
    dev: ModuleType, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = dev.stamp(checkout)
    moved = tmp_path_factory.mktemp("elsewhere") / "checkout"
    shutil.copytree(checkout, moved)
    assert dev.stamp(moved) != before
    python = Path(dev.program("python", checkout / ".venv"))
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    with_python = dev.stamp(checkout)
    assert with_python != before
    (checkout / "plugins/notes/pyproject.toml").write_text("")
    assert dev.stamp(checkout) != with_python


def test_an_environment_is_usable_only_where_it_was_made(dev: ModuleType, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert not dev.is_usable(here)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", here], check=True)
    assert not dev.is_usable(here), "no pip"
    pip = Path(dev.program("pip", here))
    pip.write_text(f"#!{dev.program('python', here)}\n")
    assert not dev.is_usable(here), "pip cannot be imported"
    (site,) = here.glob("lib/python*/site-packages") if sys.platform != "win32" else [here / "Lib"]
    (site / "pip").mkdir()
    (site / "pip/__init__.py").write_text("")
    assert dev.is_usable(here)
    here.rename(there)
    assert not dev.is_usable(there), "its programs still start the Python of the old place"


def test_installed_names_are_those_installed_or_provided(dev: ModuleType) -> None:
    listing = (
        "installed\tlibegl1\t\n"
        "not-installed\tgnome-keyring\t\n"
        "config-files\tnginx-light\thttpd\n"
        "installed\tlibglib2.0-0t64\tlibglib2.0-0 (= 2.84.1-1), libglib2.0-x\n"
    )
    assert dev.installed_names(listing) == {
        "libegl1",
        "libglib2.0-0t64",
        "libglib2.0-0",
        "libglib2.0-x",
    }


def test_only_missing_packages_are_asked_for(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\n")
    nginx.chmod(0o755)
    monkeypatch.setattr(dev, "TEST_PROGRAMS", {"nginx": ["web"], "no-such": ["one", "two"]})
    needed = ["libegl1", "libgl1", "nginx", "no-such"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert dev.missing_packages(needed, {"libegl1", "two"}) == ["libgl1", "one"]
    nginx.unlink()
    monkeypatch.setattr(dev, "has_program", lambda name: False)
    assert dev.missing_packages(needed, {"libegl1"}) == ["libgl1", "web", "one", "two"]


@pytest.mark.parametrize(
    ("platform", "environment", "given", "started"),
    [
        ("linux", {}, [], ["demo", "--headless"]),
        ("linux", {"DISPLAY": ""}, ["--json"], ["demo", "--headless", "--json"]),
        ("linux", {"QT_QPA_PLATFORM": "offscreen"}, [], ["demo", "--headless"]),
        ("linux", {}, ["--headless", "--json"], ["demo", "--headless", "--json"]),
        ("linux", {"DISPLAY": ":0"}, [], []),
        ("linux", {"DISPLAY": ":0"}, ["--offline"], ["demo", "--offline"]),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, [], []),
        ("darwin", {}, [], []),
        ("win32", {}, ["--json"], ["demo", "--json"]),
    ],
)
def test_the_window_is_started_and_the_demo_without_a_screen(
    dev: ModuleType,
    platform: str,
    environment: dict[str, str],
    given: list[str],
    started: list[str],
) -> None:
    program, *rest = dev.run_command(given, platform, environment)
    assert program == dev.program("registry-desktop")
    assert rest == started


GROUPS = {
    "unit": ["tests/unit"],
    "plugins": ["plugins/a/tests", "plugins/b/tests"],
    "gui": ["tests/gui"],
    "window": ["tests/e2e/window"],
}
APART = ["--ignore=tests/gui", "--ignore=tests/gui/stalls", "--ignore=tests/e2e/window"]


def calls(dev: ModuleType, *given: str) -> list[list[str]]:
    return [call.arguments for call in dev.pytest_calls(given, GROUPS)]


def test_groups_become_folders_and_markers(dev: ModuleType) -> None:
    folders = ["plugins/a/tests", "plugins/b/tests", "tests/unit"]
    assert calls(dev, "plugins", "unit") == [[*APART, *folders]]
    assert calls(dev, "unit", "real", "shared") == [[*APART, "tests/unit", "-m", "real or shared"]]
    assert calls(dev, "unit", "--", "-x", "-k", "a") == [[*APART, "tests/unit", "-x", "-k", "a"]]


def test_what_needs_qt_or_a_screen_has_a_pytest_of_its_own(dev: ModuleType) -> None:
    gui = ["-p", "pytestqt.plugin", "--ignore=tests/gui/stalls", "tests/gui"]
    stalls = ["-n0", "-p", "pytestqt.plugin", "tests/gui/stalls"]
    window = ["-n0", "tests/e2e/window"]
    assert calls(dev) == [APART, gui, stalls, window]
    every = [APART, gui, stalls, window]
    assert calls(dev, "--", "-x") == [[*call, "-x"] for call in every]
    assert calls(dev, "gui") == [gui]
    assert calls(dev, "window", "gui", "--", "-x") == [[*gui, "-x"], [*window, "-x"]]
    assert calls(dev, "window", "unit") == [[*APART, "tests/unit"], window]
    (call,) = dev.pytest_calls(["gui"], GROUPS)
    assert call.environment == {"QT_QPA_PLATFORM": "offscreen"}


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0, 0], 0), ([0, 1, 0], 1), ([0, 5, 0], 0), ([5, 5], 5), ([5, 2, 1], 2), ([0, -6], -6)],
)
def test_the_code_of_every_pytest_counts(dev: ModuleType, codes: list[int], code: int) -> None:
    assert dev.worst_code(codes) == code


def test_every_variant_of_the_pictures_is_taken(dev: ModuleType) -> None:
    text = (ROOT / "tests/shots/take.py").read_text("utf-8")
    assert re.findall(r'^    "(\w+)": Variant\(', text, re.MULTILINE) == list(dev.SHOTS)


def test_an_unknown_group_is_refused_with_the_groups(dev: ModuleType) -> None:
    with pytest.raises(dev.Problem) as problem:
        dev.pytest_calls(["units"], {"unit": ["tests/unit"]})
    assert problem.value.args[1] == "The groups are unit, real, shared."


def test_the_groups_of_this_checkout_hold_this_file(dev: ModuleType) -> None:
    groups = dev.groups_of_tests(ROOT)
    assert groups["unit"] == ["tests/unit"]
    assert "data" not in groups
    assert all((ROOT / folder).is_dir() for folders in groups.values() for folder in folders)


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        ("WARNING: Retrying (Retry(total=4…\nERROR: No matching distribution", "did not answer"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE", "not the one"),
        ("ERROR: first\nERROR: No space left on device", "No space left on device"),
        ("   OSError: no README.md\n   [end]\nerror: metadata-generation-failed", "no README.md"),
        ("", "gave no reason"),
    ],
)
def test_a_failed_installation_is_explained(dev: ModuleType, log: str, cause: str) -> None:
    found, remedy = dev.explain(log)
    assert cause in found
    assert remedy.endswith("then run the same command again.")


def test_two_set_ups_wait_for_each_other(dev: ModuleType, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import dev\n"
        "with dev.alone(pathlib.Path(sys.argv[2])):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(ROOT), str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout
        assert first.stdout.readline() == b"held\n"
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(0.5)
            first.communicate()
            assert second.communicate()[0] == b"held\n"


@pytest.mark.parametrize("arguments", [[], ["frame"], ["check", "--fixes"], ["lock", "now"]])
def test_what_is_not_a_command_shows_the_commands(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "dev.py"), *arguments], capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert "python3 dev.py run" in ended.stderr


def test_dev_needs_only_the_standard_library() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "dev.py"), "--help"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "python3 dev.py test" in ended.stdout
