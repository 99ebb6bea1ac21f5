"""Every screen that is photographed: a name, the program that it needs, and the way there.

A new screen is a new line in SCREENS. Ways wait for what they expect, so a screen that cannot be
reached fails by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QProgressBar,
    QPushButton,
    QTabWidget,
)

from desktop.store.database import FILE
from desktop.ui.actions import RegistryActions
from desktop.ui.catalog.page import CatalogPage
from desktop.ui.forms.checking import CheckView
from desktop.ui.forms.form import FormView
from desktop.ui.registries.adding import AddPanel
from desktop.ui.settings.page import NAMES as SECTIONS
from registrykit.testing import faults
from registrykit.testing.servers import HelmSite
from tests.shots.scene import Scene

COMMUNITY, TEAM, ARCHIVE, VENDOR, LAB = (
    "Saltfen Community",
    "Tarnhollow Platform",
    "Oxbarrow Archive",
    "Brasswick Customers",
    "Quillfen Edge Lab",
)
MIXED, LEGACY, NON_FIPS, DEFAULT = (
    "Tarnhollow Registry",
    "Quernmill Packs",
    "Saltfen Open Packs",
    "Palette Registry",
)
Data = Literal["demo", "fresh", "empty", "broken"]


@dataclass(frozen=True)
class Screen:
    """`data` is what the program opens: the demo after its first visit, a first run, nothing."""

    name: str
    data: Data
    reach: Callable[[Scene], None]
    leave: Callable[[Scene], None] = lambda scene: None


def prepare(data: Data) -> Callable[[Path], None]:
    """Return what puts a data directory into its state before the program opens it."""

    def empty(folder: Path) -> None:
        (folder / "window.ini").write_text("[General]\nwelcomed=true\n")

    def broken(folder: Path) -> None:
        (folder / FILE).write_bytes(b"something else entirely " * 200)

    return {"empty": empty, "broken": broken}.get(data, lambda folder: None)


# First run


def own(scene: Scene) -> None:
    scene.wait(lambda: scene.session.is_ready, "the program")
    scene.press(QAbstractButton, "set-up-own")


def importing(scene: Scene) -> None:
    scene.wait(lambda: scene.session.is_ready, "the program")
    scene.press(QAbstractButton, "import")
    top = scene.window.window()
    scene.wait(lambda: not any(b.isVisible() for b in top.findChildren(QProgressBar)), "the list")


# Registries


def detail(registry: str, tab: str = "") -> Callable[[Scene], None]:
    return lambda scene: scene.go("registries", registry, tab)


def editing(registry: str) -> Callable[[Scene], None]:
    def reach(scene: Scene) -> None:
        scene.go("registries", registry, "edit")
        scene.find(FormView)

    return reach


def adding(scene: Scene) -> None:
    scene.go("registries", adding=True)


def adding_in(registry: str) -> Callable[[Scene], None]:
    def reach(scene: Scene) -> None:
        scene.registry(registry)
        adding(scene)

    return reach


def adding_with(url: str) -> Callable[[Scene], None]:
    def reach(scene: Scene) -> None:
        scene.go("registries", adding=True, text=url)
        scene.settle()

    return reach


def adding_type(type_id: str, beside: str, **values: str) -> Callable[[Scene], None]:
    """Choose a type by its card, where the registry `beside` is, and enter some values."""

    def reach(scene: Scene) -> None:
        scene.registry(beside)
        scene.go("registries", adding=True)
        scene.press(QAbstractButton, f"type-{type_id}")
        form = scene.find(FormView)
        for name, value in values.items():
            form.set_value(name, value)
        scene.settle()

    return reach


def no_form(scene: Scene) -> None:
    scene.find(AddPanel).leave()
    scene.settle()


def checking(registry: str) -> Callable[[Scene], None]:
    def reach(scene: Scene) -> None:
        scene.go("registries", registry, "check")
        checks = scene.window.findChildren(CheckView)
        scene.wait(lambda: any(c.isVisible() and c.verdict for c in checks), "the verdict")

    return reach


def removed(scene: Scene) -> None:
    """Remove a registry, and take that back afterwards."""
    scene.go("registries", VENDOR)
    row = next(row for row in scene.session.registries() if row.name == VENDOR)
    RegistryActions(scene.session).remove([row])
    scene.wait(scene.window.notices.isVisible, "the notice")


def restored(scene: Scene) -> None:
    scene.press(QPushButton, "Undo")
    scene.wait(lambda: VENDOR in [row.name for row in scene.session.registries()], VENDOR)
    scene.settle()


def busy(scene: Scene) -> None:
    """Let a registry answer so slowly that its synchronization is seen."""
    assert scene.estate is not None
    site = scene.estate._served[COMMUNITY].site
    assert isinstance(site, HelmSite)
    site.spoil(site.index_path, faults.drip(0.2, 400))
    row = next(row for row in scene.session.registries() if row.name == COMMUNITY)
    scene.session.app.synchronize(row, full=True)
    scene.wait(lambda: scene.window.header.jobs.isVisible(), "the synchronization")
    scene.go("registries", COMMUNITY)


def at_rest(scene: Scene) -> None:
    """End what `busy` began."""
    row = next(row for row in scene.session.registries() if row.name == COMMUNITY)
    scene.session.app.jobs.cancel(row.id)
    scene.wait(lambda: not scene.window.header.jobs.isVisible(), "the end of it")


# Catalog


def searched(text: str) -> Callable[[Scene], None]:
    def reach(scene: Scene) -> None:
        scene.go("catalog")
        scene.window.header.search.setText(text)
        scene.window.header.search.textEdited.emit(text)
        scene.settle()

    return reach


def narrowed(registry: str, **chosen: str) -> Callable[[Scene], None]:
    """Show what is in a registry's environment, narrowed by facets."""

    def reach(scene: Scene) -> None:
        scene.registry(registry)
        scene.go("catalog")
        page = scene.find(CatalogPage)
        for key, value in chosen.items():
            scene.wait(lambda key=key: key == "kind" or key in page.facets.values, key)  # type: ignore[misc]
            facet = page.facets.kinds if key == "kind" else page.facets.values[key]
            facet.chosen = {value}
            facet.changed.emit()
            scene.settle()

    return reach


def facet(registry: str, key: str) -> Callable[[Scene], None]:
    """Open the choices of one facet of packs."""

    def reach(scene: Scene) -> None:
        narrowed(registry, kind="pack")(scene)
        scene.press(QAbstractButton, f"facet-{key}")

    return reach


def no_filters(scene: Scene) -> None:
    if (popup := QApplication.activePopupWidget()) is not None:
        popup.close()
    scene.find(CatalogPage).facets.clear.click()
    scene.settle()


def artifact(name: str, tab: str, registry: str = COMMUNITY) -> Callable[[Scene], None]:
    """Open an artifact; `tab` is what its tab begins with."""

    def reach(scene: Scene) -> None:
        assert scene.session.db is not None
        found = scene.session.db.row(
            "SELECT id FROM artifact WHERE name = ? AND registry_id = ? ORDER BY kind DESC",
            (name, scene.registry(registry)),
        )
        assert found is not None, name
        scene.go("catalog", text=name)
        scene.go("catalog", artifact=int(found[0]))
        tabs = scene.find(QTabWidget, "artifact-tabs")

        def place() -> int:
            titles = [tabs.tabText(each) for each in range(tabs.count())]
            return next((at for at, title in enumerate(titles) if title.startswith(tab)), -1)

        scene.wait(lambda: place() >= 0, f"the tab {tab}")
        tabs.setCurrentIndex(place())

    return reach


def metadata(scene: Scene) -> None:
    artifact("gullwire", "Facts")(scene)
    scene.press(QAbstractButton, "part-metadata")


def no_metadata(scene: Scene) -> None:
    scene.press(QAbstractButton, "part-facts")


def at_home(scene: Scene) -> None:
    scene.registry(COMMUNITY)
    scene.go("home")


def keys(scene: Scene) -> None:
    from desktop.ui.keys import KeysDialog

    scene.go("home")
    dialog = KeysDialog(scene.window)
    dialog.setObjectName("keys")
    dialog.open()


def no_keys(scene: Scene) -> None:
    for dialog in scene.window.findChildren(QDialog, "keys"):
        dialog.close()
        dialog.deleteLater()


def attention(scene: Scene) -> None:
    scene.go("home")
    scene.window.header.attention.click()


def no_popup(scene: Scene) -> None:
    popup = QApplication.activePopupWidget()
    assert popup is not None
    popup.close()


SCREENS = (
    Screen("welcome", "fresh", lambda scene: None),
    Screen("welcome-own", "fresh", own),
    Screen("welcome-import", "fresh", importing),
    Screen("cannot-open", "broken", lambda scene: None),
    *(
        Screen(f"{page}-empty", "empty", lambda scene, page=page: scene.go(page))  # type: ignore[misc]
        for page in ("home", "registries", "catalog", "changes")
    ),
    Screen("home", "demo", at_home),
    Screen("registries", "demo", lambda scene: scene.go("registries")),
    Screen("registry-healthy", "demo", detail(COMMUNITY)),
    Screen("registry-secure", "demo", detail(TEAM)),
    Screen("registry-sign-in", "demo", detail(VENDOR)),
    Screen("registry-certificate", "demo", detail(LAB)),
    Screen("registry-held", "demo", detail(ARCHIVE)),
    Screen("registry-oci", "demo", detail(MIXED)),
    Screen("registry-oci-contents", "demo", detail(MIXED, "contents")),
    Screen("registry-legacy", "demo", detail(LEGACY)),
    Screen("registry-default", "demo", detail(DEFAULT, "overview")),
    Screen("registry-non-fips", "demo", detail(NON_FIPS, "overview")),
    Screen("registry-contents", "demo", detail(COMMUNITY, "contents")),
    Screen("registry-changes", "demo", detail(COMMUNITY, "changes")),
    Screen("registry-connection", "demo", detail(TEAM, "connection")),
    Screen("registry-edit", "demo", editing(TEAM)),
    Screen("registry-review", "demo", detail(ARCHIVE, "review")),
    Screen("check-passed", "demo", checking(TEAM)),
    Screen("check-failed", "demo", checking(LAB)),
    Screen("removed", "demo", removed, restored),
    Screen("add", "demo", adding),
    Screen("add-filled", "demo", adding_with("https://charts.example.com/stable"), no_form),
    Screen("add-problem", "demo", adding_with("https://charts example.com"), no_form),
    Screen("add-helm", "demo", adding_type("helm", COMMUNITY, auth="basic"), no_form),
    Screen("add-oci", "demo", adding_type("oci", COMMUNITY, provider_type="pack"), no_form),
    Screen("add-oci-aws", "demo", adding_type("oci", COMMUNITY, auth="ecr"), no_form),
    Screen("add-legacy", "demo", adding_type("legacy-pack", COMMUNITY), no_form),
    Screen("add-non-fips", "demo", adding_type("vertex-nonfips", NON_FIPS), no_form),
    Screen("add-types", "demo", adding_in(NON_FIPS), no_form),
    Screen("catalog", "demo", lambda scene: scene.go("catalog")),
    Screen("catalog-results", "demo", searched("queue")),
    Screen("catalog-nothing", "demo", searched("nothing is called so")),
    *(
        Screen(f"artifact-{tab.lower()}", "demo", artifact("gullwire", tab))
        for tab in ("README", "Values", "Schema", "Facts", "History")
    ),
    Screen("artifact-metadata", "demo", metadata, no_metadata),
    Screen("catalog-packs", "demo", narrowed(MIXED, kind="pack"), no_filters),
    Screen("catalog-layer", "demo", narrowed(MIXED, kind="pack", layer="addon"), no_filters),
    Screen("catalog-facet", "demo", facet(MIXED, "cloudTypes"), no_filters),
    Screen("catalog-packages", "demo", narrowed(MIXED, kind="zarf"), no_filters),
    Screen("catalog-fips", "demo", narrowed(NON_FIPS, kind="pack"), no_filters),
    *(
        Screen(f"pack-{tab.lower()}", "demo", artifact("fenlight", tab, MIXED))
        for tab in ("README", "Presets", "Dependencies", "Images", "Facts")
    ),
    Screen("pack-schema", "demo", artifact("gullwire", "Schema", NON_FIPS)),
    Screen("pack-not-usable", "demo", artifact("fenlight", "README", NON_FIPS)),
    Screen("package", "demo", artifact("shop-at-the-edge", "Facts", MIXED)),
    Screen("changes", "demo", lambda scene: scene.go("changes")),
    *(
        Screen(f"settings-{tab}", "demo", lambda scene, tab=tab: scene.go("settings", tab=tab))  # type: ignore[misc]
        for tab in SECTIONS
    ),
    Screen("attention", "demo", attention, no_popup),
    Screen("keys", "demo", keys, no_keys),
    Screen("busy", "demo", busy, at_rest),
)
