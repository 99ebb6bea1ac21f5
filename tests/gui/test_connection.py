"""The tab *Connection*: read, checked, edited; what is stored stays secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.drafts import Place
from desktop.store.values import RegistryRow
from desktop.ui.forms.editing import EditPanel
from desktop.ui.registries.connection import ConnectionTab
from desktop.ui.session import Session
from registrykit.testing.servers import HelmSite
from registrykit.testing.tls import Authority
from registrykit.urls import Basic
from tests.charts import Charts
from tests.gui.conftest import find, name_of

SOON = 20_000


@pytest.fixture
def session(app: App, open_session: Callable[..., Session]) -> Session:
    return open_session(app)


@pytest.fixture
def tab(session: Session, show: Callable[[Any], Any], qtbot: QtBot) -> ConnectionTab:
    made: ConnectionTab = show(ConnectionTab(session))
    made.resize(640, 800)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


@pytest.fixture
def row(app: App, helm_site: HelmSite) -> RegistryRow:
    """A registry that one signs in to."""
    helm_site.sign_in = Basic("ada", "secret-word")
    values = {"endpoint": helm_site.endpoint, "auth": "basic", "username": "ada"}
    return add(app, "Team", values, {"password": "secret-word"}, ("cdn.example.com",))


def add(
    app: App,
    name: str,
    values: dict[str, Any],
    given: dict[str, str] | None = None,
    approved: tuple[str, ...] = (),
) -> RegistryRow:
    (environment,) = app.environments.all()
    place = Place(environment, app.environments.tenants(environment)[0])
    draft = app.registries.draft("helm", values, given or {})
    return app.registries.add(name, place, draft, approved)[0]


def show_row(tab: ConnectionTab, session: Session, row: RegistryRow) -> None:
    entry = session.one(row.id)
    assert entry is not None
    tab.show_registry(entry)
    # What was just laid out is shown with the next events.
    QApplication.processEvents()


def texts(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def line(panel: QWidget, name: str) -> QLineEdit:
    field = panel.findChild(QWidget, f"field-{name}")
    assert isinstance(field, QWidget)
    found = field.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def edit(qtbot: QtBot, tab: ConnectionTab) -> EditPanel:
    tab.edit_now()
    qtbot.waitUntil(lambda: tab.editor is not None and tab.editor.isVisible(), timeout=SOON)
    assert tab.editor is not None
    return tab.editor


def replace_text(entry: QLineEdit, text: str) -> None:
    entry.selectAll()
    QTest.keyClicks(entry, text)


def test_the_configuration_is_read_without_its_secrets(
    qtbot: QtBot, tab: ConnectionTab, session: Session, row: RegistryRow, helm_site: HelmSite
) -> None:
    show_row(tab, session, row)
    shown = texts(tab)
    assert helm_site.endpoint in shown
    assert "User name and password" in shown
    assert "•••••• entered" in shown
    assert "secret-word" not in shown
    for each in tab.findChildren(QWidget):
        if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert name_of(each), each


def test_a_stored_registry_is_checked_with_its_stored_secrets(
    qtbot: QtBot, tab: ConnectionTab, session: Session, row: RegistryRow
) -> None:
    show_row(tab, session, row)
    find(tab, QPushButton, "check-connection").click()
    qtbot.waitUntil(lambda: "It can be used." in texts(tab), timeout=SOON)
    qtbot.waitUntil(lambda: "The index was read as ada." in texts(tab))
    find(tab, QPushButton, "Copy details").click()
    copied = QGuiApplication.clipboard().text()
    assert "sign-in: ok" in copied
    assert "secret-word" not in copied


def test_a_check_of_a_password_that_expired_says_where_it_failed(
    qtbot: QtBot, tab: ConnectionTab, session: Session, row: RegistryRow, helm_site: HelmSite
) -> None:
    helm_site.sign_in = Basic("ada", "another")
    show_row(tab, session, row)
    tab.check_now()
    qtbot.waitUntil(lambda: "Sign-in failed" in texts(tab), timeout=SOON)
    qtbot.waitUntil(lambda: "did not accept the sign-in" in texts(tab))


def test_what_is_in_the_form_is_checked_and_saved(
    qtbot: QtBot,
    tab: ConnectionTab,
    session: Session,
    row: RegistryRow,
    helm_site: HelmSite,
    app: App,
) -> None:
    run = app.synchronize(row).future.result(SOON / 1000)
    assert run.outcome == "ok"
    helm_site.sign_in = Basic("ada", "another")
    show_row(tab, session, app.registries.get(row.id))
    editor = edit(qtbot, tab)
    assert not find(editor, QPushButton, "save-registry").isEnabled()
    replace_text(line(editor, "name"), "Our charts")
    find(editor, QPushButton, "Change Password").click()
    QTest.keyClicks(line(editor, "password"), "another")
    find(editor, QPushButton, "check-connection").click()
    qtbot.waitUntil(lambda: editor.check.verdict == "ok", timeout=SOON)
    QTest.keyClick(line(editor, "name"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tab.editor is None, timeout=SOON)
    changed = app.registries.get(row.id)
    assert changed.name == "Our charts"
    assert app.vault.secrets_of(changed) == {"password": "another"}
    qtbot.waitUntil(lambda: app.activities() == {}, timeout=SOON)
    assert app.registries.get(row.id).last_outcome in ("ok", "unchanged")


def test_a_secret_that_an_address_costs_is_said_before_it_is_dropped(
    qtbot: QtBot, tab: ConnectionTab, session: Session, row: RegistryRow, app: App
) -> None:
    show_row(tab, session, row)
    editor = edit(qtbot, tab)
    replace_text(line(editor, "endpoint"), "https://elsewhere.example/charts")
    # Faster than anybody can be told.
    QTest.keyClick(line(editor, "endpoint"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "what is stored is dropped: Password" in texts(editor), timeout=SOON)
    qtbot.wait(300)
    assert app.registries.get(row.id).endpoint == row.endpoint
    assert line(editor, "password").hasFocus()
    QTest.keyClicks(line(editor, "password"), "for-the-new-one")
    qtbot.waitUntil(lambda: "is dropped" not in texts(editor), timeout=SOON)
    QTest.keyClick(line(editor, "password"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tab.editor is None, timeout=SOON)
    changed = app.registries.get(row.id)
    assert changed.endpoint == "https://elsewhere.example/charts"
    assert app.vault.secrets_of(changed) == {"password": "for-the-new-one"}


def test_an_unsaved_form_waits_until_one_comes_back(
    qtbot: QtBot, tab: ConnectionTab, session: Session, row: RegistryRow, app: App
) -> None:
    other = add(app, "Other", {"endpoint": "https://other.example"})
    show_row(tab, session, row)
    editor = edit(qtbot, tab)
    replace_text(line(editor, "username"), "grace")
    show_row(tab, session, other)
    assert tab.editor is None
    assert "https://other.example" in texts(tab)
    show_row(tab, session, row)
    assert edit(qtbot, tab) is editor
    assert line(editor, "username").text() == "grace"
    QTest.keyClick(line(editor, "username"), Qt.Key.Key_Escape)
    assert "Discard what you changed?" in texts(editor)
    find(editor, QPushButton, "discard").click()
    assert tab.editor is None
    assert app.registries.get(row.id).config["username"] == "ada"


def test_a_certificate_found_by_a_check_is_taken_over_into_the_form(
    qtbot: QtBot, tab: ConnectionTab, session: Session, app: App
) -> None:
    charts = Charts()
    charts.add("nginx", "1.0.0")
    tls = Authority().issue("127.0.0.1").server_context()
    with HelmSite(charts.index, charts.files, base="/charts", tls=tls) as site:
        row = add(app, "Private", {"endpoint": site.endpoint})
        show_row(tab, session, row)
        tab.check_now()
        qtbot.waitUntil(lambda: "TLS failed" in texts(tab), timeout=SOON)
        find(tab, QPushButton, "trust-certificate").click()
        find(tab, QPushButton, "confirm-trust").click()
        qtbot.waitUntil(
            lambda: tab.editor is not None and tab.editor.check.verdict == "ok", timeout=SOON
        )
        assert tab.editor is not None
        find(tab.editor, QPushButton, "save-registry").click()
        qtbot.waitUntil(lambda: tab.editor is None, timeout=SOON)
        assert "BEGIN CERTIFICATE" in app.registries.get(row.id).config["ca_certificate"]


def test_an_allowed_host_is_revoked_and_can_be_allowed_again(
    qtbot: QtBot, tab: ConnectionTab, session: Session, row: RegistryRow, app: App
) -> None:
    undo: list[Callable[[], object]] = []
    session.undoable.connect(lambda _text, function: undo.append(function))
    show_row(tab, session, row)
    find(tab, QPushButton, "Revoke cdn.example.com").click()
    qtbot.waitUntil(lambda: bool(undo), timeout=SOON)
    assert app.registries.get(row.id).approved_hosts == ()
    undo[0]()
    qtbot.waitUntil(
        lambda: app.registries.get(row.id).approved_hosts == ("cdn.example.com",), timeout=SOON
    )


def test_of_a_default_only_the_sign_in_can_be_changed(
    qtbot: QtBot, tab: ConnectionTab, session: Session, app: App
) -> None:
    environment = app.environments.edit(app.environments.all()[0], edition="saas")
    session.look_at(environment, None)
    defaults = app.registries.visible(environment)
    (row, *_) = [each for each in defaults if each.type == "helm" and each.default_id]
    show_row(tab, session, row)
    assert "comes with the edition" in texts(tab)
    assert find(tab, QPushButton, "edit-connection").text() == "Sign in…"
    editor = edit(qtbot, tab)
    assert line(editor, "endpoint").isReadOnly()
    assert line(editor, "name").isReadOnly()
    QTest.keyClick(line(editor, "endpoint"), Qt.Key.Key_Escape)
    assert tab.editor is None
    went: list[Any] = []
    session.going.connect(went.append)
    find(tab, QPushButton, "duplicate-registry").click()
    qtbot.waitUntil(lambda: bool(went), timeout=SOON)
    copy = app.registries.get(went[0].registry)
    assert (copy.default_id, copy.endpoint) == (None, row.endpoint)


def test_switched_off_verification_is_marked(
    qtbot: QtBot, tab: ConnectionTab, session: Session, app: App
) -> None:
    values = {"endpoint": "https://charts.example.com", "insecure_skip_verify": True}
    show_row(tab, session, add(app, "Open", values))
    assert "is not verified: anybody on the way" in texts(tab)
    show_row(tab, session, add(app, "Sound", {"endpoint": "https://other.example.com"}))
    assert "anybody on the way" not in texts(tab)


def test_a_password_that_was_lost_is_asked_for_at_once(
    app: App,
    row: RegistryRow,
    session: Session,
    tab: ConnectionTab,
    qtbot: QtBot,
) -> None:
    app.vault.forget(row.id, row.secrets)
    app.synchronize(row).future.result(SOON / 1000)
    show_row(tab, session, app.registries.get(row.id))
    tab.edit_now()
    qtbot.waitUntil(lambda: tab.editor is not None, timeout=SOON)
    assert tab.editor is not None
    entry = line(tab.editor, "password")
    qtbot.waitUntil(entry.hasFocus)
    assert "kept until the program ends" not in texts(tab.editor)
