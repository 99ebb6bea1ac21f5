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
    QPushButton,
    QTabWidget,
    QWidget,
)

from desktop.store.database import FILE
from desktop.ui.actions import RegistryActions
from desktop.ui.settings.page import NAMES as SECTIONS
from registrykit.testing import faults
from tests.shots.scene import Scene

COMMUNITY, TEAM, ARCHIVE, VENDOR, LAB = (
    "Saltfen Community",
    "Tarnhollow Platform",
    "Oxbarrow Archive",
    "Brasswick Customers",
    "Quillfen Edge Lab",
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


# Registries


def detail(registry: str, tab: str = "") -> Callable[[Scene], None]:
    return lambda scene: scene.go("registries", registry, tab)


def adding(scene: Scene) -> None:
    scene.go("registries", adding=True)


def adding_with(url: str) -> Callable[[Scene], None]:
    def reach(scene: Scene) -> None:
        scene.go("registries", adding=True, text=url)
        scene.settle()

    return reach


def checking(registry: str) -> Callable[[Scene], None]:
    def reach(scene: Scene) -> None:
        scene.go("registries", registry, "check")
        scene.wait(lambda: scene.find(QWidget, "check-verdict").isVisible(), "the verdict")

    return reach


def removed(scene: Scene) -> None:
    """Remove a registry, and take that back afterwards."""
    scene.go("registries", VENDOR)
    row = next(row for row in scene.session.registries() if row.name == VENDOR)
    RegistryActions(scene.session).remove([row])
    scene.wait(scene.window.notices.isVisible, "the notice")


def restored(scene: Scene) -> None:
    scene.press(QPushButton, "Undo")


def busy(scene: Scene) -> None:
    """Let a registry answer so slowly that its synchronization is seen."""
    assert scene.estate is not None
    site = scene.estate._sites[COMMUNITY]
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


def artifact(name: str, tab: str) -> Callable[[Scene], None]:
    """Open an artifact; `tab` is what its tab says."""

    def reach(scene: Scene) -> None:
        assert scene.session.db is not None
        found = scene.session.db.row("SELECT id FROM artifact WHERE name = ?", (name,))
        assert found is not None, name
        scene.go("catalog", text=name)
        scene.go("catalog", artifact=int(found[0]))
        tabs = scene.find(QTabWidget, "artifact-tabs")

        def titles() -> list[str]:
            return [tabs.tabText(place) for place in range(tabs.count())]

        scene.wait(lambda: tab in titles(), f"the tab {tab}")
        tabs.setCurrentIndex(titles().index(tab))

    return reach


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
    Screen("home", "demo", lambda scene: scene.go("home")),
    Screen("registries", "demo", lambda scene: scene.go("registries")),
    Screen("registry-healthy", "demo", detail(COMMUNITY)),
    Screen("registry-secure", "demo", detail(TEAM)),
    Screen("registry-sign-in", "demo", detail(VENDOR)),
    Screen("registry-certificate", "demo", detail(LAB)),
    Screen("registry-held", "demo", detail(ARCHIVE)),
    Screen("registry-contents", "demo", detail(COMMUNITY, "contents")),
    Screen("registry-changes", "demo", detail(COMMUNITY, "changes")),
    Screen("registry-connection", "demo", detail(TEAM, "connection")),
    Screen("registry-edit", "demo", detail(TEAM, "edit")),
    Screen("registry-review", "demo", detail(ARCHIVE, "review")),
    Screen("check-passed", "demo", checking(TEAM)),
    Screen("check-failed", "demo", checking(LAB)),
    Screen("removed", "demo", removed, restored),
    Screen("add", "demo", adding),
    Screen("add-filled", "demo", adding_with("https://charts.example.com/stable")),
    Screen("add-problem", "demo", adding_with("https://charts example.com")),
    Screen("catalog", "demo", lambda scene: scene.go("catalog")),
    Screen("catalog-results", "demo", searched("queue")),
    Screen("catalog-nothing", "demo", searched("nothing is called so")),
    *(
        Screen(f"artifact-{tab.lower()}", "demo", artifact("gullwire", tab))
        for tab in ("README", "Values", "Schema", "Metadata", "Facts", "History")
    ),
    Screen("changes", "demo", lambda scene: scene.go("changes")),
    *(
        Screen(f"settings-{tab}", "demo", lambda scene, tab=tab: scene.go("settings", tab=tab))  # type: ignore[misc]
        for tab in SECTIONS
    ),
    Screen("attention", "demo", attention, no_popup),
    Screen("keys", "demo", keys, no_keys),
    Screen("busy", "demo", busy, at_rest),
)
