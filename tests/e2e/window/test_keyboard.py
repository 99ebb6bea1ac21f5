"""The keyboard reaches the window, its dialogs and its popups, with no window manager's help."""

from __future__ import annotations

import pytest

from tests.e2e.window.conftest import Start

pytestmark = pytest.mark.e2e


def test_the_keyboard_reaches_window_dialog_and_popup(start: Start) -> None:
    program = start()
    eyes, hands = program.eyes, program.hands
    hands.click(eyes.find(object="start-empty"))
    eyes.gone(object="start-empty")
    hands.press("ctrl+k")
    hands.type("cert-manager & <b>")
    eyes.read("cert-manager & <b>")
    focused = eyes.focused()
    assert focused is not None
    assert (focused.name, focused.role) == ("Search everything", "EditableText")
    hands.press("F1")
    eyes.find("Dialog", "Keyboard")
    hands.press("Escape")
    eyes.gone("Dialog")
    hands.press("ctrl+1")
    assert "checked" in eyes.find(name="Home", role="CheckBox").states
    program.close()
