"""Packs in the window: columns and facets of their kind, logo, FIPS, and where else they lie."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.drafts import Place
from desktop.ui.catalog.artifact import ArtifactView
from desktop.ui.catalog.images import image
from desktop.ui.catalog.logo import LogoPicture, decode
from desktop.ui.catalog.page import CatalogPage
from desktop.ui.catalog.presets import presets
from desktop.ui.catalog.schema import RulesTable, common, rules
from desktop.ui.destination import Destination
from desktop.ui.session import Session
from desktop.ui.window import MainWindow
from registrykit.testing.pack_sites import LegacyPackSite
from tests.gui.conftest import find

SOON = 20_000


def picture(width: int = 64, height: int = 64, shape: str = "PNG") -> bytes:
    made = QImage(width, height, QImage.Format.Format_RGB32)
    made.fill(QColor("#336699"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert made.save(buffer, shape)  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def pack(name: str, layer: str, *clouds: str, fips: str = "", **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "displayName": name.title(), "version": "1.0.0"}
    said |= {
        "layer": layer,
        "cloudTypes": list(clouds),
        "annotations": {"fips": fips} if fips else {},
        **more,
    }
    return {"pack.json": json.dumps(said), "values.yaml": VALUES, "logo.png": picture()}


VALUES = """pack:
  content:
    images:
      - image: ghcr.io/acme/one:1.0
      - image: busybox
"""
SCHEMA = """# What has to be entered
charts.acme.host:
  schema: '{{ required | format "${string}" | hints "Where it is ''reached''" }}'
charts.acme.secret:
  schema: '{{ format "${password}" }}'
"""
PRESETS = """presets:
  - name: ha
    displayName: Three of everything
    group: Size
    remove: [charts.acme.replicas]
    add: |
      charts:
        acme: {replicas: 3}
"""


@pytest.fixture
def site() -> Iterator[LegacyPackSite]:
    with LegacyPackSite() as made:
        needs = {"dependencies": [{"packName": "beta", "minVersion": "1.0", "type": "optional"}]}
        first = pack("alpha", "csi", "aws", "gcp", fips="none", constraints=needs)
        made.push("alpha", "1.0.0", {**first, "schema.yaml": SCHEMA, "presets.yaml": PRESETS})
        made.push("beta", "1.0.0", pack("beta", "cni", "aws"))
        made.push("gamma", "1.0.0", pack("gamma", "addon", "all", addonType="ai", fips="full"))
        yield made


Add = Callable[[str, LegacyPackSite], str]


@pytest.fixture
def add(app: App) -> Add:
    """Return a function that adds a site under a name and reads it."""

    def make(name: str, site: LegacyPackSite) -> str:
        (environment,) = app.environments.all()
        place = Place(environment, app.environments.tenants(environment)[0])
        values = {"endpoint": site.endpoint, "auth": "none"}
        row, _ = app.registries.add(name, place, app.registries.draft("legacy-pack", values, {}))
        app.synchronize(row).future.result(SOON / 1000)
        return row.id

    return make


@pytest.fixture
def vertex(app: App) -> None:
    (environment,) = app.environments.all()
    app.environments.edit(environment, edition="vertex")


@pytest.fixture
def open_page(
    app: App, open_session: Callable[..., Session], open_window: Callable[[Session], MainWindow]
) -> Callable[[], CatalogPage]:
    def make() -> CatalogPage:
        window = open_window(open_session(app))
        window.resize(1500, 800)
        window.go(Destination("catalog"))
        page = window._page()
        assert isinstance(page, CatalogPage)
        return page

    return make


def names(page: CatalogPage) -> list[str]:
    return [page.rows.text(place, 0) for place in range(page.rows.rowCount())]


def titles(page: CatalogPage) -> list[str]:
    return [column.title for column in page.rows.columns]


def column(page: CatalogPage, title: str) -> list[str]:
    place = titles(page).index(title)
    return [page.rows.text(row, place) for row in range(page.rows.rowCount())]


def test_the_only_kind_brings_its_columns_and_facets(
    add: Add, site: LegacyPackSite, open_page: Callable[[], CatalogPage], qtbot: QtBot
) -> None:
    add("Packs", site)
    page = open_page()
    qtbot.waitUntil(lambda: "Clouds" in titles(page), timeout=SOON)
    assert column(page, "Layer") == ["csi", "cni", "addon"]
    assert column(page, "Clouds") == ["aws, gcp", "aws", "all"]
    assert "FIPS" not in titles(page), "it matters in two editions only"
    assert "State" not in titles(page), "nothing here has one"
    assert "fips" not in page.facets.values
    layer = page.facets.values["layer"]
    qtbot.waitUntil(layer.isVisible)
    layer.chosen = {"cni", "csi"}
    layer.changed.emit()
    qtbot.waitUntil(lambda: names(page) == ["Alpha", "Beta"], timeout=SOON)
    clouds = page.facets.values["cloudTypes"]
    qtbot.waitUntil(
        lambda: [(c.key, c.count) for c in clouds._choices] == [("aws", 2), ("gcp", 1)],
        timeout=SOON,
    )
    assert layer.text().startswith("Layer: 2 chosen")
    page.facets.clear.click()
    qtbot.waitUntil(lambda: len(names(page)) == 3, timeout=SOON)


def test_a_column_of_the_kind_sorts(
    add: Add, site: LegacyPackSite, open_page: Callable[[], CatalogPage], qtbot: QtBot
) -> None:
    add("Packs", site)
    page = open_page()
    qtbot.waitUntil(lambda: "Layer" in titles(page), timeout=SOON)
    layer = next(each for each in page.rows.columns if each.title == "Layer")
    page.table.sorted_by.emit(layer, False)
    qtbot.waitUntil(lambda: column(page, "Layer") == ["addon", "cni", "csi"], timeout=SOON)
    shown = page.table.horizontalHeader().sortIndicatorSection()
    assert page.rows.columns[shown].title == "Layer"


@pytest.mark.usefixtures("vertex")
def test_fips_is_a_column_a_mark_and_a_facet_where_it_matters(
    add: Add, site: LegacyPackSite, open_page: Callable[[], CatalogPage], qtbot: QtBot
) -> None:
    add("Packs", site)
    page = open_page()
    qtbot.waitUntil(lambda: "FIPS" in titles(page), timeout=SOON)
    assert column(page, "FIPS") == ["not compliant", "", "compliant"]
    assert [page.rows.mark(row) for row in range(3)] == ["not_compliant", "", "compliant"]
    said = page.rows.data(page.rows.index(0, 0), Qt.ItemDataRole.AccessibleTextRole)
    assert said.endswith("FIPS: declared not compliant")
    assert page.facets.values["fips"].isVisible()


# One pack


@pytest.fixture
def open_view(
    app: App, open_session: Callable[..., Session], show: Callable[[Any], Any], qtbot: QtBot
) -> Callable[[str, str], ArtifactView]:
    def make(name: str, registry: str) -> ArtifactView:
        view: ArtifactView = show(ArtifactView(open_session(app)))
        view.resize(1200, 800)
        view.show_whole(True)
        statement = "SELECT id FROM artifact WHERE name = ? AND registry_id = ?"
        (found,) = app.db.rows(statement, (name, registry))
        view.show_artifact(int(found[0]))
        qtbot.waitUntil(lambda: view._version is not None, timeout=SOON)
        return view

    return make


def texts(under: QWidget) -> str:
    return "\n".join(each.text() for each in under.findChildren(QLabel) if each.isVisible())


def test_a_pack_shows_its_logo_its_facts_and_what_it_needs(
    add: Add, site: LegacyPackSite, open_view: Callable[[str, str], ArtifactView]
) -> None:
    view = open_view("alpha", add("Packs", site))
    assert find(view, LogoPicture, "logo").has_logo
    assert "Layer: csi · Clouds: aws, gcp" in texts(view)
    assert "FIPS" not in texts(view)
    (needed,) = view.tabs.dependencies.rows.rows
    assert (needed.name, needed.version, needed.is_optional) == ("beta", ">=1.0", True)
    assert needed.artifact, "it leads to the pack that is there"
    view.tabs.setCurrentWidget(view.tabs.images)
    shown = [(row.host, row.path, row.tag) for row in view.tabs.images.table.rows.rows]
    assert shown == [("ghcr.io", "acme/one", "1.0"), ("", "busybox", "")]
    assert view.tabs.images._all() == "ghcr.io/acme/one:1.0\nbusybox"
    view.tabs.setCurrentWidget(view.tabs.presets)
    assert [row.title for row in view.tabs.presets.table.rows.rows] == ["Three of everything"]
    view.tabs.setCurrentWidget(view.tabs.documents["schema"])
    shown_rules = find(view, RulesTable, "rules").rows.rows
    assert [(r.kind, r.is_required) for r in shown_rules] == [("string", True), ("password", False)]
    find(view, QPushButton, "as-text").click()
    assert not any(table.isVisible() for table in view.findChildren(RulesTable))


@pytest.mark.usefixtures("vertex")
def test_what_may_not_be_used_says_so_and_leads_to_the_switch(
    add: Add,
    app: App,
    site: LegacyPackSite,
    open_view: Callable[[str, str], ArtifactView],
    qtbot: QtBot,
) -> None:
    view = open_view("alpha", add("Packs", site))
    assert "FIPS: declared not compliant by its publisher" in texts(view)
    refused = "Not usable in tenant default: non-FIPS packs are not allowed"
    qtbot.waitUntil(lambda: refused in texts(view))
    went: list[Destination] = []
    view._session.going.connect(went.append)
    find(view, QPushButton, "allow-non-fips").click()
    (environment,) = app.environments.all()
    (tenant,) = app.environments.tenants(environment)
    assert went == [Destination("settings", tab="environments", text=tenant.id)]


@pytest.mark.usefixtures("vertex")
def test_the_same_version_elsewhere_is_a_link_that_says_how_it_compares(
    add: Add,
    site: LegacyPackSite,
    open_view: Callable[[str, str], ArtifactView],
    qtbot: QtBot,
) -> None:
    first = add("Packs", site)
    with LegacyPackSite() as other:
        other.push("alpha", "1.0.0", pack("alpha", "csi", "aws", fips="full"))
        add("Other packs", other)
    add("Mirror", site)
    view = open_view("alpha", first)
    links = view.findChildren(QPushButton, "sibling")
    qtbot.waitUntil(lambda: all(each.isVisible() for each in links))
    assert [each.accessibleName() for each in links] == [
        "Also in Mirror: the same bytes, FIPS: not compliant",
        "Also in Other packs: other bytes, FIPS twin: compliant",
    ]
    went: list[Destination] = []
    view._session.going.connect(went.append)
    links[1].click()
    assert went[0].artifact
    assert went[0].version


# What strangers send


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        picture(1025, 8),
        picture()[:60],
        picture(shape="BMP"),
        b"\x89PNG\r\n\x1a\n<svg/>",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"",
    ],
    ids=["svg", "too wide", "cut", "bmp", "svg in disguise", "broken webp", "nothing"],
)
def test_a_picture_that_is_none_of_ours_is_not_shown(content: bytes, qtlog: Any) -> None:
    with qtlog.disabled():
        assert decode(base64.b64encode(content).decode()) is None


@pytest.mark.parametrize("shape", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_shown_small(shape: str) -> None:
    found = decode(base64.b64encode(picture(1024, 512, shape)).decode())
    assert found is not None
    assert (found.width(), found.height()) == (160, 80)


def test_text_that_is_no_picture_is_none() -> None:
    assert decode("not base64 at all") is None
    assert decode("A" * 3_000_000) is None


def test_a_schema_of_another_shape_stays_a_text() -> None:
    found = rules(SCHEMA)
    assert [rule.path for rule in found] == ["charts.acme.host", "charts.acme.secret"]
    assert found[0].hint == "Where it is 'reached'"
    assert common(found) == "charts.acme."
    assert rules('{"type": "object"}') == []
    assert rules("a: 1\nb: 2\n") == []


@pytest.mark.parametrize(
    "line", ["a" + " " * 500_000 + "x", "a:\n  schema: '{{ " + 'format "${ ' * 40_000 + "}}'"]
)
def test_a_schema_that_is_made_to_be_slow_is_a_text(line: str) -> None:
    # With patterns that try again from every letter this takes many minutes.
    assert rules(line) == []


def test_presets_of_any_shape_are_text() -> None:
    odd: list[Any] = [{"name": 7, "add": {"a": [1]}, "else": None}, "text", None]
    (found,) = presets(odd)
    assert found.title == "7"
    assert "# Puts into the values" in found.text
    assert presets("no list") == []


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("localhost:5000/a/b:1", ("localhost:5000", "a/b", "1")),
        ("library/nginx", ("", "library/nginx", "")),
        ("quay.io/a@sha256:0123456789abcdef", ("quay.io", "a", "@sha256:0123456789ab")),
    ],
)
def test_an_image_is_taken_apart(reference: str, parts: tuple[str, str, str]) -> None:
    found = image(reference)
    assert (found.host, found.path, found.tag) == parts
