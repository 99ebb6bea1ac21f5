"""Somebody starts the program for the first time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.window.conftest import Start

pytestmark = pytest.mark.e2e


def test_the_first_run_explains_itself_and_contacts_nobody(start: Start, tmp_path: Path) -> None:
    program = start()
    eyes = program.eyes
    for offer in ("Try the demo", "Import what I have", "Set up my own"):
        eyes.read(offer)
    picture = program.display.picture(tmp_path / "first-run.png")
    assert picture.stat().st_size > 5_000
    program.close()
    assert (program.data_dir / "window.ini").exists()
