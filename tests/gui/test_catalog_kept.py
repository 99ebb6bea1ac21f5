"""What stays in the catalog and what goes: another start, another environment, other columns."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.drafts import Place
from desktop.store import browse
from desktop.store.query import Query
from desktop.ui.catalog import saying
from desktop.ui.catalog.facets import ChoicesPopup
from desktop.ui.catalog.keeping import KEPT
from desktop.ui.catalog.page import CatalogPage
from desktop.ui.destination import Destination
from desktop.ui.session import Session
from desktop.ui.window import MainWindow
from registrykit.testing.servers import HelmSite
from tests.gui.conftest import find

SOON = 20_000
Open = Callable[[], CatalogPage]


@pytest.fixture
def charts(app: App, helm_site: HelmSite) -> str:
    """Add a registry of two charts, read it, and return its id."""
    (environment,) = app.environments.all()
    place = Place(environment, app.environments.tenants(environment)[0])
    draft = app.registries.draft("helm", {"endpoint": helm_site.endpoint}, {})
    row, _ = app.registries.add("Team charts", place, draft)
    app.synchronize(row).future.result(SOON / 1000)
    return row.id


@pytest.fixture
def open_page(
    app: App, open_session: Callable[..., Session], open_window: Callable[[Session], MainWindow]
) -> Open:
    """Return a function that opens a window anew, and the catalog in it."""

    def make() -> CatalogPage:
        window = open_window(open_session(app))
        window.resize(1300, 800)
        window.go(Destination("catalog"))
        page = window._page()
        assert isinstance(page, CatalogPage)
        return page

    return make


def names(page: CatalogPage) -> list[str]:
    return [page.rows.text(place, 0) for place in range(page.rows.rowCount())]


def place_of(page: CatalogPage, key: str) -> int:
    return [each.key for each in page.rows.columns].index(key)


def width(page: CatalogPage, key: str) -> int:
    return page.table.columnWidth(place_of(page, key))


def test_the_chosen_row_stays_when_the_columns_of_its_kind_arrive(
    charts: str, open_page: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, usual = threading.Event(), browse.facets

    def late(db: Any, wanted: Any, query: Query) -> Any:
        while not query.stopped and not counted.wait(0.01):
            pass
        return usual(db, wanted, query)

    monkeypatch.setattr(browse, "facets", late)
    page = open_page()
    qtbot.waitUntil(lambda: names(page) == ["nginx", "redis"], timeout=SOON)
    before = [each.key for each in page.rows.columns]
    page.table.go_to(1)
    counted.set()
    qtbot.waitUntil(lambda: [each.key for each in page.rows.columns] != before, timeout=SOON)
    assert page.table.row is not None
    assert page.table.row.name == "redis"


def test_order_filters_and_widths_are_there_at_the_next_start(
    charts: str, open_page: Open, qtbot: QtBot
) -> None:
    page = open_page()
    qtbot.waitUntil(lambda: names(page) == ["nginx", "redis"], timeout=SOON)
    page.facets.every.click()
    qtbot.waitUntil(lambda: len(names(page)) == 6, timeout=SOON)
    header = page.table.horizontalHeader()
    page.table.sorted_by.emit(page.rows.columns[place_of(page, "name")], True)
    qtbot.waitUntil(lambda: names(page)[0] == "redis", timeout=SOON)
    usual = width(page, "version")
    header.resizeSection(place_of(page, "version"), usual + 40)
    page.facets.kinds.chosen = {"chart"}
    page.facets.kinds.changed.emit()
    qtbot.waitUntil(lambda: "chart" in str(page.session.prefs.value(KEPT)), timeout=SOON)
    # Room that comes and goes is nobody's wish.
    page.window().resize(1200, 700)

    again = open_page()
    qtbot.waitUntil(lambda: names(again) == ["redis"] * 3 + ["nginx"] * 3, timeout=SOON)
    assert again.facets.every.isChecked()
    assert again.facets.kinds.chosen == {"chart"}
    assert again.facets.clear.isVisible()
    assert width(again, "version") == usual + 40
    assert list(again.table.widths) == ["version"]
    qtbot.waitUntil(lambda: header.sortIndicatorSection() == place_of(again, "name"))


def test_values_of_columns_are_chosen_at_the_next_start(
    charts: str, open_page: Open, qtbot: QtBot
) -> None:
    page = open_page()
    page.facets.restore({"values": {"layer": ["Layer", "cni"]}})
    page.facets.changed.emit()
    again = open_page()
    assert again.facets.chosen_values == (("layer", ("cni",)),)
    assert find(again, QToolButton, "facet-layer").isVisible()
    assert again.facets.clear.isVisible()


@pytest.mark.parametrize(
    "kept",
    [
        "no JSON",
        "[]",
        '{"sort": ["DROP", 1, 2], "widths": {"name": "wide", "kind": -4}, "kinds": "chart"}',
        '{"values": {"layer": [], "cloud": [1], "state": 4}, "switches": {"deprecated": 1}}',
    ],
)
def test_what_was_kept_and_cannot_be_read_is_as_nothing(
    charts: str,
    open_page: Open,
    open_session: Callable[..., Session],
    app: App,
    kept: str,
    qtbot: QtBot,
) -> None:
    prefs = open_session(app).prefs
    prefs.setValue(KEPT, kept)
    page = open_page()
    qtbot.waitUntil(lambda: names(page) == ["nginx", "redis"], timeout=SOON)
    assert not page.facets.narrowed
    assert page.table.widths == {}


def test_another_environment_takes_away_at_once_what_is_none_of_its_own(
    charts: str, app: App, open_page: Open, qtbot: QtBot
) -> None:
    here = app.environments.all()[0]
    there = app.environments.add("Yard", here.edition)
    page = open_page()
    qtbot.waitUntil(lambda: names(page) == ["nginx", "redis"], timeout=SOON)
    # News of what is shown wait for more of them; another place does not.
    page.list._changed.setInterval(10 * SOON)
    page.session.look_at(there, app.environments.tenants(there)[0])
    qtbot.waitUntil(lambda: names(page) == [], timeout=SOON)
    page.session.look_at(here, app.environments.tenants(here)[0])
    qtbot.waitUntil(lambda: page.list.said.text().startswith("2 artifacts"), timeout=SOON)
    assert "0 registries" not in page.list.said.text()


def test_registries_are_counted_only_where_they_were(charts: str, open_page: Open) -> None:
    rows = open_page().session.registries() * 2
    wanted = browse.Filter((charts,))
    told = saying.summary(wanted, 3, browse.Facets(), rows, (0, 0), 0.0)
    assert told.startswith("3 artifacts · as of")


def test_an_artifact_is_left_with_its_environment(
    charts: str, app: App, open_page: Open, qtbot: QtBot
) -> None:
    here = app.environments.all()[0]
    there = app.environments.add("Yard", here.edition)
    page = open_page()
    qtbot.waitUntil(lambda: names(page) == ["nginx", "redis"], timeout=SOON)
    page.table.go_to(0)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert page._view is not None
    qtbot.waitUntil(lambda: page._view._looked is not None, timeout=SOON)  # type: ignore[union-attr]
    page.session.registries_changed.emit()
    assert page._view.isVisible(), "nothing but news"
    page.session.look_at(there, app.environments.tenants(there)[0])
    assert page.list.isVisible()
    qtbot.waitUntil(lambda: not page._view.isVisible(), timeout=SOON)  # type: ignore[union-attr]


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_choices_open_inside_of_the_window(charts: str, open_page: Open, qtbot: QtBot) -> None:
    page = open_page()
    page.window().resize(760, 640)
    qtbot.waitUntil(lambda: names(page) == ["nginx", "redis"], timeout=SOON)
    every = page.facets.every
    popup = ChoicesPopup("Clouds", [], set(), every)
    every.move(page.width() - every.width(), every.y())
    popup.open_popup()
    window = page.window()
    inside = QRect(window.mapToGlobal(window.rect().topLeft()), window.size())
    assert popup.geometry().right() <= inside.right()
    popup.close()
    QApplication.processEvents()
