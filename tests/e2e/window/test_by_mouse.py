"""The main job with the mouse: nothing but clicks, and typing into fields."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import Start, Team
from tests.e2e.window.steps import add_by_mouse, begin_empty, downloads, saved

pytestmark = pytest.mark.e2e

NAME = "Team charts"


def test_the_life_of_a_registry_by_mouse(start: Start, team: Team) -> None:
    program = start()
    eyes, hands = program.eyes, program.hands
    downloads(program)
    begin_empty(program)
    add_by_mouse(program, team, NAME)
    assert team.password not in eyes.text()

    hands.fill("Search everything", "cert")
    hands.click(eyes.find("Cell", "cert-manager, chart"))
    hands.click(eyes.find("Button", object="open-whole"))
    eyes.read("README: cert-manager 2.0.0")
    versions = eyes.find("Table", "Versions")
    hands.click(next(cell for cell in versions.children if cell.name == "1.1.0"))
    eyes.read("app 1.1.0")
    hands.click(eyes.find("Button", object="save-to-disk"))
    hands.click(eyes.find("Button", object="save-here"))
    saved(program, "cert-manager", "1.1.0")

    hands.click(eyes.find("CheckBox", "Registries"))
    hands.click(eyes.find("ListItem", having=NAME))
    hands.click(eyes.find("Button", object="more-actions"))
    hands.click(eyes.find("MenuItem", having="Remove"))
    undo = eyes.find("Button", "Undo")
    assert not eyes.all("ListItem", having=f"{NAME},")
    hands.click(undo)
    eyes.find("ListItem", having=f"{NAME}, Helm repository, synced")
    hands.click(eyes.find("PageTab", "Contents"))
    for chart in ("api-gateway", "billing", "cert-manager", "nginx", "worker"):
        eyes.find("Cell", f"{chart}, chart")
    assert hands.effort.chords == 0
    program.close()
