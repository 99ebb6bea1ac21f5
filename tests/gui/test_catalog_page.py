"""The catalog's list: searched while typing, narrowed, sorted, kept where one is."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.store.database import Database
from desktop.ui.catalog.columns import of_artifacts, of_versions
from desktop.ui.catalog.facets import Choice, Choices, ChoicesPopup
from desktop.ui.catalog.model import PAGE, CatalogModel
from desktop.ui.catalog.page import CatalogPage
from desktop.ui.destination import Destination
from desktop.ui.session import Session
from desktop.ui.window import MainWindow
from registrykit.artifacts import Version
from registrykit.events import Complete
from tests.gui.conftest import find
from tests.scripted import Bench, found


def fill(bench: Bench, many: int = 0) -> None:
    """Synchronize a few artifacts that tell each other apart, and `many` others."""
    events = [
        *found("web/nginx", "1.0.0", "1.1.0", "2.0.0-rc.1", description="Serves pages"),
        *found("web/redis", Version("3.0.0", deprecated=True), description="Keeps keys"),
        *found("cert-manager", "1.14.2", "1.13.0", description="Issues certificates"),
        *found("evil\u202etxt", "1.0.0", description="<b>bold</b>\nin two lines"),
    ]
    for number in range(many):
        events += found(f"many/app-{number:05}", "1.0.0", "1.1.0")
    bench.sync(*events, Complete(""))


@pytest.fixture
def page(
    bench: Bench, session: Session, open_window: Callable[[Session], MainWindow]
) -> CatalogPage:
    fill(bench)
    window = open_window(session)
    window.resize(1300, 800)
    window.go(Destination("catalog"))
    made = window._page()
    assert isinstance(made, CatalogPage)
    return made


def names(page: CatalogPage) -> list[str]:
    return [page.rows.text(place, 0) for place in range(page.rows.rowCount())]


def column(page: CatalogPage, key: str) -> int:
    return [each.key for each in page.rows.columns].index(key)


def search(page: CatalogPage, qtbot: QtBot, text: str) -> None:
    """Type into the window's search."""
    field = page.window().header.search  # type: ignore[attr-defined]
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def wait(page: CatalogPage, qtbot: QtBot, wanted: list[str]) -> None:
    qtbot.waitUntil(lambda: names(page) == wanted, timeout=5_000)


ALL = ["cert-manager", "evil⟨U+202E⟩txt", "nginx"]


def test_everything_is_listed_by_name_with_counts(page: CatalogPage, qtbot: QtBot) -> None:
    wait(page, qtbot, ALL)
    qtbot.waitUntil(lambda: page.list.said.text().startswith("3 artifacts · as of"))
    assert page.rows.text(2, column(page, "latest")) == "1.1.0"
    assert page.rows.text(2, column(page, "versions")) == "3"
    assert page.rows.text(1, column(page, "description")) == "<b>bold</b> in two lines"
    qtbot.waitUntil(lambda: page.facets.deprecated.text() == "Deprecated 1")


def test_each_letter_of_the_search_narrows_the_list(page: CatalogPage, qtbot: QtBot) -> None:
    wait(page, qtbot, ALL)
    search(page, qtbot, "c")
    wait(page, qtbot, ["cert-manager"])
    search(page, qtbot, "pages")
    wait(page, qtbot, ["nginx"])
    qtbot.waitUntil(lambda: "searched 0 READMEs, 4 are not here" in page.list.said.text())


def test_deprecated_ones_come_with_their_switch(page: CatalogPage, qtbot: QtBot) -> None:
    wait(page, qtbot, ALL)
    page.facets.deprecated.click()
    wait(page, qtbot, [*ALL, "redis"])
    assert page.rows.text(3, column(page, "description")) == "Deprecated. Keeps keys"


def test_every_version_is_a_row_when_asked(page: CatalogPage, qtbot: QtBot) -> None:
    wait(page, qtbot, ALL)
    page.facets.every.click()
    wait(page, qtbot, ["cert-manager"] * 2 + ["evil⟨U+202E⟩txt"] + ["nginx"] * 2)
    versions = [page.rows.text(place, column(page, "version")) for place in range(5)]
    assert versions == ["1.14.2", "1.13.0", "1.0.0", "1.1.0", "1.0.0"]
    qtbot.waitUntil(page.facets.previews.isVisible)
    page.facets.previews.click()
    qtbot.waitUntil(lambda: page.rows.rowCount() == 6)


def test_a_header_sorts_in_the_store_and_a_third_click_ends_it(
    page: CatalogPage, qtbot: QtBot
) -> None:
    wait(page, qtbot, ALL)
    header = page.table.horizontalHeader()
    place = column(page, "versions")

    def click() -> None:
        spot = header.viewport().rect().center()
        spot.setX(header.sectionViewportPosition(place) + 12)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)

    click()
    wait(page, qtbot, ["evil⟨U+202E⟩txt", "cert-manager", "nginx"])
    click()
    wait(page, qtbot, ["nginx", "cert-manager", "evil⟨U+202E⟩txt"])
    click()
    wait(page, qtbot, ALL)


def test_nothing_found_offers_the_way_back(page: CatalogPage, qtbot: QtBot) -> None:
    wait(page, qtbot, ALL)
    search(page, qtbot, "zzzz")
    qtbot.waitUntil(lambda: not page.table.isVisible())
    find(page, QPushButton, "catalog-help").click()
    wait(page, qtbot, ALL)
    assert page.window().header.search.text() == ""  # type: ignore[attr-defined]


def test_an_empty_catalog_says_what_to_do(
    session: Session, open_window: Callable[[Session], MainWindow], qtbot: QtBot
) -> None:
    window = open_window(session)
    gone: list[Destination] = []
    window.go(Destination("catalog"))
    session.going.connect(gone.append)
    qtbot.waitUntil(
        lambda: bool([b for b in window.findChildren(QPushButton, "catalog-help") if b.isVisible()])
    )
    button = find(window, QPushButton, "catalog-help")
    assert button.text() == "Go to registries"
    button.click()
    assert gone[0].page == "registries"


def test_keys_open_copy_search_and_leave(page: CatalogPage, qtbot: QtBot) -> None:
    wait(page, qtbot, ALL)
    table = page.table
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_End)
    assert table.row is not None
    assert table.row.name == "nginx"
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "scripted.example/web/nginx:1.1.0"
    qtbot.waitUntil(lambda: page._view is not None and page._view.isVisible())
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not table.isVisible())
    assert page._view is not None
    qtbot.keyClick(page._view, Qt.Key.Key_Escape)
    qtbot.waitUntil(table.isVisible)
    assert table.row is not None
    assert table.row.name == "nginx"
    qtbot.keyClick(table, Qt.Key.Key_C)
    wait(page, qtbot, ["cert-manager"])
    assert page.window().header.search.text() == "c"  # type: ignore[attr-defined]


def test_what_a_synchronization_brings_leaves_one_where_one_is(
    bench: Bench, page: CatalogPage, qtbot: QtBot
) -> None:
    wait(page, qtbot, ALL)
    page.table.go_to(2)
    bench.sync(*found("aaa", "1.0.0"), *found("web/nginx", "1.1.0", "9.0.0"), Complete("web"))
    wait(page, qtbot, ["aaa", *ALL])
    assert page.table.row is not None
    assert page.table.row.name == "nginx"
    assert page.rows.text(3, column(page, "latest")) == "9.0.0"


def test_a_registry_that_is_not_visible_is_not_listed(
    bench: Bench, page: CatalogPage, qtbot: QtBot
) -> None:
    wait(page, qtbot, ALL)
    bench.app.registries.hide(bench.registry, True)
    qtbot.waitUntil(lambda: not page.table.isVisible(), timeout=5_000)


# The models


def test_the_model_answers_as_qt_expects(bench: Bench, session: Session) -> None:
    fill(bench, many=PAGE + 10)
    model = CatalogModel(lambda: session.db)
    tester = QAbstractItemModelTester(model)
    titles = {"chart": "Chart"}
    ids = array("q", [row[0] for row in bench.app.db.rows("SELECT id FROM artifact ORDER BY name")])
    model.show_columns(of_artifacts(None, titles, with_kind=True))
    assert model.show_ids(ids[:5], False)
    assert not model.show_ids(ids, False), "what goes on is added below"
    assert model.rowCount() == len(ids)
    assert model.text(len(ids) - 1, 0) == "redis"
    assert not model.show_ids(array("q", ids), False), "the same rows are no other table"
    versions = [row[0] for row in bench.app.db.rows("SELECT id FROM version")]
    assert model.show_ids(array("q", versions), True)
    model.show_columns(of_versions(None, titles, with_kind=False))
    assert model.data(model.index(0, 0), Qt.ItemDataRole.AccessibleTextRole).endswith(", chart")
    del tester


def test_a_page_of_rows_is_read_once(bench: Bench, session: Session) -> None:
    fill(bench, many=3 * PAGE)
    reads: list[int] = []

    def db() -> Database | None:
        reads.append(1)
        return session.db

    model = CatalogModel(db)
    ids = [row[0] for row in bench.app.db.rows("SELECT id FROM artifact ORDER BY name")]
    model.show_columns(of_artifacts(None, {}, with_kind=False))
    model.show_ids(array("q", ids), False)
    for place in range(PAGE):
        for number in range(model.columnCount()):
            assert model.text(place, number) is not None
    assert len(reads) == 1
    assert model.text(len(ids) - 1, 0) == "redis"
    assert len(reads) == 2


def test_what_is_gone_from_the_store_is_an_empty_row(bench: Bench, session: Session) -> None:
    fill(bench)
    model = CatalogModel(lambda: session.db)
    model.show_columns(of_artifacts(None, {}, with_kind=False))
    model.show_ids(array("q", [1, 999_999]), False)
    assert model.text(0, 0)
    assert model.text(1, 0) == ""
    assert model.row_at(1) is None


def test_choices_are_narrowed_and_ticked(page: CatalogPage) -> None:
    chosen: set[str] = set()
    model = Choices(chosen, page)
    tester = QAbstractItemModelTester(model)
    model.show_choices([Choice("a", "Alpha", 1), Choice("b", "Beta", 2_000)])
    model.narrow("bet")
    assert model.rowCount() == 1
    model.toggle(0)
    assert chosen == {"b"}
    said = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert said == "Beta, 2,000"
    del tester


def test_enter_goes_from_the_search_to_the_best_hit_and_on(page: CatalogPage, qtbot: QtBot) -> None:
    wait(page, qtbot, ALL)
    search(page, qtbot, "nginx")
    # Whoever types fast is not sent to the hit of the search before.
    qtbot.keyClick(page.window().header.search, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    assert page.window().focusWidget() is page.table
    wait(page, qtbot, ["nginx"])
    qtbot.waitUntil(lambda: page.table.row is not None)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not page.table.isVisible())


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_registry_is_chosen_from_the_list_below_its_chip(
    page: CatalogPage, session: Session, qtbot: QtBot
) -> None:
    wait(page, qtbot, ALL)
    registries = page.facets.registries
    choices = [Choice(f"key-{number}", f"Registry {number}", number) for number in range(12)]
    registries.show_choices(choices)
    popup = ChoicesPopup("Registries", choices, registries.chosen, registries)
    popup.changed.connect(registries.changed)
    popup.open_popup()
    qtbot.keyClicks(popup.field, "11")
    qtbot.keyClick(popup.field, Qt.Key.Key_Down)
    qtbot.keyClick(popup.list, Qt.Key.Key_Space)
    assert registries.chosen == {"key-11"}
    popup.close()
    # Nothing of ours is in that registry, and it is none of those that are visible.
    qtbot.waitUntil(lambda: registries.chosen == set())
    wait(page, qtbot, ALL)
