"""The main job with the keyboard: the mouse is never touched."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import Start, Team
from tests.e2e.window.steps import downloads, focused_on, next_stop, saved, tab_to

pytestmark = pytest.mark.e2e

NAME = "Team charts"


def test_the_life_of_a_registry_by_keyboard(start: Start, team: Team) -> None:
    program = start()
    eyes, hands = program.eyes, program.hands
    downloads(program)
    eyes.find(object="start-empty")
    tab_to(program, "Button", "Start with an empty list")
    hands.press("space")
    eyes.gone(object="start-empty")

    hands.press("ctrl+n")
    focused_on(program, "EditableText", "URL")
    hands.type(team.endpoint)
    eyes.find("RadioButton", "Authentication: No authentication")
    tab_to(program, "EditableText", "Name")
    hands.press("ctrl+a")
    hands.type(NAME)
    tab_to(program, "RadioButton", "Authentication: No authentication")
    hands.press("Right")
    focused_on(program, "RadioButton", "Authentication: User name and password")
    assert next_stop(program).name == "User name"
    hands.type(team.user)
    assert next_stop(program).name == "Password"
    hands.type(team.password)
    hands.press("ctrl+Return")
    eyes.find(object="trust-certificate")
    tab_to(program, "Button", "Trust this certificate…")
    hands.press("space")
    focused_on(program, "Button", "It matches, trust it")
    hands.press("space")
    eyes.read("It can be used.")
    focused_on(program, "Button", "Add")
    hands.press("space")
    focused_on(program, "ListItem", having=f"{NAME}, Helm repository, synced just now")
    assert team.password not in eyes.text()

    hands.press("ctrl+k")
    hands.type("cert")
    eyes.find("Cell", "cert-manager, chart")
    hands.press("Down")
    focused_on(program, "Cell", "cert-manager, chart")
    hands.press("Return")
    eyes.read("README: cert-manager 2.0.0")
    hands.press("ctrl+s")
    focused_on(program, "Button", "Save here")
    hands.press("space")
    saved(program, "cert-manager", "2.0.0")

    hands.press("ctrl+2")
    focused_on(program, "ListItem", having=NAME)
    hands.press("Delete")
    eyes.find("Button", "Undo")
    assert not eyes.all("ListItem", having=f"{NAME},")
    hands.press("ctrl+z")
    focused_on(program, "ListItem", having=f"{NAME}, Helm repository, synced")
    hands.press("ctrl+Tab")
    for chart in ("api-gateway", "billing", "cert-manager", "nginx", "worker"):
        eyes.find("Cell", f"{chart}, chart")
    assert hands.effort.clicks == 0
    program.close()
