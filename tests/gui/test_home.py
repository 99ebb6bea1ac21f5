"""Home: attention with its action, news with their end, what runs next."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.drafts import Place
from desktop.ui.destination import Destination
from desktop.ui.home.page import HomePage
from desktop.ui.session import Session
from registrykit.events import Complete
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic
from tests.gui.conftest import find
from tests.scripted import Bench, found


def texts(page: HomePage) -> str:
    return "\n".join(each.text() for each in page.findChildren(QLabel) if each.isVisible())


@pytest.fixture
def page(session: Session, show: Callable[[HomePage], HomePage]) -> HomePage:
    made = show(HomePage(session))
    made.go(Destination("home"))
    return made


def test_a_failed_registry_is_told_with_the_button_that_helps(
    app: App,
    helm_site: HelmSite,
    open_session: Callable[..., Session],
    show: Callable[[HomePage], HomePage],
    qtbot: QtBot,
) -> None:
    helm_site.sign_in = Basic("reader", "the right one")
    (environment,) = app.environments.all()
    place = Place(environment, app.environments.tenants(environment)[0])
    values = {"endpoint": helm_site.endpoint, "auth": "basic", "username": "reader"}
    draft = app.registries.draft("helm", values, {"password": "a wrong one"})
    row, _ = app.registries.add("Team charts", place, draft)
    session = open_session(app)
    page = show(HomePage(session))
    page.go(Destination("home"))
    assert "Nothing was synchronized yet" in texts(page)
    app.synchronize(row)
    qtbot.waitUntil(lambda: "1 registry needs attention" in texts(page), timeout=20_000)
    qtbot.waitUntil(lambda: "Team charts: a sign-in is needed" in texts(page))
    gone: list[Destination] = []
    session.going.connect(gone.append)
    find(page, QPushButton, "Sign in Team charts").click()
    assert gone == [Destination("registries", row.id, tab="edit")]


def test_news_are_counted_until_they_were_seen(
    bench: Bench, page: HomePage, session: Session, qtbot: QtBot
) -> None:
    bench.sync(*found("web", "1.0.0"), Complete(""))
    qtbot.waitUntil(lambda: "1 added" in texts(page))
    qtbot.waitUntil(lambda: "web" in texts(page))
    find(page, QPushButton, "mark-seen").click()
    qtbot.waitUntil(lambda: "Nothing changed upstream." in texts(page))
    bench.clock.time += 3600
    bench.sync(*found("web", "1.0.0", "1.1.0"), Complete(""))
    qtbot.waitUntil(lambda: "1 added" in texts(page))
    qtbot.waitUntil(lambda: "1.1.0" in texts(page))


def test_what_runs_next_leads_to_its_registry(
    bench: Bench, page: HomePage, session: Session, qtbot: QtBot
) -> None:
    bench.sync(*found("web", "1.0.0"), Complete(""))
    qtbot.waitUntil(lambda: "in 23 h" in texts(page))
    gone: list[Destination] = []
    session.going.connect(gone.append)
    find(page, QPushButton, f"Show {bench.registry.name}").click()
    assert gone == [Destination("registries", bench.registry.id)]
