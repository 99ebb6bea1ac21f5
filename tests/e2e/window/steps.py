"""Steps that several tests take on their way to what they are about."""

from __future__ import annotations

from tests.e2e.window.conftest import Running, Team


def begin_empty(program: Running) -> None:
    """Leave the first run without anything."""
    program.hands.click(program.eyes.find(object="start-empty"))
    program.eyes.gone(object="start-empty")


def add_by_mouse(program: Running, team: Team, name: str) -> None:
    """Add the team's registry with its certificate and password, checked."""
    eyes, hands = program.eyes, program.hands
    hands.click(eyes.find("CheckBox", "Registries"))
    hands.click(eyes.find("Button", object="add-registry"))
    hands.fill(eyes.find("EditableText", "URL"), team.endpoint)
    hands.click(eyes.find("RadioButton", "Authentication: User name and password"))
    hands.fill(eyes.find("EditableText", "User name"), team.user)
    hands.fill(eyes.find("EditableText", "Password"), team.password)
    hands.fill(eyes.find("EditableText", "Name"), name)
    hands.click(eyes.find(object="check-connection"))
    hands.click(eyes.find(object="trust-certificate"))
    hands.click(eyes.find(object="confirm-trust"))
    eyes.read("It can be used.")
    hands.click(eyes.find("Button", "Add", object="finish-adding"))
    eyes.read("synced just now")
