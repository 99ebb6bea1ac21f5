"""The first run: nothing is contacted before Start, and what was ticked is done then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from desktop.app import App, build
from desktop.ui.destination import Destination
from desktop.ui.main import is_first_run
from desktop.ui.session import Session
from desktop.ui.welcome.page import WelcomePage
from registrykit.testing.servers import HelmSite
from tests.gui.conftest import find


def texts(page: WelcomePage) -> str:
    return "\n".join(each.text() for each in page.findChildren(QLabel) if each.isVisible())


@pytest.fixture
def home(tmp_path: Path, helm_site: HelmSite) -> Path:
    """A home where another tool knows a repository with a login."""
    file = tmp_path / "home" / "repositories.yaml"
    file.parent.mkdir()
    file.write_text(
        "apiVersion: ''\nrepositories:\n"
        f"- name: team\n  url: {helm_site.endpoint}\n  username: reader\n"
        "  password: top-secret-word\n",
        "utf-8",
    )
    return file


@pytest.fixture
def app(tmp_path: Path, home: Path) -> Iterator[App]:
    environ = {"REGISTRY_DESKTOP_KEYRING": "none", "HELM_REPOSITORY_CONFIG": str(home)}
    made = build(tmp_path / "data", writable=True, environ=environ, proxy="none")
    made.plugins.all()
    yield made
    made.close()


@pytest.fixture
def page(
    app: App, open_session: Callable[..., Session], show: Callable[[WelcomePage], WelcomePage]
) -> WelcomePage:
    made = WelcomePage(open_session(app))
    made.resize(900, 700)
    return show(made)


def test_importing_shows_the_login_and_contacts_nothing_before_start(
    app: App, page: WelcomePage, helm_site: HelmSite, qtbot: QtBot
) -> None:
    ended: list[Destination] = []
    page.done.connect(ended.append)
    find(page, QAbstractButton, "import").click()
    qtbot.waitUntil(lambda: "signs in as reader" in texts(page), timeout=20_000)
    assert "top-secret-word" not in texts(page)
    assert helm_site.count() == 0
    assert find(page, QCheckBox, "team").isChecked()
    find(page, QPushButton, "start").click()
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    (row,) = [row for row in app.registries.visible() if row.default_id is None]
    assert (row.name, row.endpoint, row.secrets) == ("team", helm_site.endpoint, ("password",))
    qtbot.waitUntil(lambda: app.registries.get(row.id).last_outcome == "ok", timeout=20_000)


def test_the_edition_decides_which_defaults_are_offered(
    app: App, page: WelcomePage, qtbot: QtBot
) -> None:
    find(page, QAbstractButton, "set-up-own").click()
    assert "This comes without default registries" in texts(page)
    find(page, QRadioButton, "edition-saas").setChecked(True)
    qtbot.waitUntil(lambda: "Default registries" in texts(page))
    bitnami = find(page, QCheckBox, "Bitnami")
    assert bitnami.isChecked()
    assert "Start synchronizes 1 registry." in texts(page)
    bitnami.setChecked(False)
    assert "Start contacts nothing." in texts(page)
    ended: list[Destination] = []
    page.done.connect(ended.append)
    find(page, QPushButton, "start").click()
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    assert app.environments.all()[0].edition == "saas"
    assert all(row.last_attempt is None for row in app.registries.visible())
    assert not any(app.activities())


def test_only_a_place_where_nothing_was_decided_is_a_first_run(
    app: App, open_session: Callable[..., Session]
) -> None:
    session = open_session(app)
    assert is_first_run(session)
    session.prefs.setValue("welcomed", True)
    assert not is_first_run(session)
