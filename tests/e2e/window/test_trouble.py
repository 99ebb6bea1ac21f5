"""What a window says of data that another one has open, and of a program that was killed."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from registrykit.testing import faults
from tests.e2e.window.conftest import Start
from tests.e2e.window.seeing import until
from tests.e2e.window.steps import add_by_command, charts, serve
from tests.program import Program

pytestmark = pytest.mark.e2e

IN_USE = "Another Registry Desktop has this data open"
NAME = "Team charts"


def test_a_second_window_reads_and_says_why_it_cannot_change(start: Start, tmp_path: Path) -> None:
    with serve(charts("billing", "nginx")) as site:
        add_by_command(tmp_path / "data", NAME, site)
    first = start()
    first.eyes.find("Button", "Synchronize what is due")
    until(lambda: not first.eyes.all(having=IN_USE), "the first window")
    second = start()
    eyes, hands = second.eyes, second.hands
    eyes.read(IN_USE)
    hands.press("ctrl+2")
    hands.click(eyes.find("ListItem", having=NAME))
    sync = eyes.find("Button", "Synchronize", object="sync-registry")
    assert "disabled" in sync.states
    assert IN_USE in sync.description
    hands.press("Delete")
    eyes.read(f"{IN_USE}.")
    eyes.find("ListItem", having=NAME)
    hands.click(eyes.find("PageTab", "Contents"))
    eyes.find("Cell", "nginx, chart")
    hands.press("ctrl+n")
    hands.click(eyes.find("Button", "Helm repository"))
    add = eyes.find("Button", object="finish-adding")
    assert "disabled" in add.states
    second.close()
    first.close()


def test_what_a_kill_interrupted_goes_on(start: Start, tmp_path: Path) -> None:
    made = charts("billing", "nginx", "worker")
    with serve(made) as site:
        data_dir = tmp_path / "data"
        add_by_command(data_dir, NAME, site)
        made.add("api-gateway", "1.0.0")
        site.publish(made.index, made.files)
        site.spoil(site.index_path, faults.stall(at=40))
        program = start()
        program.hands.press("ctrl+2")
        program.hands.click(program.eyes.find("ListItem", having=NAME))
        synchronize = program.eyes.find("Button", object="sync-registry")
        until(lambda: "disabled" not in program.eyes.find(object="sync-registry").states, "ready")
        site.forget()
        program.hands.click(synchronize)
        program.eyes.find("Button", object="cancel-sync")
        until(lambda: site.count(site.index_path), "the question that is never answered")
        program.process.send_signal(signal.SIGKILL)
        program.process.wait()
        site.mend()

        again = start()
        eyes, hands = again.eyes, again.hands
        eyes.read(f"{NAME}: the last synchronization was interrupted")
        hands.click(eyes.find("Button", f"Synchronize {NAME}"))
        eyes.gone("Button", f"Synchronize {NAME}")
        hands.press("ctrl+2")
        eyes.find("ListItem", having=f"{NAME}, Helm repository, synced just now, 4 artifacts")
        again.close()
    (run, *_) = Program(data_dir).json("history", NAME)["runs"]
    assert (run["outcome"], run["added"]) == ("ok", 1)
