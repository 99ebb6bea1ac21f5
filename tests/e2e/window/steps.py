"""Steps that several tests take on their way to what they are about."""

from __future__ import annotations

import hashlib
from pathlib import Path

from registrykit.testing.servers import HelmSite
from tests.charts import Charts, archive
from tests.e2e.window.conftest import Running, Team
from tests.e2e.window.seeing import Seen, until
from tests.program import Program

MOST_TABS, MOST_LINKS = 60, 12


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


def next_stop(program: Running) -> Seen:
    """Press Tab until the focus is elsewhere, and return where; fails where it stays.

    Where a document has links, Tab goes through them first.
    """
    eyes, hands = program.eyes, program.hands
    before = eyes.focused()

    def moved() -> Seen | None:
        now = eyes.focused()
        return now if now is not None and (before is None or now.key != before.key) else None

    for _ in range(MOST_LINKS):
        hands.press("Tab")
        try:
            return until(moved, "another place for the keyboard", 2)
        except AssertionError:
            continue
    raise AssertionError(f"Tab does not leave {before}")


def tab_to(program: Running, role: str, name: str) -> Seen:
    """Press Tab until this has the focus."""
    here = program.eyes.focused()
    for _ in range(MOST_TABS):
        if here is not None and (here.role, here.name) == (role, name):
            return here
        here = next_stop(program)
    raise AssertionError(f"Tab does not reach {role} {name}")


def focused_on(program: Running, role: str, name: str = "", *, having: str = "") -> Seen:
    """Wait until this has the focus."""

    def here() -> Seen | None:
        found = program.eyes.focused()
        fits = found is not None and found.role == role and name in ("", found.name)
        return found if fits and found is not None and having in found.name else None

    try:
        return until(here, f"the focus on {role} {name}{having}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is on {program.eyes.focused()}") from None


def choose(program: Running, role: str, name: str) -> None:
    """Click one of several and wait until it is selected."""
    eyes = program.eyes
    program.hands.click(eyes.find(role, name))
    until(lambda: "selected" in eyes.find(role, name).states, f"{name} being selected")


def downloads(program: Running) -> Path:
    """Return the folder that the program saves into unless told otherwise."""
    folder = program.data_dir.parent / "home" / "Downloads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def saved(program: Running, name: str, version: str) -> None:
    """See that a chart was saved, and that the file is what the server has."""
    line = program.eyes.read("its digest is the listed one")
    path = downloads(program) / f"{name}-{version}.tgz"
    assert str(path) in line
    served = hashlib.sha256(archive(name, version)).hexdigest()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == served


def see_the_demo(program: Running) -> None:
    """Wait until the demo has shown everything that it does by itself."""
    eyes = program.eyes

    def calm() -> bool:
        names = [seen.name for seen in eyes.everything() if seen.role == "Button"]
        return "3 registries need attention" in names and not any("syncing" in n for n in names)

    until(calm, "the end of the demo's synchronizations")


def charts(*names: str, versions: tuple[str, ...] = ("1.1.0", "1.0.0")) -> Charts:
    """Return charts that all have these versions."""
    made = Charts()
    for name in names:
        made.add(name, *versions)
    return made


def serve(made: Charts) -> HelmSite:
    """Return a server of charts that is to be entered as a context; anybody may read it."""
    return HelmSite(made.index, made.files, base="/charts")


def add_by_command(data_dir: Path, name: str, site: HelmSite) -> None:
    """Add a registry and synchronize it, with no window open."""
    program = Program(data_dir)
    program.json("registry", "add", "helm", "--name", name, "--set", f"endpoint={site.endpoint}")
    program.json("sync", name)
