"""Adding a registry: what it is, what is wrong, the check, and that it is there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.plugins import Plugin
from desktop.store.values import RegistryRow
from desktop.ui.destination import Destination
from desktop.ui.forms.naming import chosen_name, proposed_name
from desktop.ui.registries.adding import AddPanel
from desktop.ui.session import Session
from registrykit.description import describe
from registrykit.forms import Choice, FieldSpec, FormSpec
from registrykit.registry import RegistryType
from registrykit.testing.servers import HelmSite, Site
from registrykit.testing.tls import Authority
from registrykit.urls import Basic
from registrykit_example import FeedConfig, FeedRegistry
from tests.charts import Charts
from tests.gui.conftest import find, name_of

SOON = 20_000


@pytest.fixture
def session(app: App, open_session: Callable[..., Session]) -> Session:
    return open_session(app)


@pytest.fixture
def told(session: Session) -> list[str]:
    said: list[str] = []
    session.told.connect(said.append)
    return said


Open = Callable[..., AddPanel]


@pytest.fixture
def open_panel(session: Session, show: Callable[[Any], Any], qtbot: QtBot) -> Open:
    def make(url: str = "") -> AddPanel:
        panel: AddPanel = show(AddPanel(session, url))
        panel.resize(640, 800)
        panel.activateWindow()
        panel.focus_first()
        qtbot.waitUntil(panel.isActiveWindow)
        return panel

    return make


def texts(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def line(panel: AddPanel, name: str) -> QLineEdit:
    field = panel.findChild(QWidget, f"field-{name}")
    assert isinstance(field, QWidget)
    found = field.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def typed(qtbot: QtBot, panel: AddPanel, url: str) -> None:
    """Type an address and wait until it was understood, and a name was proposed."""
    QTest.keyClicks(line(panel, "url"), url)
    qtbot.waitUntil(lambda: bool(line(panel, "name").text()), timeout=SOON)


def checked(qtbot: QtBot, panel: AddPanel) -> str:
    find(panel, QPushButton, "check-connection").click()
    qtbot.waitUntil(lambda: bool(panel.check.verdict), timeout=SOON)
    QApplication.processEvents()  # the last stages may have come at once, and wait to be shown
    return panel.check.verdict


def stranger(app: App, type_id: str, confirmation: str = "") -> None:
    """Have a type of somebody else's among those that are installed."""
    wanted = confirmation

    class Strange(FeedRegistry):
        id: ClassVar[str] = type_id
        title: ClassVar[str] = "Strange registry"
        confirmation: ClassVar[str] = wanted
        Config = FeedConfig

    kind: RegistryType[Any] = Strange()
    plugins = app.plugins
    plugins.all()
    plugin = Plugin("strange", "1.0", "", state="active", types=(describe(kind),))
    assert plugins._plugins is not None
    plugins._plugins["strange"] = plugin
    plugins._objects["strange"] = {type_id: kind}


def test_an_address_alone_is_enough(
    qtbot: QtBot, open_panel: Open, app: App, helm_site: HelmSite, told: list[str]
) -> None:
    panel = open_panel()
    added: list[str] = []
    panel.added.connect(added.append)
    assert "Or choose a type" in texts(panel)
    assert not find(panel, QPushButton, "finish-adding").isEnabled()
    typed(qtbot, panel, f"  {helm_site.endpoint}/index.yaml ")
    shown = texts(panel)
    assert "Helm repository" in shown
    assert helm_site.endpoint in shown
    assert helm_site.count() == 0
    assert find(panel, QPushButton, "finish-adding").text() == "Add without a check"
    assert checked(qtbot, panel) == "ok"
    assert "It can be used." in texts(panel.check)
    qtbot.waitUntil(lambda: "2 charts, 6 versions." in texts(panel.check))
    assert find(panel, QPushButton, "finish-adding").text() == "Add"
    find(panel, QPushButton, "finish-adding").click()
    qtbot.waitUntil(lambda: bool(added), timeout=SOON)
    row = app.registries.get(added[0])
    assert (row.name, row.endpoint) == ("127.0.0.1", helm_site.endpoint)
    assert told == ["127.0.0.1 was added and is being read."]
    qtbot.waitUntil(lambda: app.registries.get(row.id).last_outcome == "ok", timeout=SOON)


def test_a_login_that_was_pasted_with_the_address_goes_to_its_fields(
    qtbot: QtBot, open_panel: Open, helm_site: HelmSite
) -> None:
    panel = open_panel()
    address = helm_site.endpoint.replace("://", "://reader:open%20sesame@")
    qtbot.keyClicks(line(panel, "url"), address)
    qtbot.waitUntil(lambda: panel.form is not None and panel.form.has("password"), timeout=SOON)
    form = panel.form
    assert form is not None
    qtbot.waitUntil(lambda: line(panel, "url").text() == helm_site.endpoint, timeout=SOON)
    assert form.values()["auth"] == "basic"
    assert form.values()["username"] == "reader"
    assert form.secrets() == {"password": "open sesame"}
    assert "sesame" not in texts(panel)


def test_who_types_a_login_slowly_goes_on_where_it_was_taken_out(
    qtbot: QtBot, open_panel: Open
) -> None:
    panel = open_panel()
    url = line(panel, "url")
    QTest.keyClicks(url, "https://reader:sesame@c")
    qtbot.waitUntil(lambda: url.text() == "https://c", timeout=SOON)
    QTest.keyClicks(url, "harts.example.com")
    assert url.text() == "https://charts.example.com"


def test_a_name_that_is_proposed_meanwhile_is_replaced_by_what_is_typed(
    qtbot: QtBot, open_panel: Open
) -> None:
    panel = open_panel()
    name = line(panel, "name")
    typed(qtbot, panel, "https://charts.acme.example/stable")
    proposed = name.text()
    name.setFocus()
    name.selectAll()
    panel._propose("https://charts.acme.example/stable")
    assert name.selectedText() == proposed
    panel._propose("https://charts.beta.example/stable")
    assert name.text() not in ("", proposed)
    QTest.keyClicks(name, "Team")
    assert name.text() == "Team"


def test_enter_adds_and_goes_to_what_is_missing(
    qtbot: QtBot, open_panel: Open, app: App, helm_site: HelmSite, told: list[str]
) -> None:
    helm_site.sign_in = Basic("ada", "secret")
    panel = open_panel()
    added: list[str] = []
    panel.added.connect(added.append)
    typed(qtbot, panel, helm_site.endpoint)
    find(panel, QRadioButton, "Authentication: User name and password").click()
    assert "missing" not in texts(panel)
    QTest.keyClick(line(panel, "url"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "The user name is missing." in texts(panel), timeout=SOON)
    assert QApplication.focusWidget() is line(panel, "username")
    assert app.registries.visible() == []
    QTest.keyClicks(line(panel, "username"), "ada")
    QTest.keyClicks(line(panel, "password"), "secret")
    qtbot.waitUntil(lambda: "no keyring, so secrets are kept only until" in texts(panel))
    QTest.keyClick(line(panel, "password"), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(added), timeout=SOON)
    row = app.registries.get(added[0])
    assert app.vault.secrets_of(row) == {"password": "secret"}
    assert "secret" not in str(row.config)
    assert "kept until the program ends" in told[-1]


def test_an_unknown_certificate_is_trusted_after_its_fingerprint_was_shown(
    qtbot: QtBot, open_panel: Open, app: App
) -> None:
    charts = Charts()
    charts.add("nginx", "1.0.0")
    authority = Authority()
    tls = authority.issue("127.0.0.1").server_context()
    with HelmSite(charts.index, charts.files, base="/charts", tls=tls) as site:
        panel = open_panel()
        added: list[str] = []
        panel.added.connect(added.append)
        typed(qtbot, panel, site.endpoint)
        assert checked(qtbot, panel) == "failed"
        shown = texts(panel.check)
        assert "Certificate for" in shown
        assert "SHA-256" in shown
        assert "Not tried after that: Protocol" in shown
        assert find(panel, QPushButton, "finish-adding").text() == "Add anyway"
        find(panel, QPushButton, "trust-certificate").click()
        assert "Compare the SHA-256 fingerprint" in texts(panel.check)
        find(panel, QPushButton, "confirm-trust").click()
        qtbot.waitUntil(lambda: panel.check.verdict == "ok", timeout=SOON)
        assert "CA certificate: 127.0.0.1" in texts(panel)
        find(panel, QPushButton, "finish-adding").click()
        qtbot.waitUntil(lambda: bool(added), timeout=SOON)
        row = app.registries.get(added[0])
        assert "BEGIN CERTIFICATE" in row.config["ca_certificate"]
        qtbot.waitUntil(lambda: app.registries.get(row.id).last_outcome == "ok", timeout=SOON)


def test_what_cannot_be_reached_can_be_added_and_is_marked(
    qtbot: QtBot, open_panel: Open, app: App
) -> None:
    with Site() as gone:
        url = gone.url
    panel = open_panel()
    added: list[str] = []
    panel.added.connect(added.append)
    typed(qtbot, panel, f"{url}/charts")
    assert checked(qtbot, panel) == "failed"
    find(panel, QPushButton, "finish-adding").click()
    qtbot.waitUntil(lambda: bool(added), timeout=SOON)
    qtbot.waitUntil(lambda: app.registries.get(added[0]).last_outcome == "failed", timeout=SOON)


def test_what_a_type_wants_confirmed_is_asked_above_the_button_and_recorded(
    qtbot: QtBot, open_panel: Open, app: App, helm_site: HelmSite
) -> None:
    sentence = "These charts are not what they seem."
    stranger(app, "strange", confirmation=sentence)
    panel = open_panel()
    added: list[str] = []
    panel.added.connect(added.append)
    find(panel, QAbstractButton, "type-strange").click()
    qtbot.waitUntil(lambda: sentence in texts(panel))
    QTest.keyClicks(line(panel, "url"), f"{helm_site.endpoint}/feed.json")
    qtbot.waitUntil(lambda: bool(line(panel, "name").text()), timeout=SOON)
    add, box = find(panel, QPushButton, "finish-adding"), find(panel, QCheckBox, sentence)
    assert not add.isEnabled()
    line(panel, "name").setFocus()
    QTest.keyClick(line(panel, "name"), Qt.Key.Key_Return)
    qtbot.waitUntil(box.hasFocus, timeout=SOON)
    assert added == []
    QTest.keyClick(box, Qt.Key.Key_Space)
    assert add.isEnabled()
    add.click()
    qtbot.waitUntil(lambda: bool(added), timeout=SOON)
    recorded = [row for row in app.audit() if row.action == "registry-confirmed"]
    assert [sentence in row.detail for row in recorded] == [True]


def test_a_name_is_proposed_until_somebody_gives_one(
    qtbot: QtBot, open_panel: Open, app: App, helm_site: HelmSite
) -> None:
    panel = open_panel()
    typed(qtbot, panel, "https://charts.example.com/team-a")
    assert line(panel, "name").text() == "team-a"
    line(panel, "name").clear()
    QTest.keyClicks(line(panel, "name"), "Mine")
    line(panel, "url").clear()
    QTest.keyClicks(line(panel, "url"), "https://charts.example.com/team-b")
    qtbot.waitUntil(lambda: "team-b" in texts(panel), timeout=SOON)
    assert line(panel, "name").text() == "Mine"


def test_a_choice_that_stands_for_an_address_gives_the_name() -> None:
    place = FieldSpec(
        "place",
        "choice",
        "Place",
        choices=(Choice("near", "Shelf of the house (near)"), Choice("own", "Another one")),
    )
    form = FormSpec((place, FieldSpec("at", "url", "URL", show_if={"place": ("own",)})))
    assert chosen_name(form, {"place": "near"}, ()) == "Shelf of the house"
    assert chosen_name(form, {"place": "near"}, ["shelf of the house"]) == "Shelf of the house 2"
    assert chosen_name(form, {"place": "own"}, ()) == ""


def test_a_folder_that_every_registry_of_packs_has_is_no_name() -> None:
    url = "https://harbor.example.com/acme/spectro-packs/archive"
    assert proposed_name(url, ()) == "acme"


def test_a_form_goes_along_to_another_environment(
    qtbot: QtBot, open_panel: Open, app: App, session: Session, helm_site: HelmSite
) -> None:
    here = app.environments.all()[0]
    there = app.environments.add("Yard", here.edition)
    panel = open_panel()
    added: list[str] = []
    panel.added.connect(added.append)
    typed(qtbot, panel, helm_site.endpoint)
    line(panel, "name").setFocus()
    QTest.keyClicks(line(panel, "name"), "Team")
    session.look_at(there, app.environments.tenants(there)[0])
    assert "Add a registry to Yard" in texts(panel)
    assert line(panel, "url").text() == helm_site.endpoint
    find(panel, QPushButton, "finish-adding").click()
    qtbot.waitUntil(lambda: bool(added), timeout=SOON)
    assert app.registries.get(added[0]).environment_id == there.id
    qtbot.waitUntil(lambda: app.registries.get(added[0]).last_outcome == "ok", timeout=SOON)


def test_the_same_registry_is_said_with_the_way_to_it(
    qtbot: QtBot, open_panel: Open, app: App, session: Session, helm_site: HelmSite
) -> None:
    there = added_to(app, "Team", helm_site.endpoint)
    went: list[Destination] = []
    session.going.connect(went.append)
    panel = open_panel(helm_site.endpoint.replace("http", "HTTP") + "/")
    qtbot.waitUntil(lambda: "Team is this registry already." in texts(panel), timeout=SOON)
    find(panel, QPushButton, "show-same").click()
    assert went == [Destination("registries", there.id)]
    line(panel, "name").clear()
    QTest.keyClicks(line(panel, "name"), "team")
    qtbot.waitUntil(lambda: "already a registry called team" in texts(panel), timeout=SOON)


def added_to(app: App, name: str, endpoint: str) -> RegistryRow:
    from desktop.engine.drafts import Place

    (environment,) = app.environments.all()
    place = Place(environment, app.environments.tenants(environment)[0])
    draft = app.registries.draft("helm", {"endpoint": endpoint}, {})
    return app.registries.add(name, place, draft)[0]


def test_problems_stand_beside_the_field_as_one_types(qtbot: QtBot, open_panel: Open) -> None:
    panel = open_panel()
    typed(qtbot, panel, "https://charts.example.com")
    QTest.keyClicks(line(panel, "url"), "?token=abc")
    qtbot.waitUntil(lambda: "seems to contain a secret" in texts(panel), timeout=SOON)
    assert "contain a secret" in line(panel, "url").accessibleDescription()


def test_a_type_is_chosen_by_its_card_and_changed_without_losing_anything(
    qtbot: QtBot, open_panel: Open, app: App
) -> None:
    stranger(app, "strange")
    panel = open_panel()
    find(panel, QAbstractButton, "Strange registry").click()
    assert "Feed URL" in texts(panel)
    assert QApplication.focusWidget() is line(panel, "url")
    QTest.keyClicks(line(panel, "url"), "https://one.example/feed.json")
    find(panel, QRadioButton, "Sign-in: Token").click()
    QTest.keyClicks(line(panel, "token"), "t0ken")
    for each in panel.findChildren(QWidget):
        if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert name_of(each), each
    find(panel, QPushButton, "change-type").click()
    find(panel, QAbstractButton, "type-helm").click()
    find(panel, QRadioButton, "Authentication: Token").click()
    assert line(panel, "token").text() == "t0ken"
    assert line(panel, "url").text() == "https://one.example/feed.json"


def test_an_address_is_not_judged_before_there_is_one(
    qtbot: QtBot, open_panel: Open, app: App
) -> None:
    panel = open_panel()
    QTest.keyClicks(line(panel, "url"), "https://")
    qtbot.wait(400)
    assert "Or choose a type" in texts(panel)
    QTest.keyClicks(line(panel, "url"), "c.example/charts")
    qtbot.waitUntil(lambda: "Looks like a Helm repository" in texts(panel), timeout=SOON)


def test_an_address_that_no_type_knows_says_why(qtbot: QtBot, open_panel: Open, app: App) -> None:
    panel = open_panel("https://token@charts.example.com")
    qtbot.waitUntil(lambda: "No type recognizes this address" in texts(panel), timeout=SOON)
    qtbot.waitUntil(lambda: "contains a user name or password" in texts(panel))
    line(panel, "url").clear()
    QTest.keyClick(line(panel, "url"), Qt.Key.Key_Return)
    assert "There is no URL yet." in texts(panel)


def test_a_check_that_finds_another_type_offers_it(
    qtbot: QtBot, open_panel: Open, app: App
) -> None:
    stranger(app, "oci")
    with Site({"/v2/": b"{}"}) as site:
        panel = open_panel()
        typed(qtbot, panel, f"{site.url}/charts")
        assert checked(qtbot, panel) == "failed"
        find(panel, QPushButton, "switch-type").click()
        assert "Strange registry" in texts(panel)
        assert line(panel, "url").text() == f"{site.url}/charts"


def test_scope_and_tenant_are_asked_only_where_there_is_a_choice(
    qtbot: QtBot, open_panel: Open, app: App, session: Session, helm_site: HelmSite
) -> None:
    assert not any(b.text() == "Belongs to" for b in open_panel().findChildren(QLabel))
    environment = app.environments.edit(app.environments.all()[0], edition="vertex")
    session.look_at(environment, app.environments.tenants(environment)[0])
    panel = open_panel()
    added: list[str] = []
    panel.added.connect(added.append)
    typed(qtbot, panel, helm_site.endpoint)
    assert find(panel, QRadioButton, "Belongs to: Only the tenant default").isChecked()
    find(panel, QRadioButton, "Belongs to: System console: every tenant sees it").click()
    find(panel, QPushButton, "finish-adding").click()
    qtbot.waitUntil(lambda: bool(added), timeout=SOON)
    assert app.registries.get(added[0]).scope == "system"
    qtbot.waitUntil(lambda: app.registries.get(added[0]).last_outcome == "ok", timeout=SOON)


def test_escape_closes_and_asks_only_where_something_was_typed(
    qtbot: QtBot, open_panel: Open
) -> None:
    panel = open_panel()
    closed: list[bool] = []
    panel.closed.connect(lambda: closed.append(True))
    QTest.keyClicks(line(panel, "url"), "x")
    QTest.keyClick(line(panel, "url"), Qt.Key.Key_Escape)
    assert "Discard what you entered?" in texts(panel)
    QTest.keyClick(find(panel, QPushButton, "discard"), Qt.Key.Key_Escape)
    assert closed == []
    line(panel, "url").clear()
    QTest.keyClick(line(panel, "url"), Qt.Key.Key_Escape)
    assert closed == [True]


def test_a_check_can_be_cancelled(qtbot: QtBot, open_panel: Open, helm_site: HelmSite) -> None:
    from registrykit.testing.faults import stall

    helm_site.spoil(helm_site.index_path, stall(60))
    panel = open_panel()
    typed(qtbot, panel, helm_site.endpoint)
    find(panel, QPushButton, "check-connection").click()
    qtbot.waitUntil(lambda: "Asking the registry…" in texts(panel.check), timeout=SOON)
    find(panel, QPushButton, "cancel-check").click()
    qtbot.waitUntil(lambda: panel.check.verdict == "cancelled", timeout=SOON)
    assert "The check was cancelled." in texts(panel.check)
    assert "Port" in texts(panel.check)
    QTest.keyClicks(line(panel, "url"), "x")
    assert "changed after this check" in texts(panel.check)


def test_an_offline_program_adds_without_reading(
    qtbot: QtBot,
    open_panel: Open,
    app: App,
    helm_site: HelmSite,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = replace(app.network(), offline=True)
    monkeypatch.setattr(app, "network", lambda: network)
    panel = open_panel()
    added: list[str] = []
    panel.added.connect(added.append)
    typed(qtbot, panel, helm_site.endpoint)
    find(panel, QPushButton, "finish-adding").click()
    qtbot.waitUntil(lambda: bool(added), timeout=SOON)
    assert "once the network is on" in told[-1]
    assert helm_site.count() == 0
