"""Five everyday tasks take what docs/everyday-tasks.md says, and never more than six steps."""

from __future__ import annotations

import re
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from desktop.app import build
from desktop.engine.drafts import Place
from registrykit.testing.servers import HelmSite
from tests.conftest import ROOT
from tests.e2e.window.conftest import Running, Start, Team
from tests.e2e.window.hands import Effort
from tests.e2e.window.steps import (
    add_by_command,
    begin_empty,
    charts,
    downloads,
    focused_on,
    saved,
    serve,
)
from tests.program import Program

pytestmark = pytest.mark.e2e

PAGE = ROOT / "docs" / "everyday-tasks.md"
MOST_STEPS = 6
DAY = 24 * 3600.0
KINDS = {"click": "click", "press": "chord", "type": "field"}


def written_down(task: str) -> list[str]:
    """Return what each step of a task counts as, in its order, as the page says."""
    section = PAGE.read_text("utf-8").split(f"\n## {task}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| \d+ \|.*\| (\w+) \|$", section, re.MULTILINE)


def summed_up(task: str) -> tuple[int, ...]:
    """Return clicks, chords, fields and their sum as the first table of the page says."""
    row = re.search(
        rf"^\| \[{re.escape(task)}\]\([^)]*\) \|(.*)\|$", PAGE.read_text(), re.MULTILINE
    )
    assert row is not None, task
    return tuple(int(number) for number in row[1].split("|"))


def took(program: Running, task: str) -> None:
    """Compare what was done with what is written down."""
    effort = program.hands.effort
    done = [KINDS[step.split()[0]] for step in effort.steps]
    assert done == written_down(task), effort.steps
    assert summed_up(task) == (effort.clicks, effort.chords, effort.fields, effort.total)
    assert effort.total == len(done) <= MOST_STEPS
    counted = Counter(done)
    assert (counted["click"], counted["chord"], counted["field"]) == summed_up(task)[:3]


def begin(program: Running) -> Running:
    """Count from here."""
    program.hands.effort = Effort()
    return program


@dataclass(frozen=True)
class Then:
    """A clock that stands still."""

    moment: float

    def now(self) -> float:
        return self.moment


def add_days_ago(days: float, data_dir: Path, name: str, site: HelmSite) -> None:
    """Add a registry and synchronize it as if that had been some days ago."""
    clock = Then(time.time() - days * DAY)
    app = build(data_dir, writable=True, clock=clock, environ={"REGISTRY_DESKTOP_KEYRING": "none"})
    try:
        (environment,) = app.environments.all()
        (tenant,) = app.environments.tenants(environment)
        draft = app.registries.draft("helm", {"endpoint": site.endpoint}, {})
        row, _ = app.registries.add(name, Place(environment, tenant), draft)
        assert app.synchronize(row).future.result(60).outcome == "ok"
    finally:
        app.close()


def test_add_a_private_helm_repository(start: Start, team: Team) -> None:
    program = start()
    eyes, hands = program.eyes, program.hands
    begin_empty(program)
    begin(program)
    hands.press("ctrl+n")
    focused_on(program, "EditableText", "URL")
    login = f"{quote(team.user)}:{quote(team.password)}@"
    hands.type(team.endpoint.replace("https://", f"https://{login}"))
    eyes.find("EditableText", "Password")
    hands.click(eyes.find("Button", object="check-connection"))
    hands.click(eyes.find(object="trust-certificate"))
    hands.click(eyes.find(object="confirm-trust"))
    eyes.read("It can be used.")
    hands.click(eyes.find("Button", "Add", object="finish-adding"))
    eyes.read("synced just now")
    took(program, "Add a private Helm repository")
    eyes.read("Signed in as: reader")
    assert team.password not in eyes.text()
    assert quote(team.password) not in eyes.text()
    (row,) = Program(program.data_dir).json("registry", "list")["registries"]
    assert (row["endpoint"], row["artifacts"]) == (team.endpoint, 5)
    program.close()


def test_find_who_has_a_chart_and_how_new(start: Start, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    newest = {"Alpha": "1.9.0", "Beta": "1.18.2", "Gamma": "1.2.0"}
    with ExitStack() as servers:
        for name, version in newest.items():
            made = charts("cert-manager", "nginx", versions=(version, "1.0.0"))
            add_by_command(data_dir, name, servers.enter_context(serve(made)))
        other = servers.enter_context(serve(charts("nginx")))
        add_by_command(data_dir, "Delta", other)
    program = begin(start())
    eyes, hands = program.eyes, program.hands
    hands.press("ctrl+k")
    hands.type("cert-manager")
    eyes.read("3 artifacts in 3 registries")
    cells = [cell.name for cell in eyes.find("Table", "Catalog").children if cell.role == "Cell"]
    columns = len(cells) // 3
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    assert all(row[0] == "cert-manager, chart" for row in rows)
    found = {name: row[1] for row in rows for name in newest if name in row}
    assert found == newest
    took(program, "Find who has a chart, and how new")
    program.close()


def test_see_what_changed_since_yesterday(start: Start, tmp_path: Path) -> None:
    made = charts("billing", "nginx", "worker")
    with serve(made) as site:
        add_days_ago(2, tmp_path / "data", "Team charts", site)
        made.add("nginx", "2.0.0")
        made.entries["billing"].pop()
        site.publish(made.index, made.files)
        (run,) = Program(tmp_path / "data").json("sync", "Team charts")["runs"]
        assert (run["added"], run["removed"]) == (1, 1)
    program = begin(start())
    eyes, hands = program.eyes, program.hands
    hands.press("ctrl+4")
    hands.click(eyes.find("ComboBox", object="period"))
    hands.click(eyes.find("ListItem", "Last 24 hours"))
    eyes.gone("ListItem", "billing 2 versions added")
    took(program, "See what changed since yesterday")
    lines = [seen.name for seen in eyes.find("List", "Changes").children]
    assert len([line for line in lines if "nginx" in line and "2.0.0" in line]) == 1
    assert len([line for line in lines if "billing" in line and "1.0.0" in line]) == 1
    assert not [line for line in lines if "worker" in line]
    program.close()


def test_find_out_why_a_registry_fails(start: Start, tmp_path: Path) -> None:
    with serve(charts("nginx")) as site:
        add_by_command(tmp_path / "data", "Team charts", site)
        port = site.port
    assert Program(tmp_path / "data").run("sync", "Team charts").code == 4
    program = begin(start())
    eyes, hands = program.eyes, program.hands
    hands.press("ctrl+1")
    eyes.read("Team charts: ")
    eyes.read("refused")
    hands.click(eyes.find("Button", "Check connection Team charts"))
    eyes.read("It cannot be used like this: TCP failed.")
    assert f"127.0.0.1:{port}" in eyes.text()
    took(program, "Find out why a registry fails")
    program.close()


def test_save_a_chart_for_an_air_gap(start: Start, tmp_path: Path) -> None:
    with serve(charts("cert-manager", "nginx", versions=("2.0.0", "1.0.0"))) as site:
        add_by_command(tmp_path / "data", "Team charts", site)
        program = begin(start())
        eyes, hands = program.eyes, program.hands
        downloads(program)
        hands.press("ctrl+k")
        hands.type("cert-manager")
        eyes.find("Cell", "cert-manager, chart")
        hands.press("Down")
        eyes.read("app 2.0.0")
        hands.press("ctrl+s")
        focused_on(program, "Button", "Save here")
        hands.press("space")
        saved(program, "cert-manager", "2.0.0")
        took(program, "Save a chart for an air gap")
        program.close()


def test_the_page_has_these_tasks_and_no_other() -> None:
    tasks = re.findall(r"^## (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(tasks) == 5
    assert all(sum(summed_up(task)[:3]) == summed_up(task)[3] for task in tasks)
