"""The window can be taken away: what is left is a whole command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLI_TESTS = sorted(ROOT.glob("tests/unit/test_cli_*.py"))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the application without `desktop/ui`, with the tests of its commands."""
    folder = tmp_path_factory.mktemp("checkout")
    left_out = shutil.ignore_patterns("ui", "__pycache__")
    shutil.copytree(ROOT / "desktop", folder / "desktop", ignore=left_out)
    shutil.copytree(ROOT / "resources", folder / "resources")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path in (*CLI_TESTS, ROOT / "tests/conftest.py", *ROOT.glob("tests/unit/conftest.py")):
        copied = folder / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copied)
    for name in ("program.py", "scripted.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    return folder


def run(checkout: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, as its user would."""
    env = {**os.environ, "REGISTRY_DESKTOP_DATA_DIR": str(checkout / "data"), **variables}
    env |= {"PYTHONPATH": str(checkout), "REGISTRY_DESKTOP_KEYRING": "none"}
    return subprocess.run(
        [sys.executable, *words], cwd=checkout, env=env, capture_output=True, text=True
    )


def test_the_copy_is_what_runs(checkout: Path) -> None:
    asked = run(checkout, "-c", "import desktop.cli as found; print(found.__file__)")
    assert Path(asked.stdout.strip()) == checkout / "desktop/cli/__init__.py"
    assert not (checkout / "desktop/ui").exists()


def test_without_a_command_it_says_that_it_has_no_window(checkout: Path) -> None:
    for words in ([], ["--offline"], ["demo"]):
        ended = run(checkout, "-m", "desktop", *words, DISPLAY=":0")
        assert ended.returncode == 2
        assert ended.stderr.splitlines() == [
            "This installation has no window.",
            "  Why: it holds the command line alone",
            "  What to do: Name a command; see: registry-desktop --help",
        ]
    assert not (checkout / "data").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["--help"], "registry add"),
        (["registry", "types"], "Helm"),
        (["registry", "list"], "There are no registries yet"),
        (["plugins", "list"], "registrykit-helm"),
        (["search", "queue"], "0 hits"),
    ],
)
def test_commands_answer(checkout: Path, command: list[str], said: str) -> None:
    ended = run(checkout, "-m", "desktop", *command)
    assert (ended.returncode, said in ended.stdout + ended.stderr) == (0, True), ended


def test_the_tests_of_the_command_line_pass(checkout: Path) -> None:
    assert CLI_TESTS
    ended = run(checkout, "-m", "pytest", "tests/unit", "-q", "-n0", "-p", "no:cacheprovider")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "passed" in ended.stdout
