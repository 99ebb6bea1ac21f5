"""One registry: what it needs, what it holds, what its runs did, a held run decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import App, build
from desktop.engine.defaults import shipped
from desktop.engine.drafts import Place
from desktop.store.values import RegistryRow, RunRow
from desktop.ui.catalog.facets import FacetButton
from desktop.ui.catalog.table import CatalogTable
from desktop.ui.destination import Destination
from desktop.ui.parts.progress import ProgressLine
from desktop.ui.parts.table import Table
from desktop.ui.registries.about import said_by
from desktop.ui.registries.holdings import in_words
from desktop.ui.registries.page import RegistriesPage
from desktop.ui.session import Session
from registrykit.testing.oci import OciSite
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic
from tests.charts import Charts, archive
from tests.e2e.layouts import push_chart, push_container_image
from tests.gui.conftest import find

KEYS = Qt.Key
SOON = 20_000


def texts(under: QWidget) -> str:
    return "\n".join(each.text() for each in under.findChildren(QLabel) if each.isVisible())


def column(table: Table[Any], place: int) -> list[str]:
    model = table.model()
    return [str(model.index(row, place).data()) for row in range(model.rowCount())]


def add(
    app: App, name: str, values: dict[str, Any], type: str = "helm", **secrets: str
) -> RegistryRow:
    (environment,) = app.environments.all()
    place = Place(environment, app.environments.tenants(environment)[0])
    row, _ = app.registries.add(name, place, app.registries.draft(type, values, secrets))
    return row


def sync(app: App, row: RegistryRow) -> RunRow:
    return app.synchronize(row).future.result(SOON / 1000)


@pytest.fixture
def row(app: App, helm_site: HelmSite) -> RegistryRow:
    return add(app, "Team charts", {"endpoint": helm_site.endpoint})


@pytest.fixture
def session(app: App, open_session: Callable[..., Session]) -> Session:
    return open_session(app)


@pytest.fixture
def page(session: Session, show: Callable[[RegistriesPage], RegistriesPage]) -> RegistriesPage:
    made = show(RegistriesPage(session))
    made.resize(1100, 760)
    return made


def publish(site: HelmSite, **charts: tuple[str, ...]) -> None:
    made = Charts()
    for name, versions in charts.items():
        made.add(name, *versions)
    site.publish(made.index, made.files)


def test_a_first_synchronization_from_the_overview(
    qtbot: QtBot, page: RegistriesPage, session: Session, row: RegistryRow
) -> None:
    page.go(Destination("registries", row.id))
    qtbot.waitUntil(lambda: "never synchronized" in texts(page))
    find(page, QPushButton, "sync-first").click()
    qtbot.waitUntil(lambda: "6 added" in texts(page), timeout=SOON)
    qtbot.waitUntil(lambda: "2 charts" in texts(page))
    qtbot.waitUntil(lambda: "next in 23 h" in texts(page))
    qtbot.waitUntil(lambda: "nginx" in texts(page))
    progress = page.findChild(ProgressLine)
    assert progress is not None
    assert not progress.isVisible()


def test_a_failed_registry_says_why_and_leads_to_the_check(
    qtbot: QtBot,
    page: RegistriesPage,
    app: App,
    row: RegistryRow,
    helm_site: HelmSite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sync(app, row)
    helm_site.stop()
    sync(app, row)
    page.go(Destination("registries", row.id))
    card = page.findChild(QWidget, "registry-problem")
    assert card is not None
    qtbot.waitUntil(card.isVisible)
    qtbot.waitUntil(lambda: "What was synchronized just now is still here." in texts(page))
    asked: list[str] = []
    monkeypatch.setattr(page.detail, "check_now", lambda: asked.append("check"))
    find(card, QPushButton, "Check connection").click()
    assert asked == ["check"]
    find(card, QPushButton, "Copy details").click()
    assert "What to do: " in QGuiApplication.clipboard().text()


def test_a_refused_password_leads_to_the_sign_in(
    qtbot: QtBot,
    page: RegistriesPage,
    app: App,
    helm_site: HelmSite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    helm_site.sign_in = Basic("reader", "the right one")
    values = {"endpoint": helm_site.endpoint, "auth": "basic", "username": "reader"}
    row = add(app, "Closed", values, password="a wrong one")
    sync(app, row)
    page.go(Destination("registries", row.id))
    asked: list[str] = []
    monkeypatch.setattr(page.detail, "edit_now", lambda: asked.append("edit"))
    qtbot.waitUntil(lambda: "A sign-in is needed." in texts(page))
    qtbot.waitUntil(lambda: "reader" in texts(page))
    find(page, QPushButton, "Sign in…").click()
    assert asked == ["edit"]
    assert "a wrong one" not in texts(page)


def test_what_is_not_verified_stays_marked(qtbot: QtBot, page: RegistriesPage, app: App) -> None:
    values = {"endpoint": "https://lab.example/charts", "insecure_skip_verify": True}
    row = add(app, "Lab", values)
    page.go(Destination("registries", row.id))
    qtbot.waitUntil(lambda: "The server's certificate is not verified" in texts(page))
    entry = page.panel.rows.index(page.panel.rows.place(row.id))
    said = entry.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "certificate is not verified" in said


# Contents


def listed(table: CatalogTable, place: int = 0) -> list[str]:
    return [table.rows.text(row, place) for row in range(table.rows.rowCount())]


def test_contents_are_filtered_and_opened_by_key(
    qtbot: QtBot, page: RegistriesPage, app: App, session: Session, row: RegistryRow
) -> None:
    sync(app, row)
    page.go(Destination("registries", row.id, "contents"))
    table = find(page, CatalogTable, "contents")
    QAbstractItemModelTester(table.model(), QAbstractItemModelTester.FailureReportingMode.Fatal)
    qtbot.waitUntil(lambda: listed(table) == ["nginx", "redis"])
    titles = [column.title for column in table.rows.columns]
    assert "Registry" not in titles
    qtbot.waitUntil(lambda: "App version" in [each.title for each in table.rows.columns])
    field = find(page, QLineEdit, "contents-filter")
    field.setFocus()
    qtbot.keyClicks(field, "red")
    qtbot.waitUntil(lambda: listed(table) == ["redis"])
    gone: list[Destination] = []
    session.going.connect(gone.append)
    qtbot.keyClick(field, KEYS.Key_Down)
    qtbot.waitUntil(lambda: table.row is not None)
    assert table.row is not None
    artifact = table.row.id
    qtbot.keyClick(table, KEYS.Key_Return)
    assert Destination("catalog", artifact=artifact) in gone
    qtbot.keyClick(field, KEYS.Key_Escape)
    qtbot.waitUntil(lambda: listed(table) == ["nginx", "redis"])


def test_contents_of_several_kinds_are_told_apart_at_once(
    qtbot: QtBot, page: RegistriesPage, app: App, row: RegistryRow
) -> None:
    with OciSite() as site:
        push_chart(site, "acme", archive("web", "1.0.0"))
        push_container_image(site, "acme/images/web", "1.0.0", "amd64")
        mixed = add(app, "Mixed", {"endpoint": site.endpoint}, type="oci")
        sync(app, mixed)
    sync(app, row)
    page.go(Destination("registries", mixed.id, "contents"))
    table = find(page, CatalogTable, "contents")

    def shown() -> list[str]:
        return [column.title for column in table.rows.columns]

    qtbot.waitUntil(lambda: "Kind" in shown())
    assert sorted(listed(table, shown().index("Kind"))) == ["Chart", "Image"]
    kinds = find(page, FacetButton, "facet-kind")
    assert kinds.isVisible()
    # Another registry brings what it has, never what the one before had.
    page.go(Destination("registries", row.id, "contents"))
    qtbot.waitUntil(lambda: listed(table) == ["nginx", "redis"])
    assert "Kind" not in shown()
    qtbot.waitUntil(kinds.isHidden)


# Changes


def test_runs_tell_what_they_changed_and_what_they_left_out(
    qtbot: QtBot, page: RegistriesPage, app: App, row: RegistryRow, helm_site: HelmSite
) -> None:
    sync(app, row)
    sync(app, row)
    broken = Charts()
    broken.add("nginx", "1.0.0", "1.1.0", "2.0.0", "2.1.0")
    broken.add("redis", "1.0.0", "1.1.0", "2.0.0")
    broken.entries["redis"].append({"apiVersion": "v2", "name": "redis", "urls": ["redis.tgz"]})
    helm_site.publish(broken.index, broken.files)
    sync(app, row)
    page.go(Destination("registries", row.id, "changes"))
    runs = find(page, Table, "runs")
    qtbot.waitUntil(lambda: column(runs, 1) == ["with gaps", "nothing new", "changed"])
    changes = find(page, Table, "run-changes")
    qtbot.waitUntil(lambda: column(changes, 0) == ["added"])
    assert column(changes, 2) == ["2.1.0"]
    assert [len(digest) for digest in column(changes, 3)] == [12], "as in every other list"
    assert column(find(page, Table, "run-skipped"), 2) == ["entry 4 has no version"]
    runs.selectRow(1)
    qtbot.waitUntil(lambda: "Nothing changed in this synchronization" in texts(page))
    assert not changes.isVisible()


# A held run


@pytest.fixture
def held(app: App, helm_site: HelmSite) -> RegistryRow:
    """A registry of which a run would remove five of six versions."""
    row = add(app, "Shrunk", {"endpoint": helm_site.endpoint})
    sync(app, row)
    publish(helm_site, nginx=("2.0.0",))
    assert sync(app, row).outcome == "held"
    return app.registries.get(row.id)


@pytest.mark.parametrize(
    ("choice", "outcome", "left"),
    [("accept-removals", "ok", 1), ("keep-vanished", "partial", 6)],
)
def test_a_held_run_is_reviewed_and_decided(
    qtbot: QtBot,
    page: RegistriesPage,
    session: Session,
    app: App,
    held: RegistryRow,
    choice: str,
    outcome: str,
    left: int,
) -> None:
    told: list[str] = []
    session.told.connect(told.append)
    page.go(Destination("registries", held.id))
    qtbot.waitUntil(lambda: "5 versions would vanish." in texts(page))
    find(page, QPushButton, "Review…").click()
    artifacts = find(page, Table, "held-artifacts")
    qtbot.waitUntil(lambda: column(artifacts, 0) == ["nginx", "redis"])
    assert column(artifacts, 2) == ["3", "3"]
    assert column(artifacts, 3) == ["1", "0"]
    assert column(artifacts, 4) == [
        "2 of 3 versions would vanish",
        "all of its 3 versions would vanish",
    ]
    assert column(find(page, Table, "held-versions"), 0) == ["1.1.0", "1.0.0"]
    find(page, QPushButton, choice).click()
    qtbot.waitUntil(lambda: app.registries.get(held.id).last_outcome == outcome, timeout=SOON)
    assert app.registries.get(held.id).versions == left
    qtbot.waitUntil(lambda: bool(told))
    assert told[0].startswith("Shrunk: ")
    bar = find(page, QTabBar, "registry-tabs")
    qtbot.waitUntil(lambda: bar.count() == 4)
    assert page.detail.tab == "overview"


# What can be done, and why not


def test_tabs_turn_by_key(qtbot: QtBot, page: RegistriesPage, app: App, row: RegistryRow) -> None:
    page.go(Destination("registries", row.id, "overview"))
    page.panel.view.setFocus()
    for expected in ("contents", "changes"):
        qtbot.keyClick(page.panel.view, KEYS.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
        assert page.detail.tab == expected
    qtbot.keyClick(page.panel.view, KEYS.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert page.detail.tab == "contents"


def test_enter_goes_into_a_registry_and_esc_back_to_the_list(
    qtbot: QtBot, page: RegistriesPage, row: RegistryRow
) -> None:
    page.go(Destination("registries", row.id))
    assert page.panel.view.hasFocus()
    qtbot.keyClick(page.panel.view, KEYS.Key_Return)
    bar = find(page, QTabBar, "registry-tabs")
    assert bar.hasFocus()
    qtbot.keyClick(bar, KEYS.Key_Escape)
    assert page.panel.view.hasFocus()


def test_coming_back_to_a_check_begins_no_other(
    qtbot: QtBot, page: RegistriesPage, row: RegistryRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(page.detail, "check_now", lambda: begun.append("check"))
    place = Destination("registries", row.id, tab="check")
    page.go(place)
    page.go(Destination("registries", row.id, tab="overview"))
    page.go(place)
    assert begun == ["check"]
    assert page.detail.tab == "connection"
    page.go(Destination("registries", row.id, tab="check"))
    assert begun == ["check", "check"]


def test_a_default_can_be_hidden_and_copied_but_not_removed(
    qtbot: QtBot, page: RegistriesPage, app: App, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (environment,) = app.environments.all()
    app.environments.edit(environment, edition="saas")
    session.registries_changed.emit()
    default = next(row for row in app.registries.visible() if row.type == "helm")
    page.go(Destination("registries", default.id))
    qtbot.waitUntil(lambda: "Named by" in texts(page))
    entry = session.one(default.id)
    assert entry is not None
    commands = {c.name: c for c in page._commands.for_menu([entry]) if c is not None}
    assert commands["edit-registry"].text == "Sign in…"
    assert "hide it instead" in commands["remove"].why_not
    monkeypatch.setattr(page.detail, "edit_now", lambda: None)
    commands["duplicate"].act()
    copy = f"{default.name} copy"
    qtbot.waitUntil(lambda: copy in [row.name for row in app.registries.visible()], timeout=SOON)
    qtbot.waitUntil(lambda: page.detail.registry_id != default.id)
    found = next(row for row in app.registries.visible() if row.name == copy)
    assert (found.default_id, found.endpoint) == (None, default.endpoint)
    assert page.detail.registry_id == found.id


def test_data_that_another_program_writes_can_be_read_and_says_so(
    qtbot: QtBot,
    app: App,
    row: RegistryRow,
    tmp_path: Path,
    open_session: Callable[..., Session],
    show: Callable[[RegistriesPage], RegistriesPage],
) -> None:
    sync(app, row)
    reader = build(
        app.data_dir, writable=False, environ={"REGISTRY_DESKTOP_KEYRING": "none"}, proxy="none"
    )
    reader.plugins.all()
    page = show(RegistriesPage(open_session(reader)))
    page.go(Destination("registries", row.id))
    button = find(page, QPushButton, "sync-registry")
    assert not button.isEnabled()
    assert button.toolTip() == "Another Registry Desktop has this data open."
    qtbot.waitUntil(lambda: "2 charts" in texts(page))
    find(page, QToolButton, "more-actions")
    reader.close()


# What documents say of defaults, and how much there is of each kind


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (
            "Acme | Helm | Charts. | https://a.example | - | Palette: yes | VerteX: no",
            "“Charts.” Listed under Helm: https://a.example. Comes with Palette, not with VerteX.",
        ),
        (
            "Acme | OCI | Packs. | a.example | prod | Palette: yes | VerteX: yes",
            "“Packs.” Listed under OCI: a.example, below prod. Comes with Palette and VerteX.",
        ),
        ("Lists it. | Twice.", "Lists it. | Twice."),
    ],
)
def test_a_row_of_a_table_is_told_in_sentences(says: str, told: str) -> None:
    assert said_by({"document": "D", "says": says, "read": ""}) == told


def test_every_default_is_told_without_the_bars_of_a_table() -> None:
    said = [said_by(source) for default in shipped() for source in default.provenance]
    assert said
    assert not any("|" in text for text in said)
    assert all(text.endswith(".") for text in said)


def test_kinds_are_counted_with_their_own_nouns(session: Session) -> None:
    assert in_words(session, {"chart": 1, "thing": 3}) == "3 things, 1 chart"
    many = {"chart": 9, "pack": 1, "zarf": 1, "thing": 2}
    assert in_words(session, many).startswith("4 kinds: 9 charts, 2 things, ")
    assert in_words(session, {"zarf": 2}) == "2 Zarf packages"
