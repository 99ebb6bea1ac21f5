"""What a screen reader and the Tab key find, in every place of the window, on the demo."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.window.conftest import Running, Start
from tests.e2e.window.seeing import Seen, until
from tests.e2e.window.steps import choose, focused_on, next_stop, see_the_demo, tab_to

pytestmark = pytest.mark.e2e

ROLES = frozenset(
    "Button ButtonMenu CheckBox ComboBox EditableText List ListItem PageTab PageTabList RadioButton"
    " SpinBox Table Tree TreeItem".split()
)
EXCEPTIONS = {
    # These hand the focus on, or have it until somebody chose a control; Tab does not stop there.
    "Client": ("Home", "Registries", "Catalog", "Changes", "Settings", "Parts of the version"),
    # Text alone, higher than the window: the keyboard scrolls it.
    "Client scrolled": ("Overview", "Facts"),
    # Documents and facts are selected and copied.
    "StaticText": None,
}
TWICE = {
    "Add a registry": "the list and an empty place offer the same",
    "Synchronize": "the heading and a problem offer the same",
    "Check connection": "the heading and a problem offer the same",
}


def is_sensible(seen: Seen) -> bool:
    """Say whether a screen reader can tell what kind of control this is."""
    if seen.role == "Client":
        scrolled = "tabStop" in seen.states
        return seen.name in (EXCEPTIONS["Client scrolled" if scrolled else "Client"] or ())
    return seen.role in ROLES or seen.role in EXCEPTIONS


def check_place(program: Running, place: str) -> None:
    """Check names and roles of everything that takes the focus here, and go around with Tab."""
    visited = go_around(program)
    there = {seen.key: seen for seen in in_front(program).walk()}
    controls = [
        seen for seen in there.values() if "focusable" in seen.states and seen.role != "Cell"
    ]
    assert not [seen for seen in controls if not seen.name.strip()], place
    assert not [seen for seen in controls if not is_sensible(seen)], place
    stops = [seen for seen in controls if "tabStop" in seen.states]
    counted = Counter((seen.role, seen.name) for seen in stops if seen.role != "ComboBox")
    assert {name for (_, name), number in counted.items() if number > 1} <= set(TWICE), place
    assert not [seen for seen in stops if seen.key not in visited], place


def in_front(program: Running) -> Seen:
    """Return the window, or the popup above it, that has the keyboard."""
    focused = until(program.eyes.focused, "a place for the keyboard")
    windows = program.eyes.windows()
    return next(w for w in windows if any(seen.key == focused.key for seen in w.walk()))


def go_around(program: Running) -> dict[int, Seen]:
    """Press Tab until it is where it was, and return every place where it stopped."""
    if sum("tabStop" in seen.states for seen in in_front(program).walk()) == 1:
        only = program.eyes.focused()
        assert only is not None
        return {only.key: only}
    first = here = next_stop(program)
    visited = {first.key: first}
    while (here := next_stop(program)).key != first.key:
        assert here.key not in visited, f"Tab never comes back to {first}; it is at {here}"
        visited[here.key] = here
    return visited


def test_the_first_run(start: Start) -> None:
    program = start()
    program.eyes.find(object="start-empty")
    program.hands.take_keyboard()
    check_place(program, "the first run")
    program.close()


def test_the_places_of_the_navigation(start: Start) -> None:
    program = start("demo")
    eyes, hands = program.eyes, program.hands
    see_the_demo(program)
    for number, place in enumerate(("Home", "Registries", "Catalog", "Changes"), 1):
        hands.press(f"ctrl+{number}")
        eyes.find("Client", place)
        check_place(program, place)
    hands.press("ctrl+3")
    hands.click(eyes.find(object="facet-registry"))
    focused_on(program, "ListItem", having="Tarnhollow Registry")
    check_place(program, "the registries to filter by")
    hands.press("Escape")
    hands.click(eyes.find("Button", "3 registries need attention"))
    focused_on(program, "Border", "Needs attention")
    check_place(program, "what needs attention")
    hands.press("Escape", "F1")
    focused_on(program, "Button", "Close")
    check_place(program, "the keys")
    hands.press("Escape")
    program.close()


def test_arrows_walk_through_the_navigation(start: Start) -> None:
    program = start()
    eyes, hands = program.eyes, program.hands
    hands.click(eyes.find(object="start-empty"))
    eyes.gone(object="start-empty")
    hands.press("ctrl+1")
    while next_stop(program).name != "Home":
        pass
    for place in ("Registries", "Catalog", "Changes", "Settings"):
        hands.press("Down")
        focused_on(program, "CheckBox", place)
        eyes.find("Client", place)
    program.close()


@pytest.mark.parametrize("name", ["Oxbarrow Archive", "Quillfen Edge Lab", "Tarnhollow Platform"])
def test_the_tabs_of_a_registry(start: Start, name: str) -> None:
    """One that is held, one that could never be read, and one that is well."""
    program = start("demo")
    eyes, hands = program.eyes, program.hands
    see_the_demo(program)
    hands.press("ctrl+2")
    hands.click(eyes.find("ListItem", having=name))
    hands.press("Return")
    tabs = [seen.name for seen in eyes.find(object="registry-tabs").children]
    assert tabs[-4:] == ["Overview", "Contents", "Changes", "Connection"]
    focused_on(program, "PageTab")
    for tab in tabs:
        choose(program, "PageTab", tab)
        check_place(program, tab)
    program.close()


def test_the_forms(start: Start) -> None:
    program = start("demo")
    eyes, hands = program.eyes, program.hands
    see_the_demo(program)
    hands.press("ctrl+n")
    focused_on(program, "EditableText", "URL")
    check_place(program, "an empty form")
    hands.click(eyes.find("EditableText", "URL"))
    hands.type("https://reader:sesame@charts.example.com/stable")
    eyes.find("EditableText", "Password")
    for section in ("More", "Security"):
        tab_to(program, "Button", f"{section}, folded")
        hands.press("space")
        focused_on(program, "Button", f"{section}, shown")
    eyes.find("EditableText", "Client key")
    check_place(program, "a form that is filled in")
    hands.press("Escape")
    focused_on(program, "Button", "Discard")
    check_place(program, "the question whether to discard it")
    hands.click("Discard")
    hands.click(eyes.find("ListItem", having="Tarnhollow Platform"))
    hands.press("F2")
    focused_on(program, "EditableText", "Endpoint")
    check_place(program, "a form that is edited")
    program.close()


def test_the_parts_of_an_artifact(start: Start) -> None:
    program = start("demo")
    eyes, hands = program.eyes, program.hands
    see_the_demo(program)
    hands.press("ctrl+k")
    hands.type("oxcart-queue")
    eyes.find("Cell", "oxcart-queue, chart")
    hands.press("Down")
    eyes.find("Button", "Open whole")
    check_place(program, "the panel beside the catalog")
    hands.click(eyes.find("Button", "Open whole"))
    eyes.find("Button", "Back to the list")
    tabs = [
        seen.name for seen in eyes.find(object="artifact-tabs").walk() if seen.role == "PageTab"
    ]
    assert {"README", "Values", "Facts", "History"} <= set(tabs)
    for tab in tabs:
        choose(program, "PageTab", tab)
        check_place(program, tab)
    program.close()


def test_the_settings(start: Start) -> None:
    program = start("demo")
    eyes, hands = program.eyes, program.hands
    see_the_demo(program)
    hands.press("ctrl+comma")
    sections = [seen.name for seen in eyes.find(object="settings-sections").children]
    assert len(sections) == 8
    for section in sections:
        choose(program, "ListItem", section)
        check_place(program, section)
    program.close()
