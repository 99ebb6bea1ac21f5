"""The list of registries: groups, one row for one registry's news, filter, keys, undo."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.drafts import Place
from desktop.engine.words import State
from desktop.store import registries as stored
from desktop.store.values import RegistryRow
from desktop.ui.destination import Destination
from desktop.ui.registries.arrangement import (
    ATTENTION,
    DEFAULTS,
    HIDDEN,
    OWN,
    SYSTEM,
    Entry,
    Wish,
    arranged,
)
from desktop.ui.registries.commands import command_line
from desktop.ui.registries.page import RegistriesPage
from desktop.ui.registries.rows import RegistryRows
from desktop.ui.session import Listed, Session
from desktop.ui.window import MainWindow
from registrykit.events import Complete
from tests.gui.conftest import find, name_of
from tests.scripted import Bench, found

NOW = 1_800_000_000.0
KEYS = Qt.Key


def listed(name: str, state: State = State("synced", "good"), **values: object) -> Listed:  # noqa: B008
    row = RegistryRow(name, "e", "tenant", "t", name, "any", "Any", NOW, last_outcome="ok")
    return Listed(replace(row, **values), state)  # type: ignore[arg-type]


def shape(entries: Sequence[Entry]) -> list[str]:
    return [e.row.name if isinstance(e, Listed) else f"{e.key} {e.count}" for e in entries]


def arrange(rows: Sequence[Listed], wish: Wish = Wish(), removed: int = 0) -> list[Entry]:  # noqa: B008
    tenants = {"t": "acme", "u": "zeta"}
    return arranged(
        rows, wish, NOW, title=lambda e: e.row.type_title, tenants=tenants, removed=removed
    )


# Groups


def test_groups_follow_attention_scope_and_provenance() -> None:
    rows = [
        listed("own"),
        listed("broken", State("failed", "bad")),
        listed("shipped", default_id="x", scope="system", tenant_id=None),
        listed("hid", hidden=True),
    ]
    assert shape(arrange(rows, removed=2)) == [
        f"{ATTENTION} 1",
        "broken",
        f"{OWN} 1",
        "own",
        f"{DEFAULTS} 1",
        "shipped",
        f"{HIDDEN} 1",
        "removed 2",
    ]
    console = listed("console", scope="system", tenant_id=None)
    several = arrange([*rows, console, listed("other", tenant_id="u")])
    assert shape(several)[2:8] == [f"{SYSTEM} 1", "console", "t 1", "own", "u 1", "other"]


def test_what_is_busy_stays_in_its_group_until_it_ended() -> None:
    failed = listed("a", State("failed", "bad"), last_outcome="failed", message="no")
    busy = replace(failed, state=State("synchronizing", "busy"), activity="syncing")
    assert shape(arrange([busy])) == shape(arrange([failed]))


def test_a_default_that_nobody_asked_for_asks_for_nothing() -> None:
    never = listed("a", State("needs sign-in", "attention"), default_id="x", last_outcome="never")
    assert shape(arrange([never])) == [f"{DEFAULTS} 1", "a"]


# The model


def test_any_change_of_the_list_is_told_in_steps_that_qt_accepts(qtbot: QtBot) -> None:
    model = RegistryRows(lambda _e: "server", lambda e: e.row.type_title)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    selection = QItemSelectionModel(model)
    chance = random.Random(7)
    states = [State("synced", "good"), State("failed", "bad")]
    rows = [listed(f"r{number:02}") for number in range(30)]
    model.show_entries(arrange(rows))
    kept = "r11"
    flags = QItemSelectionModel.SelectionFlag
    selection.select(model.index(model.place(kept)), flags.Select)
    for _ in range(60):
        some = [row for row in rows if row.row.id == kept or chance.random() < 0.8]
        some = [replace(row, state=chance.choice(states)) for row in some]
        turned = frozenset(chance.sample([OWN, HIDDEN, DEFAULTS], chance.randrange(3))) - {OWN}
        wanted = arrange(some, Wish("", turned), chance.randrange(2))
        model.show_entries(wanted)
        assert list(model.entries) == wanted
        chosen = [model.entries[index.row()] for index in selection.selectedIndexes()]
        assert [entry.row.id for entry in chosen if isinstance(entry, Listed)] == [kept]


def test_news_of_one_registry_touch_one_row(qtbot: QtBot) -> None:
    model = RegistryRows(lambda _e: "server", lambda e: e.row.type_title)
    rows = [listed(f"r{number}") for number in range(20)]
    model.show_entries(arrange(rows))
    touched: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda a, b, *_: touched.append((a.row(), b.row())))
    rows[4] = replace(rows[4], state=State("synced 1 min ago", "good"))
    model.show_entries(arrange(rows))
    place = model.place("r4")
    assert touched == [(place, place)]


def test_a_row_says_name_type_and_state(qtbot: QtBot) -> None:
    model = RegistryRows(lambda _e: "server", lambda e: e.row.type_title)
    model.show_entries(arrange([listed("<b>argo</b>", artifacts=3, versions=9)]))
    index = model.index(1)
    said = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == "<b>argo</b>, Any, synced, 3 artifacts"
    assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole) == (
        "Added by you, 1 registry, shown"
    )
    # What a registry is called is never read as a tag.
    tip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>argo" not in tip
    assert "&lt;b&gt;argo" in tip


# The page


def add(app: App, name: str, **columns: object) -> RegistryRow:
    (environment,) = app.environments.all()
    place = Place(environment, app.environments.tenants(environment)[0])
    slug = "".join(letter for letter in name.lower() if letter.isalnum())
    draft = app.registries.draft("helm", {"endpoint": f"https://{slug}.example/charts"}, {})
    row, _ = app.registries.add(name, place, draft)
    if columns:
        with app.db.write() as tx:
            stored.update_registry(tx, row.id, **columns)
    return app.registries.get(row.id)


@pytest.fixture
def estate(app: App) -> dict[str, RegistryRow]:
    """Five registries: three fine ones, one that failed, one that is hidden."""
    fine = {"last_outcome": "ok", "last_success": app.clock.now(), "last_attempt": app.clock.now()}
    failed = {**fine, "last_outcome": "failed", "code": "timeout", "message": "No answer."}
    rows = [add(app, name, **fine) for name in ("Argo", "Bitnami", "Cert manager")]
    rows += [add(app, "Edge lab", **failed), add(app, "Zoo", hidden=True)]
    return {row.name: row for row in rows}


@pytest.fixture
def session(app: App, open_session: Callable[..., Session]) -> Session:
    return open_session(app)


@pytest.fixture
def window(
    estate: dict[str, RegistryRow], session: Session, open_window: Callable[[Session], MainWindow]
) -> MainWindow:
    return open_window(session)


@pytest.fixture
def page(window: MainWindow) -> RegistriesPage:
    window.go(Destination("registries"))
    found = window.findChild(RegistriesPage)
    assert isinstance(found, RegistriesPage)
    return found


def texts(under: QWidget) -> str:
    return "\n".join(each.text() for each in under.findChildren(QLabel) if each.isVisible())


def names(page: RegistriesPage) -> list[str]:
    return shape(page.panel.rows.entries)


def press(qtbot: QtBot, widget: QWidget, *keys: Qt.Key) -> None:
    for key in keys:
        qtbot.keyClick(widget, key)


def click(qtbot: QtBot, page: RegistriesPage, key: str) -> None:
    view = page.panel.view
    center = view.visualRect(page.panel.rows.index(page.panel.rows.place(key))).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=center)


def test_typing_filters_and_esc_brings_everything_back(
    qtbot: QtBot, page: RegistriesPage, window: MainWindow, estate: dict[str, RegistryRow]
) -> None:
    everything = names(page)
    qtbot.keyClick(window, KEYS.Key_F, Qt.KeyboardModifier.ControlModifier)
    field = find(page, QLineEdit, "registry-filter")
    assert field.hasFocus()
    qtbot.keyClicks(field, "helm answer")
    assert names(page) == [f"{ATTENTION} 1", "Edge lab"]
    press(qtbot, field, KEYS.Key_Down)
    assert page.panel.view.hasFocus()
    assert page.panel.chosen == [estate["Edge lab"].id]
    press(qtbot, page.panel.view, KEYS.Key_Escape)
    assert names(page) == everything
    assert page.panel.chosen == [estate["Edge lab"].id]
    qtbot.keyClicks(field, "nowhere")
    find(page, QPushButton, "Clear the filter").click()
    assert names(page) == everything


def test_what_a_filter_hides_stays_open(
    qtbot: QtBot, page: RegistriesPage, estate: dict[str, RegistryRow]
) -> None:
    click(qtbot, page, estate["Argo"].id)
    page.panel.filter.setText("bitnami")
    assert page.detail.registry_id == estate["Argo"].id
    page.panel.filter.clear()
    assert page.panel.view.chosen() == [estate["Argo"].id]


def test_a_registry_that_moves_keeps_selection_and_the_row_below_the_eye(
    qtbot: QtBot, page: RegistriesPage, app: App, session: Session, estate: dict[str, RegistryRow]
) -> None:
    for number in range(30):
        add(app, f"More {number:02}", last_outcome="ok", last_success=app.clock.now())
    qtbot.waitUntil(lambda: len(names(page)) > 30)
    view, rows = page.panel.view, page.panel.rows
    click(qtbot, page, estate["Argo"].id)
    view.verticalScrollBar().setValue(300)
    watched = app.registries.visible()[12]
    before = view.visualRect(rows.index(rows.place(watched.id))).top()
    with app.db.write() as tx:
        stored.update_registry(tx, estate["Argo"].id, last_outcome="failed", code="dns")
    session.listed_changed.emit(estate["Argo"].id)
    qtbot.waitUntil(lambda: rows.group_of(rows.place(estate["Argo"].id)) == ATTENTION)
    assert view.visualRect(rows.index(rows.place(watched.id))).top() == before
    assert view.chosen() == [estate["Argo"].id]


def test_headings_fold_by_key_and_stay_folded(
    qtbot: QtBot,
    page: RegistriesPage,
    app: App,
    estate: dict[str, RegistryRow],
    session: Session,
    show: Callable[[RegistriesPage], RegistriesPage],
) -> None:
    click(qtbot, page, estate["Argo"].id)
    view = page.panel.view
    press(qtbot, view, KEYS.Key_Left)
    assert names(page) == [f"{ATTENTION} 1", "Edge lab", f"{OWN} 3", f"{HIDDEN} 1"]
    assert page.detail.registry_id == estate["Argo"].id
    press(qtbot, view, KEYS.Key_Down, KEYS.Key_Space)
    assert names(page)[-1] == "Zoo"
    again = show(RegistriesPage(session))
    again.go(Destination("registries"))
    # The folded group opens for the registry that was chosen when the program was closed.
    assert names(again)[-2:] == [f"{HIDDEN} 1", "Zoo"]
    assert again.detail.registry_id == estate["Argo"].id


def test_delete_removes_and_the_notice_brings_it_back(
    qtbot: QtBot, page: RegistriesPage, window: MainWindow, estate: dict[str, RegistryRow]
) -> None:
    click(qtbot, page, estate["Argo"].id)
    press(qtbot, page.panel.view, KEYS.Key_Delete)
    qtbot.waitUntil(lambda: "Argo" not in names(page))
    assert names(page)[-1] == "removed 1"
    assert page.panel.chosen == [estate["Bitnami"].id]
    assert page.detail.registry_id == estate["Bitnami"].id
    qtbot.waitUntil(lambda: window.notices.isVisible())
    find(window, QPushButton, "Undo").click()
    qtbot.waitUntil(lambda: "Argo" in names(page))


def test_removed_registries_are_restored_or_forgotten_for_good(
    qtbot: QtBot, page: RegistriesPage, app: App, estate: dict[str, RegistryRow]
) -> None:
    for name in ("Argo", "Bitnami"):
        app.registries.remove(estate[name])
    qtbot.waitUntil(lambda: names(page)[-1] == "removed 2")
    click(qtbot, page, "/removed")
    find(page, QPushButton, "restore").click()
    qtbot.waitUntil(lambda: "Argo" in names(page))
    find(page, QPushButton, "forget").click()
    assert app.registries.removed()[0].name == "Bitnami"
    find(page, QPushButton, "forget-for-good").click()
    qtbot.waitUntil(lambda: app.registries.removed() == [])
    qtbot.waitUntil(lambda: "Bitnami" not in names(page) and "removed 1" not in names(page))


def test_several_are_worked_on_at_once_with_their_count(
    qtbot: QtBot, page: RegistriesPage, app: App, estate: dict[str, RegistryRow]
) -> None:
    page.panel.view.setFocus()
    qtbot.keyClick(page.panel.view, KEYS.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert find(page, QPushButton, "sync-several").text() == "Synchronize 4"
    assert find(page, QPushButton, "remove-several").text() == "Remove 4"
    find(page, QPushButton, "hide-several").click()
    qtbot.waitUntil(lambda: names(page) == [f"{HIDDEN} 5"])
    assert len([row for row in app.registries.visible(hidden=True) if row.hidden]) == 5


def test_f5_synchronizes_what_is_chosen(
    qtbot: QtBot,
    page: RegistriesPage,
    window: MainWindow,
    app: App,
    estate: dict[str, RegistryRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(app, "synchronize", lambda row, **_options: asked.append(row.name))
    click(qtbot, page, estate["Argo"].id)
    qtbot.keyClick(page.panel.view, KEYS.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(window, KEYS.Key_F5)
    qtbot.waitUntil(lambda: asked == ["Argo", "Bitnami"])


def test_the_menu_of_a_row_has_what_the_buttons_have(
    qtbot: QtBot, page: RegistriesPage, estate: dict[str, RegistryRow], session: Session
) -> None:
    click(qtbot, page, estate["Argo"].id)
    (one,) = [session.one(key) for key in page.panel.chosen]
    assert one is not None
    commands = {c.name: c for c in page._commands.for_menu([one]) if c is not None}
    assert set(commands) == {
        *("sync", "sync-full", "check-connection", "edit-registry", "duplicate"),
        *("copy-name", "copy-url", "copy-command", "hide", "remove"),
    }
    commands["copy-url"].act()
    assert QGuiApplication.clipboard().text() == "https://argo.example/charts"


def test_the_command_for_a_shell_is_quoted(session: Session, app: App) -> None:
    row = add(app, "Team's charts; rm -rf")
    words = command_line(session, [row])
    assert words.startswith("registry-desktop --data-dir ")
    assert words.endswith("""sync 'Team'"'"'s charts; rm -rf'""")


def test_a_visit_is_a_place_to_come_back_to(
    qtbot: QtBot, page: RegistriesPage, window: MainWindow, estate: dict[str, RegistryRow]
) -> None:
    gone: list[Destination] = []
    page.session.staying.connect(gone.append)
    click(qtbot, page, estate["Argo"].id)
    qtbot.waitUntil(lambda: len(gone) == 1)
    assert gone == [Destination("registries", estate["Argo"].id, "overview")]
    press(qtbot, page.panel.view, KEYS.Key_Down, KEYS.Key_Down)
    qtbot.waitUntil(lambda: len(gone) == 2)
    qtbot.keyClick(window, KEYS.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: page.detail.registry_id == estate["Argo"].id)


def test_every_control_of_the_page_has_a_name(
    qtbot: QtBot, page: RegistriesPage, estate: dict[str, RegistryRow]
) -> None:
    for key in (estate["Argo"].id, estate["Edge lab"].id):
        click(qtbot, page, key)
        for tab in ("overview", "contents", "changes"):
            page.detail.show_tab(tab)
            qtbot.wait(50)
            unnamed = [
                widget
                for widget in page.findChildren(QWidget)
                if widget.isVisible()
                and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
                and not name_of(widget)
            ]
            assert unnamed == []


def test_the_first_glance_shows_registries_before_the_program_is_there(
    app: App,
    estate: dict[str, RegistryRow],
    open_session: Callable[..., Session],
    show: Callable[[RegistriesPage], RegistriesPage],
    qtbot: QtBot,
) -> None:
    session = open_session(app, attach=False)
    page = show(RegistriesPage(session))
    page.go(Destination("registries", estate["Argo"].id))
    assert "Argo" in names(page)
    sync = find(page, QPushButton, "sync-registry")
    assert not sync.isEnabled()
    assert sync.toolTip() == "The program is still starting."
    session.attach(app)
    qtbot.waitUntil(sync.isEnabled)


def test_a_form_stays_in_sight_in_another_environment(
    qtbot: QtBot, page: RegistriesPage, session: Session, app: App, estate: dict[str, RegistryRow]
) -> None:
    there = app.environments.add("Yard", app.environments.all()[0].edition)
    session.go(Destination("registries", estate["Argo"].id))
    session.go(Destination("registries", adding=True))
    form = page._stack.currentWidget()
    assert form is page._adding
    session.look_at(there, app.environments.tenants(there)[0])
    qtbot.waitUntil(lambda: page.panel.chosen == [])
    assert page._stack.currentWidget() is form


def test_without_registries_nobody_is_told_to_choose_one(
    app: App, open_session: Callable[..., Session], open_window: Callable[[Session], MainWindow]
) -> None:
    window = open_window(open_session(app))
    window.go(Destination("registries"))
    page = window.findChild(RegistriesPage)
    assert isinstance(page, RegistriesPage)
    assert "No registries yet" in texts(page)
    assert "Choose one" not in texts(page)


def test_the_list_and_the_detail_say_the_same_of_when(
    qtbot: QtBot,
    bench: Bench,
    open_session: Callable[..., Session],
    open_window: Callable[[Session], MainWindow],
) -> None:
    bench.sync(*found("web", "1.0.0"), Complete(""))
    session = open_session(bench.app)
    window = open_window(session)
    window.go(Destination("registries"))
    page = window.findChild(RegistriesPage)
    assert isinstance(page, RegistriesPage)
    bench.clock.time += 600
    click(qtbot, page, bench.registry.id)
    qtbot.waitUntil(lambda: "Synchronized 10 min ago" in texts(page.detail))
    assert "synced 10 min ago" in texts(page.detail)
    (listed,) = [entry for entry in page.panel.rows.entries if isinstance(entry, Listed)]
    assert "10 min ago" in listed.state.text
