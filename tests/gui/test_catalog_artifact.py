"""One artifact: its versions, its documents fetched when asked, its bytes saved and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.drafts import Place
from desktop.store import catalog
from desktop.ui.catalog.artifact import ArtifactView
from desktop.ui.catalog.code import CodeView
from desktop.ui.catalog.looking import homes, scheme_of, spelled
from desktop.ui.catalog.readme import ReadmeView
from desktop.ui.catalog.saving import FOLDER
from desktop.ui.destination import Destination
from desktop.ui.session import Session
from registrykit.artifacts import Dependency, Version
from registrykit.events import Complete
from registrykit.testing.servers import HelmSite
from tests.charts import Charts
from tests.gui.conftest import find
from tests.scripted import Bench, found


def texts(view: ArtifactView) -> str:
    return "\n".join(each.text() for each in view.findChildren(QLabel) if each.isVisible())


def tab_titles(view: ArtifactView) -> list[str]:
    return [view.tabs.tabText(place) for place in range(view.tabs.count())]


def listed(view: ArtifactView) -> list[str]:
    return [row.version for row in view.versions.table.rows.rows]


def open_tab(view: ArtifactView, title: str) -> None:
    view.tabs.setCurrentIndex(tab_titles(view).index(title))


def id_of(app: App, name: str) -> int:
    row = app.db.row("SELECT id FROM artifact WHERE name = ?", (name,))
    assert row is not None
    found: int = row[0]
    return found


@pytest.fixture
def view(session: Session, show: Callable[[ArtifactView], ArtifactView]) -> ArtifactView:
    made = ArtifactView(session)
    made.resize(1200, 800)
    made.show_whole(True)
    return show(made)


@pytest.fixture
def real(
    app: App,
    helm_site: HelmSite,
    open_session: Callable[..., Session],
    show: Callable[[ArtifactView], ArtifactView],
) -> ArtifactView:
    """An artifact of a repository on loopback that fetches documents only on demand."""
    (environment,) = app.environments.all()
    place = Place(environment, app.environments.tenants(environment)[0])
    values = {"endpoint": helm_site.endpoint, "documents": "on-demand"}
    row, _ = app.registries.add("Team charts", place, app.registries.draft("helm", values, {}))
    app.synchronize(row).future.result(30)
    made = ArtifactView(open_session(app))
    made.resize(1200, 800)
    made.show_whole(True)
    show(made)
    made.show_artifact(id_of(app, "nginx"))
    return made


# Versions


def test_versions_are_sorted_and_the_rare_ones_behind_switches(
    bench: Bench, view: ArtifactView, qtbot: QtBot
) -> None:
    old = Version("1.2.0", deprecated=True)
    bench.sync(*found("web", "1.10.0", "1.9.0", "2.0.0-rc.1", old, "nightly"), Complete(""))
    view.show_artifact(id_of(bench.app, "web"))
    qtbot.waitUntil(lambda: listed(view) == ["1.10.0", "1.9.0", "nightly"])
    assert view.versions.previews.text() == "Pre-releases 1"
    assert view.versions.deprecated.text() == "Deprecated 1"
    assert not view.versions.gone.isVisible()
    assert "3 of 5 versions" in texts(view)
    view.versions.previews.click()
    assert listed(view)[:2] == ["2.0.0-rc.1", "1.10.0"]
    qtbot.waitUntil(lambda: "1.10.0" in view.heading._version.text())


def test_a_version_that_was_asked_for_is_shown_whatever_the_switches(
    bench: Bench, view: ArtifactView, qtbot: QtBot
) -> None:
    bench.sync(*found("web", "1.0.0", "2.0.0-rc.1"), Complete(""))
    row = bench.app.db.row("SELECT id FROM version WHERE version = '2.0.0-rc.1'")
    assert row is not None
    view.show_artifact(id_of(bench.app, "web"), row[0])
    qtbot.waitUntil(lambda: view.heading._version.text() == "2.0.0-rc.1")
    assert view.versions.previews.isChecked()


def test_versions_that_are_gone_are_shown_on_demand(
    bench: Bench, view: ArtifactView, qtbot: QtBot
) -> None:
    bench.sync(*found("web", "1.0.0", "1.1.0", "1.2.0"), Complete(""))
    bench.sync(*found("web", "1.0.0", "1.2.0"), Complete(""))
    view.show_artifact(id_of(bench.app, "web"))
    qtbot.waitUntil(lambda: listed(view) == ["1.2.0", "1.0.0"])
    view.versions.gone.click()
    assert listed(view) == ["1.2.0", "1.1.0", "1.0.0"]


def test_an_artifact_that_is_no_more_says_so(view: ArtifactView, qtbot: QtBot) -> None:
    view.show_artifact(999_999)
    qtbot.waitUntil(lambda: "no longer stored" in texts(view))


# What is known of it


def test_dependencies_lead_to_the_artifact_that_is_meant(
    bench: Bench, session: Session, view: ArtifactView, qtbot: QtBot
) -> None:
    needs = (Dependency("redis", "^1", "https://a.example"), Dependency("absent"))
    web = Version("1.0.0", dependencies=needs)
    bench.sync(*found("web", web), *found("redis", "1.0.0"), Complete(""))
    view.show_artifact(id_of(bench.app, "web"))
    qtbot.waitUntil(lambda: "Dependencies 2" in tab_titles(view))
    tester = QAbstractItemModelTester(view.tabs.dependencies.rows)
    open_tab(view, "Dependencies 2")
    gone: list[Destination] = []
    session.going.connect(gone.append)
    view.tabs.dependencies.selectRow(0)
    qtbot.keyClick(view.tabs.dependencies, Qt.Key.Key_Return)
    assert gone == [Destination("catalog", artifact=id_of(bench.app, "redis"))]
    view.tabs.dependencies.selectRow(1)
    qtbot.keyClick(view.tabs.dependencies, Qt.Key.Key_Return)
    assert len(gone) == 1
    del tester


def test_history_tells_what_changed(bench: Bench, view: ArtifactView, qtbot: QtBot) -> None:
    bench.sync(*found("web", Version("1.0.0", digest="sha256:" + "1" * 64)), Complete(""))
    bench.sync(*found("web", Version("1.0.0", digest="sha256:" + "2" * 64)), Complete(""))
    view.show_artifact(id_of(bench.app, "web"))
    qtbot.waitUntil(lambda: "History" in tab_titles(view))
    open_tab(view, "History")
    qtbot.waitUntil(lambda: len(view.tabs.history.rows.rows) == 2)
    assert [row.change for row in view.tabs.history.rows.rows] == ["digest-moved", "added"]


def test_a_destination_may_begin_with_the_history(
    bench: Bench, view: ArtifactView, qtbot: QtBot
) -> None:
    bench.sync(*found("web/app", "1.0.0"), Complete(""))
    view.tabs.begin_with("history")
    view.show_artifact(id_of(bench.app, "app"))
    qtbot.waitUntil(lambda: view.tabs.currentWidget() is view.tabs.history)
    qtbot.waitUntil(lambda: len(view.tabs.history.rows.rows) == 1)


def test_facts_of_any_shape_are_text() -> None:
    assert (
        spelled([{"name": "team", "email": "a@b.c"}, "plain"]) == "name: team, email: a@b.c\nplain"
    )
    assert spelled({"a": {"b": [1, True, None]}}) == "a:\n    b:\n        1\n        yes\n        "
    facts = {"home": "https://a.example", "sources": ["https://b.example", "file:///x", 3]}
    assert homes(facts) == [("Home", "https://a.example"), ("Source", "https://b.example")]
    assert scheme_of("OCI://a.example/b") == "oci"
    assert scheme_of("http://[bad/x.tgz") == ""


def test_what_can_be_copied_is_in_the_menu(real: ArtifactView, qtbot: QtBot) -> None:
    menu = real.heading.menu
    qtbot.waitUntil(lambda: "Pull with Helm" in [each.text() for each in menu.actions()])
    by_title = {each.text(): each for each in menu.actions()}
    by_title["Pull with Helm"].trigger()
    assert QGuiApplication.clipboard().text().startswith("helm pull nginx --repo http://127.0.0.1")
    by_title["Reference"].trigger()
    assert QGuiApplication.clipboard().text().endswith("/charts/nginx-2.0.0.tgz")
    by_title["Digest"].trigger()
    assert QGuiApplication.clipboard().text().startswith("sha256:")


# Documents


def test_documents_are_fetched_when_asked_and_not_before(
    real: ArtifactView, helm_site: HelmSite, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: "README" in tab_titles(real))
    open_tab(real, "README")
    qtbot.waitUntil(lambda: "Not downloaded" in texts(real))
    before = helm_site.connections
    find(real, QPushButton, "fetch-documents").click()
    readme = real.tabs.documents["readme"]
    qtbot.waitUntil(lambda: readme._view is not None, timeout=20_000)
    assert helm_site.connections > before
    assert isinstance(readme._view, ReadmeView)
    shown = readme._view
    qtbot.waitUntil(lambda: shown.finished)
    assert "Installs nginx with sensible defaults." in shown.browser.toPlainText()
    open_tab(real, "Values")
    assert isinstance(real.tabs.documents["values"]._view, CodeView)
    assert "replicas: 2" in real.tabs.documents["values"]._view.editor.toPlainText()


def test_a_fetch_that_fails_says_why_and_can_be_tried_again(
    real: ArtifactView, helm_site: HelmSite, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: "README" in tab_titles(real))
    charts = Charts()
    charts.add("nginx", "1.0.0", "1.1.0", "2.0.0")
    helm_site.publish(charts.index, {})
    open_tab(real, "README")
    find(real, QPushButton, "fetch-documents").click()
    qtbot.waitUntil(lambda: "could not be downloaded" in texts(real), timeout=20_000)
    helm_site.publish(charts.index, charts.files)
    (again,) = [
        b for b in real.findChildren(QPushButton) if b.text() == "Try again" and b.isVisible()
    ]
    again.click()
    qtbot.waitUntil(lambda: real.tabs.documents["readme"]._view is not None, timeout=20_000)


# Save to disk


def test_saving_writes_the_checked_file_where_one_said(
    real: ArtifactView, helm_site: HelmSite, tmp_path: Path, qtbot: QtBot
) -> None:
    qtbot.waitUntil(real.heading.save.isEnabled)
    real._session.prefs.setValue(FOLDER, str(tmp_path))
    real.heading.save.click()
    find(real, QPushButton, "save-here").click()
    qtbot.waitUntil(lambda: bool(list(tmp_path.glob("*.tgz"))), timeout=20_000)
    qtbot.waitUntil(real.saving.shown.isVisible)
    assert "its digest is the listed one" in texts(real)
    (file,) = tmp_path.glob("*.tgz")
    charts = Charts()
    charts.add("nginx", "2.0.0")
    assert file.name == "nginx-2.0.0.tgz"
    wanted = hashlib.sha256(charts.files[file.name]).hexdigest()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == wanted


def test_saving_other_bytes_than_were_listed_is_refused(
    real: ArtifactView, helm_site: HelmSite, tmp_path: Path, qtbot: QtBot
) -> None:
    qtbot.waitUntil(real.heading.save.isEnabled)
    real._session.prefs.setValue(FOLDER, str(tmp_path))
    helm_site.publish(b"", {"nginx-2.0.0.tgz": b"something else"})
    real.heading.save.click()
    find(real, QPushButton, "save-here").click()
    qtbot.waitUntil(lambda: "is not the one that" in texts(real), timeout=20_000)
    assert "Try again" in [b.text() for b in real.findChildren(QPushButton) if b.isVisible()]
    assert list(tmp_path.glob("*.tgz")) == []


def test_what_cannot_be_contacted_cannot_be_fetched(
    bench: Bench, view: ArtifactView, qtbot: QtBot
) -> None:
    bench.sync(*found("web", "1.0.0"), Complete(""))
    bench.app.registries.remove(bench.registry)
    view.show_artifact(id_of(bench.app, "web"))
    qtbot.waitUntil(lambda: "README" in tab_titles(view))
    open_tab(view, "README")
    fetch = find(view, QPushButton, "fetch-documents")
    assert not fetch.isEnabled()
    assert fetch.toolTip() == "The registry was removed."
    assert catalog.documents_of(bench.app.db, 1) == []
