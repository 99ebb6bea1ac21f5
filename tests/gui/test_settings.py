"""Settings: every decision is stored at once, or told beside its control why it was not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QAccessible, QDesktopServices
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.app import App, build
from desktop.engine.drafts import Place
from desktop.store import registries as stored
from desktop.store.values import RegistryRow
from desktop.ui.destination import Destination
from desktop.ui.parts.table import Table
from desktop.ui.session import Session
from desktop.ui.settings.page import NAMES, SettingsPage
from desktop.ui.theme import Theme, colors
from desktop.ui.window import MainWindow
from registrykit.testing.tls import Authority
from tests.gui.conftest import find, name_of

Open = Callable[[App, str], SettingsPage]


def texts(page: QWidget) -> str:
    return "\n".join(each.text() for each in page.findChildren(QLabel) if each.isVisible())


def press(box: QAbstractButton) -> None:
    """Press where the box of a check box is."""
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(10, box.height() // 2))


def focused() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


def enter(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


@pytest.fixture
def open_page(
    open_session: Callable[..., Session],
    show: Callable[[SettingsPage], SettingsPage],
    qtbot: QtBot,
) -> Open:
    """Return a function from a program and a section to the page that shows it."""

    def make(app: App, section: str) -> SettingsPage:
        page = show(SettingsPage(open_session(app)))
        page.resize(900, 700)
        page.activateWindow()
        qtbot.waitUntil(page.isActiveWindow)
        page.go(Destination("settings", tab=section))
        return page

    return make


def add(app: App, name: str = "Team charts", hosts: tuple[str, ...] = ()) -> RegistryRow:
    environment = app.environments.all()[0]
    place = Place(environment, app.environments.tenants(environment)[0])
    (type_id, *_) = app.plugins.descriptions()
    endpoint = f"https://{name.split()[0].lower()}.example.com"
    draft = app.registries.draft(type_id, {"endpoint": endpoint}, {})
    return app.registries.add(name, place, draft, hosts)[0]


# Appearance and schedule


@pytest.fixture
def light_again(theme: Theme) -> Iterator[None]:
    yield
    theme.set_appearance("light")


def test_dark_is_chosen_by_keyboard_and_remembered(
    app: App, open_page: Open, light_again: None
) -> None:
    page = open_page(app, "appearance")
    chosen = find(page, QRadioButton, "Colors: As the system")
    assert chosen.isChecked()
    chosen.setFocus()
    QTest.keyClick(chosen, Qt.Key.Key_Right)
    QTest.keyClick(focused(), Qt.Key.Key_Right)
    QTest.keyClick(focused(), Qt.Key.Key_Space)
    assert colors().dark
    assert page.session.prefs.value("appearance") == "dark"


def test_the_schedule_is_paused_with_the_space_bar(app: App, open_page: Open, qtbot: QtBot) -> None:
    add(app)
    page = open_page(app, "schedule")
    assert "Team charts" in [b.text() for b in page.findChildren(QPushButton)]
    box = find(page, QCheckBox, "Pause the schedule")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "the schedule is paused" in texts(page))
    assert app.settings.read().paused
    QTest.keyClick(box, Qt.Key.Key_Space)
    QTest.keyClick(box, Qt.Key.Key_Space)
    QTest.keyClick(box, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "the schedule is paused" not in texts(page))
    assert not app.settings.read().paused
    assert not box.isChecked()


def test_what_cannot_be_stored_goes_back_and_can_be_edited(
    app: App, open_page: Open, qtbot: QtBot
) -> None:
    page = open_page(app, "schedule")
    line = find(page, QLineEdit, "Days that a removed registry is kept")
    enter(line, "0")
    qtbot.waitUntil(lambda: "cannot be kept that long" in texts(page))
    qtbot.waitUntil(lambda: "Enter a number of days from 1" in texts(page))
    assert (line.text(), app.settings.read().kept_days) == ("30", 30)
    find(page, QPushButton, "Edit what I entered").click()
    assert line.text() == "0"
    assert focused() is line
    enter(line, "14")
    qtbot.waitUntil(lambda: app.settings.read().kept_days == 14)
    qtbot.waitUntil(lambda: "cannot be kept" not in texts(page))
    assert line.text() == "14"


def test_what_was_typed_is_stored_when_somebody_goes_elsewhere(
    app: App, open_page: Open, qtbot: QtBot
) -> None:
    page = open_page(app, "schedule")
    line = find(page, QLineEdit, "Days that a removed registry is kept")
    line.selectAll()
    QTest.keyClicks(line, "7")
    page.go(Destination("settings", tab="about"))
    qtbot.waitUntil(lambda: app.settings.read().kept_days == 7)


# Network


def test_an_own_proxy_counts_once_its_address_can(app: App, open_page: Open, qtbot: QtBot) -> None:
    app.settings.change(proxy="system")
    page = open_page(app, "network")
    press(find(page, QRadioButton, "Proxy: Own proxy"))
    line = find(page, QLineEdit, "Address of the proxy")
    assert focused() is line
    assert app.settings.read().proxy == "system"
    enter(line, "http://me:secret@proxy.example.com:3128")
    qtbot.waitUntil(lambda: "holds a user name or password" in texts(page))
    assert app.settings.read().proxy == "system"
    assert "secret" not in texts(page)
    enter(line, "proxy.example.com:3128")
    qtbot.waitUntil(lambda: line.text() == "http://proxy.example.com:3128")
    assert app.settings.read().proxy == "http://proxy.example.com:3128"
    press(find(page, QRadioButton, "Proxy: None"))
    qtbot.waitUntil(lambda: app.settings.read().proxy == "none")
    assert not line.isVisible()


def test_an_own_proxy_can_be_given_up_before_it_has_an_address(app: App, open_page: Open) -> None:
    page = open_page(app, "network")
    press(find(page, QRadioButton, "Proxy: Own proxy"))
    line = find(page, QLineEdit, "Address of the proxy")
    press(find(page, QRadioButton, "Proxy: As the system says"))
    assert not line.isVisible()
    assert app.settings.read().proxy == "system"


def test_the_systems_proxy_is_shown_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: Open, qtbot: QtBot
) -> None:
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy.example.com:3128")
    monkeypatch.setenv("no_proxy", "inside.example.com")
    app = build(tmp_path / "data", writable=True, offline=True)
    try:
        page = open_page(app, "network")
        qtbot.waitUntil(lambda: "http://proxy.example.com:3128" in texts(page))
        assert "secret" not in texts(page)
        assert "inside.example.com" in texts(page)
        assert "contacts nothing" in texts(page)
    finally:
        app.close()


def test_a_ca_certificate_is_pasted_told_in_words_and_removed(
    app: App, open_page: Open, qtbot: QtBot
) -> None:
    pem = Authority().certificate
    page = open_page(app, "network")
    text = find(page, QPlainTextEdit, "Additional CA certificate")
    text.setFocus()
    QApplication.clipboard().setText(pem)
    text.paste()
    qtbot.waitUntil(lambda: app.settings.read().ca_certificate != "")
    assert app.settings.read().ca_certificate.strip() == pem.strip()
    qtbot.waitUntil(lambda: "Signed by itself, valid until" in texts(page))
    find(page, QPushButton, "Additional CA certificate: remove it").click()
    qtbot.waitUntil(lambda: app.settings.read().ca_certificate == "")
    text.setFocus()
    QTest.keyClicks(text, "not a certificate")
    find(page, QRadioButton, "Proxy: As the system says").setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: "The CA certificate cannot be used." in texts(page))
    assert text.toPlainText() == ""


# Environments


def test_environments_and_tenants_come_and_go(
    app: App,
    open_session: Callable[..., Session],
    open_window: Callable[[Session], MainWindow],
    qtbot: QtBot,
) -> None:
    add(app)
    window = open_window(open_session(app))
    window.go(Destination("settings", tab="environments"))
    assert not window.header.view.isVisible()
    find(window, QPushButton, "add-environment").click()
    page = find(window, SettingsPage)
    QTest.keyClicks(find(page, QLineEdit, "Name"), "DEFAULT")
    QTest.keyClick(find(page, QLineEdit, "Name"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "There is already an environment called DEFAULT." in texts(page))
    line = find(page, QLineEdit, "Name")
    assert line.text() == "DEFAULT"
    edition = find(page, QComboBox)
    for _ in range(4):
        QTest.keyClick(edition, Qt.Key.Key_Down)
    assert "The FIPS edition." in texts(page)
    enter(line, "Vault")
    qtbot.waitUntil(lambda: len(app.environments.all()) == 2)
    qtbot.waitUntil(window.header.view.isVisible)
    assert app.environments.all()[1].edition == "vertex"
    assert not line.isVisible()

    find(page, QToolButton, "Edit default").click()
    enter(find(page, QLineEdit, "Name"), "Lab")
    qtbot.waitUntil(lambda: "Lab" in window.header.view.text())
    find(page, QToolButton, "Remove Lab").click()
    find(page, QPushButton, "Remove Lab").click()
    qtbot.waitUntil(lambda: "The environment Lab still has registries." in texts(page))
    qtbot.waitUntil(lambda: "Remove them under Registries" in texts(page))
    find(page, QPushButton, "Add a tenant to Vault").click()
    enter(find(page, QLineEdit, "Name of the tenant"), "acme")
    qtbot.waitUntil(lambda: "acme" in texts(page))
    assert name_of(focused()) == "Add a tenant to Vault"
    find(page, QToolButton, "Rename acme").click()
    enter(find(page, QLineEdit, "Name of the tenant"), "umbrella")
    qtbot.waitUntil(lambda: "umbrella" in texts(page))
    find(page, QToolButton, "Remove umbrella").click()
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert name_of(focused()) == "Remove umbrella"
    find(page, QToolButton, "Remove umbrella").click()
    find(page, QPushButton, "Remove umbrella").click()
    qtbot.waitUntil(lambda: "umbrella" not in texts(page))
    find(page, QToolButton, "Remove Vault").click()
    find(page, QPushButton, "Remove Vault").click()
    qtbot.waitUntil(lambda: not window.header.view.isVisible())
    assert [row.name for row in app.environments.all()] == ["Lab"]
    assert not find(page, QToolButton, "Remove Lab").isEnabled()


def test_non_fips_packs_are_allowed_after_a_question_that_is_recorded(
    app: App, open_page: Open, qtbot: QtBot
) -> None:
    (environment,) = app.environments.all()
    app.environments.edit(environment, edition="vertex")
    page = open_page(app, "environments")
    qtbot.waitUntil(lambda: "Tenants" in texts(page).splitlines())
    box = find(page, QCheckBox, "Allow non-FIPS packs in default")

    def allowed() -> bool:
        return app.environments.tenants(environment)[0].allow_non_fips

    press(box)
    find(page, QPushButton, "cancel").click()
    assert (box.isChecked(), allowed()) == (False, False)
    press(box)
    find(page, QPushButton, "confirm").click()
    qtbot.waitUntil(box.isChecked)
    assert allowed()
    assert app.audit()[0].action == "allow-non-fips"
    press(box)
    assert box.isChecked()
    find(page, QPushButton, "confirm").click()
    qtbot.waitUntil(lambda: not box.isChecked())
    assert not allowed()


# Storage and security


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was opened with the programs of the system, of which there are none here."""
    found: list[Path] = []

    def open_url(url: QUrl) -> bool:
        found.append(Path(url.toLocalFile()))
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return found


def test_storage_tells_places_and_sizes(
    app: App, open_page: Open, opened: list[Path], qtbot: QtBot
) -> None:
    row = add(app)
    app.registries.remove(add(app, "Old charts"))
    page = open_page(app, "storage")
    table = find(page, Table)
    QAbstractItemModelTester(table.model())
    qtbot.waitUntil(lambda: len(table.rows.rows) == 2)
    names = [table.rows.index(line, 0).data() for line in range(2)]
    assert sorted(names) == ["Old charts (removed)", row.name]
    assert "1 registry can be restored until 30 days after the removal." in texts(page)
    find(page, QToolButton, "Open the folder of: Log").click()
    assert opened == [app.data_dir / "logs"]
    find(page, QToolButton, "Copy path of: Data").click()
    copied = Path(QApplication.clipboard().text())
    assert copied.is_file()
    assert copied.parent == app.data_dir


def test_the_keyring_is_asked_without_making_anybody_wait(
    tmp_path: Path, open_page: Open, qtbot: QtBot
) -> None:
    answer = threading.Event()

    def slow() -> None:
        answer.wait(10)

    app = build(tmp_path / "data", writable=True, environ={}, find_keyring=slow)
    try:
        page = open_page(app, "security")
        keyring = find(page, QWidget, "keyring")
        assert keyring.accessibleName() == "Asking for the keyring…"
        answer.set()
        qtbot.waitUntil(lambda: keyring.accessibleName() == "There is no keyring")
        assert "Nothing is ever written to a file." in texts(page)
    finally:
        answer.set()
        app.close()


def test_an_approved_host_is_revoked_and_that_is_recorded(
    app: App, open_page: Open, qtbot: QtBot
) -> None:
    row = add(app, hosts=("cdn.example.com", "files.example.com"))
    with app.db.write() as tx:
        stored.update_registry(tx, row.id, config={**row.config, "insecure_skip_verify": True})
    page = open_page(app, "security")
    table = find(page, Table, "Record of decisions")
    qtbot.waitUntil(lambda: len(table.rows.rows) == 1)
    button = find(page, QPushButton, "Revoke cdn.example.com for Team charts")
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(table.rows.rows) == 2)
    assert app.registries.get(row.id).approved_hosts == ("files.example.com",)
    assert "cdn.example.com" not in texts(page)
    assert name_of(focused()) == "Revoke files.example.com for Team charts"
    gone: list[Destination] = []
    page.session.going.connect(gone.append)
    find(page, QPushButton, "Show Team charts").click()
    assert gone == [Destination("registries", row.id, tab="connection")]


# Plugins


@pytest.fixture
def broken_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed plugin that cannot be loaded, because its module is not there."""
    info = tmp_path / "site" / "acme_quay-2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-quay\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text("[registrykit]\nquay = acme_quay\n")
    (info / "RECORD").write_text("acme_quay.py,,\n")
    monkeypatch.syspath_prepend(info.parent)
    return info


def test_a_failed_plugin_says_why_and_is_tried_again(
    broken_plugin: Path, app: App, open_page: Open, qtbot: QtBot
) -> None:
    page = open_page(app, "plugins")
    qtbot.waitUntil(lambda: "acme-quay 2.1 cannot be used." in texts(page))
    qtbot.waitUntil(lambda: "From a third party" in texts(page))
    qtbot.waitUntil(lambda: "Plugins run with your rights" in texts(page))
    for path in broken_plugin.iterdir():
        path.unlink()
    broken_plugin.rmdir()
    find(page, QPushButton, "Try again").click()
    qtbot.waitUntil(lambda: "acme-quay" not in texts(page), timeout=20_000)


def test_a_plugin_is_switched_off_and_on(app: App, open_page: Open, qtbot: QtBot) -> None:
    row = add(app)
    page = open_page(app, "plugins")
    plugin = next(each for each in app.plugins.all() if each.distribution == "registrykit-helm")
    qtbot.waitUntil(lambda: "Works" in texts(page))
    box = find(page, QCheckBox, f"Use {plugin.distribution}")
    with qtbot.waitSignal(page.session.registries_changed):
        press(box)
    qtbot.waitUntil(lambda: "Switched off by you" in texts(page))
    listed = page.session.one(row.id)
    assert listed is not None
    assert listed.state.text == "plugin is switched off"
    press(box)
    qtbot.waitUntil(lambda: "Works" in texts(page), timeout=20_000)
    assert box.isChecked()


def test_safe_mode_says_so(tmp_path: Path, open_page: Open, qtbot: QtBot) -> None:
    app = build(tmp_path / "data", writable=True, environ={}, safe_mode=True)
    try:
        page = open_page(app, "plugins")
        qtbot.waitUntil(lambda: "Safe mode loads no plugins" in texts(page))
        assert "Safe mode: no plugin was loaded" in texts(page)
        assert not any(box.isEnabled() for box in page.findChildren(QCheckBox))
    finally:
        app.close()


# Everywhere


def test_nothing_can_be_changed_while_another_program_writes(
    app: App, open_page: Open, qtbot: QtBot
) -> None:
    other = build(app.data_dir, writable=False, environ={"REGISTRY_DESKTOP_KEYRING": "none"})
    try:
        page = open_page(other, "schedule")
        box = find(page, QCheckBox, "Pause the schedule")
        assert not box.isEnabled()
        assert "Another Registry Desktop has this data open" in box.accessibleDescription()
        page.go(Destination("settings", tab="environments"))
        assert not find(page, QPushButton, "add-environment").isEnabled()
    finally:
        other.close()


def test_every_section_shows_what_it_can_before_the_program_is_ready(
    app: App,
    open_session: Callable[..., Session],
    show: Callable[[SettingsPage], SettingsPage],
    qtbot: QtBot,
) -> None:
    app.settings.change(kept_days=12)
    session = open_session(app, attach=False)
    page = show(SettingsPage(session))
    for section in NAMES:
        page.go(Destination("settings", tab=section))
    page.go(Destination("settings", tab="schedule"))
    line = find(page, QLineEdit, "Days that a removed registry is kept")
    assert (line.text(), line.isEnabled()) == ("12", False)
    assert "is known when the program has started" in texts(page)
    session.attach(app)
    assert line.isEnabled()


def test_every_control_has_a_name_and_can_be_reached(
    broken_plugin: Path, app: App, open_page: Open, qtbot: QtBot
) -> None:
    add(app, hosts=("cdn.example.com",))
    page = open_page(app, "appearance")
    sections = find(page, QListWidget)
    sections.setFocus()
    for section in NAMES:
        qtbot.wait(50)
        for widget in page.findChildren(QWidget):
            policy = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            if policy and widget.isVisible() and widget.isEnabled():
                interface = QAccessible.queryAccessibleInterface(widget)
                assert name_of(widget), f"{section}: {widget!r} {interface.role()}"
        QTest.keyClick(sections, Qt.Key.Key_Down)


def test_a_destination_leads_to_the_switch_of_a_tenant(
    app: App, open_page: Open, qtbot: QtBot
) -> None:
    (environment,) = app.environments.all()
    app.environments.edit(environment, edition="vertex")
    (tenant,) = app.environments.tenants(environment)
    page = open_page(app, "environments")
    page.go(Destination("settings", tab="environments", text=tenant.id))
    qtbot.waitUntil(lambda: focused().objectName() == "allow-non-fips")
