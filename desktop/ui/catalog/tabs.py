"""The parts of a version, each in a tab; those that there is nothing of are left out."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget

from desktop.ui.catalog.details import DetailsTab
from desktop.ui.catalog.documents import TITLES, DocumentTab
from desktop.ui.catalog.facts import IMAGES, PRESETS, FactsTab
from desktop.ui.catalog.fetching import Errand
from desktop.ui.catalog.images import ImagesTab
from desktop.ui.catalog.looking import LookedVersion
from desktop.ui.catalog.overview import DependenciesTab, HistoryTab
from desktop.ui.catalog.presets import PresetsTab, presets
from desktop.ui.catalog.versions import VersionsPanel

RAW = ("metadata", "manifest")
"""Documents for programs: what is in them stands among the facts, and they do beside these."""


class VersionTabs(QTabWidget):
    """Documents, dependencies, facts and history; in a narrow place the versions as well."""

    def __init__(self, versions: VersionsPanel) -> None:
        super().__init__()
        self._versions = versions
        self._first: QWidget | None = None
        self.documents = {name: DocumentTab(name) for name in TITLES}
        self.dependencies = DependenciesTab()
        self.dependencies.setObjectName("dependencies")
        self.images = ImagesTab()
        self.presets = PresetsTab()
        self.facts = FactsTab()
        self.details = DetailsTab(self.facts, {name: self.documents[name] for name in RAW})
        self.history = HistoryTab()
        self.setObjectName("artifact-tabs")
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.setAccessibleName(self.tr("Parts of the version"))
        self.tabBar().setAccessibleName(self.tr("Parts of the version"))
        parts = (self.dependencies, self.images, self.presets, self.details, self.history)
        own = [tab for name, tab in self.documents.items() if name not in RAW]
        for part in (*own, *parts):
            # Those that are not among the tabs belong here all the same.
            part.setParent(self)
            part.hide()

    def show_documents(self, name: str, found: LookedVersion, errand: Errand) -> None:
        """Show each document of a version of the artifact `name`, or why it is not here."""
        version = found.version
        for key, tab in self.documents.items():
            tab.show_document(
                found.documents.get(key),
                found.state,
                errand,
                (f"{name} {version.version}", version.size),
            )

    def show_parts(self, found: LookedVersion) -> None:
        """Show what a version needs and offers besides its documents."""
        facts = found.version.body["facts"]
        self.dependencies.show_dependencies(found.dependencies)
        self.images.show_images(_texts(facts.get(IMAGES)))
        self.presets.show_presets(presets(facts.get(PRESETS)))

    def begin_with(self, tab: str) -> None:
        """Open the tab that a destination names once the artifact is there."""
        self._first = self.history if tab == "history" else None

    def arrange(self, found: LookedVersion, *, wide: bool) -> None:
        """Show the tabs that there is something in, and stay on the one that was chosen."""
        wanted = self._wanted(found, wide)
        chosen, self._first = self._first or self.currentWidget(), None
        there = [self.widget(place) for place in range(self.count())]
        if there != [part for part, _ in wanted]:
            self.blockSignals(True)
            self.clear()
            for part, title in wanted:
                self.addTab(part, title)
            self.blockSignals(False)
        if chosen in [part for part, _ in wanted]:
            self.setCurrentWidget(chosen)
        for place, (_, title) in enumerate(wanted):
            self.setTabText(place, title)

    def _wanted(self, found: LookedVersion, wide: bool) -> list[tuple[QWidget, str]]:
        fetched = found.state is not None and found.state[0] == "fetched"
        wanted: list[tuple[QWidget, str]] = []
        if not wide:
            wanted.append((self._versions, self.tr("Versions")))
        for name, tab in self.documents.items():
            # A README that is missing is said so; what else there may be is not known.
            kept = name == "readme" or (name == "values" and not fetched)
            if name not in RAW and (name in found.documents or kept):
                wanted.append((tab, tab.title))
        counted: tuple[tuple[QWidget, str, int], ...] = (
            (self.presets, self.tr("Presets {0}"), self.presets.table.rows.rowCount()),
            (self.dependencies, self.tr("Dependencies {0}"), len(found.dependencies)),
            (self.images, self.tr("Images {0}"), self.images.table.rows.rowCount()),
        )
        wanted += [(part, title.format(count)) for part, title, count in counted if count]
        self.details.show_there([name for name in RAW if name in found.documents])
        return [*wanted, (self.details, self.tr("Facts")), (self.history, self.tr("History"))]


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
