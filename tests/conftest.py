"""What every test may ask for: programs of the operating system, and the real index files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOT_INSTALLED = " is not installed"

Needs = Callable[[str], str]


@pytest.fixture(scope="session")
def needs_program() -> Callable[[str], str]:
    """Return a function from a program's name to its path.

    Where the program is missing the test is skipped and counted at the end of the run; under
    continuous integration (`CI=true`), which installs everything, that is a failure.
    """

    def find(name: str) -> str:
        places = (os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin")
        found = shutil.which(name, path=os.pathsep.join(places))
        if found:
            return found
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name}{NOT_INSTALLED}, and CI runs every real part", pytrace=False)
        pytest.skip(f"{name}{NOT_INSTALLED}")

    return find


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real input that may lie beside the checkout; skip without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real input in ../shared/data")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the programs that were missing, so that a green run does not hide what it left out."""
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", ())]
    reasons = [entry[2].removeprefix("Skipped: ") for entry in skipped if isinstance(entry, tuple)]
    missing = [text.removesuffix(NOT_INSTALLED) for text in reasons if NOT_INSTALLED in text]
    if missing:
        counted = ", ".join(f"{name} ({missing.count(name)})" for name in sorted(set(missing)))
        terminalreporter.write_line(f"real parts skipped: {counted}")
