"""The Changes page: what the ledger says, filtered, and the way to the artifact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QLineEdit, QListView, QToolButton
from pytestqt.qtbot import QtBot

from desktop.store.news import Line, RunNews
from desktop.ui.changes.page import ChangesPage
from desktop.ui.destination import Destination
from desktop.ui.parts.changes import ChangeLine, how_many
from desktop.ui.session import Session
from registrykit.artifacts import Version
from registrykit.events import Complete
from tests.gui.conftest import find
from tests.scripted import Bench, found


def synchronize(bench: Bench, **artifacts: dict[str, str]) -> None:
    """Let upstream hold these digests by artifact and version, and read that."""
    events = [
        event
        for name, versions in artifacts.items()
        for event in found(name, *(Version(v, digest=digest) for v, digest in versions.items()))
    ]
    run = bench.sync(*events, Complete(""))
    assert run.outcome == "ok", run


def shown(page: ChangesPage) -> list[str]:
    model = find(page, QListView, "changes").model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


@pytest.fixture
def page(
    bench: Bench, session: Session, show: Callable[[ChangesPage], ChangesPage], qtbot: QtBot
) -> ChangesPage:
    first = {f"1.{minor}.0": f"sha256:{minor:064x}" for minor in range(12)}
    synchronize(bench, web=first, cron={"1.0.0": "sha256:" + "1" * 64})
    bench.clock.time += 7200
    moved = {**first, "1.11.0": "sha256:" + "f" * 64, "2.0.0": "sha256:" + "2" * 64}
    synchronize(bench, web=moved, cron={"1.0.0": "sha256:" + "1" * 64})
    made = show(ChangesPage(session))
    made.go(Destination("changes"))
    qtbot.waitUntil(lambda: len(shown(made)) == 6)
    return made


def test_runs_come_newest_first_with_one_line_for_each_artifact(page: ChangesPage) -> None:
    model = find(page, QListView, "changes").model()
    assert model is not None
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    newest, moved, added, oldest, cron, web = shown(page)
    assert newest.startswith("Scripted, just now: ")
    assert (moved, added) == ("chart web 1.11.0 digest moved", "chart web 2.0.0 added")
    assert oldest.startswith("Scripted, 2 h ago: 13 added")
    assert (cron, web) == ("chart cron 1.0.0 added", "chart web 12 versions added")


def test_a_kind_and_a_name_narrow_it(page: ChangesPage, qtbot: QtBot) -> None:
    chip = find(page, QToolButton, "Only: digest moved")
    chip.click()
    qtbot.waitUntil(lambda: len(shown(page)) == 2)
    assert shown(page)[1] == "chart web 1.11.0 digest moved"
    chip.click()
    page.focus_filter()
    qtbot.keyClicks(find(page, QLineEdit, "filter-changes"), "CRO")
    qtbot.waitUntil(lambda: shown(page)[1:] == ["chart cron 1.0.0 added"])


def test_enter_on_a_line_opens_its_artifact(
    page: ChangesPage, session: Session, qtbot: QtBot
) -> None:
    gone: list[Destination] = []
    session.going.connect(gone.append)
    changes = find(page, QListView, "changes")
    changes.setCurrentIndex(changes.model().index(1, 0))
    qtbot.keyClick(changes, Qt.Key.Key_Return)
    (to,) = gone
    assert (to.page, to.tab) == ("catalog", "history")
    assert to.artifact > 0


def test_a_line_says_the_name_and_then_where_it_is(show: Callable[[Any], Any]) -> None:
    where = "acme/spectro-packs/archive/ternlog"
    change = Line("added", "pack", where, None, 1, "1.2.0", "", "")
    line = show(ChangeLine(RunNews(1, "r", "Shelf", 0.0), change, 60.0))
    said = [each.text() for each in line.findChildren(QLabel)]
    assert said[0] == "ternlog"
    assert "Shelf · acme/spectro-packs/archive" in said
    assert line.accessibleName().startswith(f"pack {where} 1.2.0 added")
    assert line.toolTip() == f"pack {where}"


def test_how_much_changed_is_told_in_one_order() -> None:
    counts = {"metadata-changed": 7, "digest-moved": 2, "added": 1, "unheard-of": 3}
    told = "1 added · 2 digests moved · 7 metadata changed · 3 unheard-of"
    assert how_many(counts) == told
    assert how_many({"digest-moved": 1}) == "1 digest moved"
