"""An artifact: beside the list as a panel, or as a page of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.store.values import ArtifactRow, ChangeRow, RegistryRow, TenantRow
from desktop.ui.catalog import looking
from desktop.ui.catalog.documents import DocumentTab
from desktop.ui.catalog.fetching import Errands
from desktop.ui.catalog.heading import Heading, copies
from desktop.ui.catalog.kinds import kinds, titles
from desktop.ui.catalog.looking import Looked, LookedVersion
from desktop.ui.catalog.saving import SavingBar, told
from desktop.ui.catalog.tabs import VersionTabs
from desktop.ui.catalog.versions import VersionsPanel
from desktop.ui.destination import Destination
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.text import hairline
from desktop.ui.session import Session
from desktop.ui.sheet import styled
from desktop.ui.tasks import Latest

WIDE = 860
"""From this width on, versions stand beside the documents instead of among them."""


class ArtifactView(QFrame):
    """Shows one artifact and one of its versions; everything slow is read beside the window."""

    back_asked = Signal()
    whole_asked = Signal()
    close_asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        styled(self, "panel")
        self._session = session
        self._errands = Errands(session)
        self._looked: Looked | None = None
        self._version: LookedVersion | None = None
        self._registry: RegistryRow | None = None
        self._asked, self._asked_version, self._asked_commands = Latest(), Latest(), Latest()
        self._asked_history = Latest()
        self._wanted = (0, 0)
        self._history_of = 0
        self._judged_for: TenantRow | None = None
        self.heading = Heading()
        self.saving = SavingBar(session)
        self.versions = VersionsPanel()
        self.tabs = VersionTabs(self.versions)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        self._edge = styled(QFrame(), "upright")
        below = QHBoxLayout()
        below.setSpacing(0)
        below.addWidget(self._side)
        below.addWidget(self._edge)
        below.addWidget(self.tabs, 1)
        there = QWidget()
        column = QVBoxLayout(there)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.heading)
        column.addWidget(self.saving)
        column.addWidget(hairline())
        column.addLayout(below, 1)
        self._layers = QStackedLayout(self)
        self._layers.addWidget(there)
        self._gone = EmptyPlace(
            "artifact",
            self.tr("This artifact is no longer stored"),
            self.tr("Its registry was deleted, or has never listed it since."),
            self.tr("Back to the list"),
            self.back_asked.emit,
        )
        self._layers.addWidget(self._gone)
        self._is_whole = False
        self._is_wide: bool | None = None
        self._connect()
        self.show_whole(False)
        self._show_what_can_be_done()

    def _connect(self) -> None:
        heading, session = self.heading, self._session
        heading.back_asked.connect(self.back_asked)
        heading.whole_asked.connect(self.whole_asked)
        heading.close_asked.connect(self.close_asked)
        heading.registry_asked.connect(lambda key: session.go(Destination("registries", key)))
        heading.copied.connect(session.tell)
        heading.save_asked.connect(self.save)
        heading.sibling_asked.connect(
            lambda key, version: session.go(Destination("catalog", artifact=key, version=version))
        )
        heading.allow_asked.connect(self._go_to_switch)
        self.saving.save_asked.connect(self._save_into)
        self.saving.cancel_asked.connect(lambda: self._errands.cancel(self._version_id))
        self.saving.closed.connect(self._close_saving)
        self.versions.chosen.connect(self._look_at_version)
        self.tabs.dependencies.asked.connect(
            lambda key: session.go(Destination("catalog", artifact=key))
        )
        for tab in self.tabs.documents.values():
            tab.absent.fetch_asked.connect(self._fetch)
            tab.absent.cancel_asked.connect(lambda: self._errands.cancel(self._version_id))
        self.tabs.currentChanged.connect(lambda _place: self._show_history())
        self._errands.changed.connect(self._errand_changed)
        self._errands.fetched.connect(self._fetched)
        self._errands.saved.connect(self._saved)
        session.ready.connect(self._show_what_can_be_done)
        session.registries_changed.connect(self._judge_again)
        shortcut = QShortcut(QKeySequence.StandardKey.Save, self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(self.save)

    # What is looked at

    @property
    def artifact_id(self) -> int:
        return self._wanted[0]

    @property
    def _version_id(self) -> int:
        return self._version.version.id if self._version else 0

    def is_of(self, registries: Collection[str]) -> bool:
        """Say whether what is shown lies in one of these; so does what is not read yet."""
        return self._looked is None or self._looked.artifact.registry_id in registries

    def show_artifact(self, artifact: int, version: int = 0) -> None:
        """Show an artifact by its id, with a version or else the latest."""
        db = self._session.db
        if db is None:
            return
        if self._looked is not None and self._looked.artifact.id == artifact == self._wanted[0]:
            self._wanted = (artifact, version)
            if version and version != self._version_id:
                self.versions.take(version)
            return
        self._wanted = (artifact, version)
        task = self._session.tasks.ask(self, lambda: looking.look(db, artifact), self._show)
        self._asked.of(task)

    def read_again(self) -> None:
        """Read what is shown from the store once more."""
        artifact, version = self._wanted
        if artifact:
            self._looked = None
            self.show_artifact(artifact, self._version_id or version)

    def _show(self, looked: Looked | None) -> None:
        self._layers.setCurrentIndex(1 if looked is None else 0)
        other = looked is None or self._looked is None or looked.artifact.id != self._history_of
        self._looked = looked
        if looked is None:
            return
        artifact = looked.artifact
        entry = self._session.one(artifact.registry_id)
        self._registry = entry.row if entry else None
        self.heading.show_artifact(
            artifact,
            self._registry,
            titles(self._session).get(artifact.kind, artifact.kind.capitalize()),
            self._session.now(),
        )
        if other:
            self._history_of = 0
        self.versions.show_versions(looked.versions, artifact.latest_id, self._wanted[1])
        self._side.setFixedWidth(self.versions.wanted_width)
        self._show_history()

    def _look_at_version(self, version: int) -> None:
        db, looked = self._session.db, self._looked
        if db is None or looked is None:
            return
        registries = [row.id for row in self._session.registries()]
        artifact, registry, tenant = looked.artifact, self._registry, self._session.tenant
        self._judged_for = tenant
        self._asked_version.of(
            self._session.tasks.ask(
                self,
                lambda: looking.look_at_version(
                    db, artifact, version, registries, registry, tenant
                ),
                self._show_version,
            )
        )

    def _judge_again(self) -> None:
        """Say anew whether the version may be used, where that is decided otherwise now."""
        if self._version is not None and self._session.tenant != self._judged_for:
            self._look_at_version(self._version_id)

    def _show_version(self, found: LookedVersion | None) -> None:
        looked = self._looked
        if found is None or looked is None:
            return
        other = found.version.id != self._version_id
        self._version = found
        version, artifact = found.version, looked.artifact
        kind = kinds(self._session).get(artifact.kind)
        facts = version.body["facts"]
        self.heading.show_version(found, looking.homes(facts), looking.traits(kind, version))
        self.tabs.facts.show_version(self._registry, artifact, version, kind)
        if other:
            self._show_commands([])
        self.tabs.show_parts(found)
        self._show_documents()
        self.tabs.arrange(found, wide=bool(self._is_wide))
        self._show_saving()
        self._show_what_can_be_done()
        self._ask_commands(artifact)

    def _go_to_switch(self) -> None:
        """Go to where the tenant's switch is."""
        tenant, registry = self._session.tenant, self._registry
        chosen = tenant.id if tenant is not None else (registry and registry.tenant_id) or ""
        self._session.go(Destination("settings", tab="environments", text=chosen))

    def _show_documents(self) -> None:
        assert self._version is not None
        assert self._looked is not None
        errand = self._errands.fetching(self._version_id)
        self.tabs.show_documents(self._looked.artifact.name, self._version, errand)

    # Commands of other tools

    def _ask_commands(self, artifact: ArtifactRow) -> None:
        """Ask the plugin how other tools get this version; it is not imported on this thread."""
        found, registry, session = self._version, self._registry, self._session
        if found is None or registry is None or not session.is_ready:
            return
        version = found.version

        def question() -> list[tuple[str, str]]:
            return session.app.details.commands(registry, artifact, version)

        self._asked_commands.of(
            session.tasks.run(self, question, self._show_commands, lambda _error: None)
        )

    def _show_commands(self, commands: Sequence[tuple[str, str]]) -> None:
        assert self._looked is not None
        assert self._version is not None
        self.tabs.facts.show_commands(commands)
        found = copies(self._registry, self._looked.artifact, self._version.version, commands)
        self.heading.show_copies(found)

    # History

    def _show_history(self) -> None:
        """Read the ledger when somebody looks at it: it is long."""
        db, looked = self._session.db, self._looked
        if self.tabs.currentWidget() is not self.tabs.history or db is None or looked is None:
            return
        artifact = looked.artifact
        if self._history_of == artifact.id:
            return
        self._history_of = artifact.id

        def show(rows: list[ChangeRow]) -> None:
            self.tabs.history.rows.show_rows(rows)

        task = self._session.tasks.ask(self, lambda: looking.look_back(db, artifact), show)
        self._asked_history.of(task)

    def open_find(self) -> bool:
        """Open the field that searches in the text that is shown; False where there is none."""
        tab: QWidget | None = self.tabs.currentWidget()
        if tab is self.tabs.details:
            tab = self.tabs.details.shown
        return isinstance(tab, DocumentTab) and tab.open_find()

    # Fetch and save

    def _show_what_can_be_done(self) -> None:
        session = self._session
        why_not = ""
        if not session.is_ready:
            why_not = self.tr("The program is starting.")
        elif session.app.network().offline:
            why_not = self.tr("The program is offline; nothing is contacted.")
        elif self._registry is None or self._registry.removed_at is not None:
            why_not = self.tr("The registry was removed.")
        self.heading.save.setEnabled(not why_not and self._version is not None)
        self.heading.save.setToolTip(why_not or self.tr("Save to disk (Ctrl+S)"))
        if not why_not and not session.writable:
            why_not = self.tr("Another Registry Desktop has this data open.")
        for tab in self.tabs.documents.values():
            tab.absent.set_enabled(why_not)

    def _fetch(self) -> None:
        if self._looked is not None and self._version is not None:
            self._errands.fetch(self._looked.artifact, self._version.version)

    def save(self) -> None:
        """Ask where to save the version that is looked at."""
        if self.isVisible() and self._version is not None and self.heading.save.isEnabled():
            self._errands.forget(self._version_id)
            self.saving.ask()

    def _save_into(self, folder: Path) -> None:
        if self._looked is not None and self._version is not None:
            self._errands.save(self._looked.artifact, self._version.version, folder)

    def _close_saving(self) -> None:
        self.saving.hide_all()
        self._errands.forget(self._version_id)

    def _errand_changed(self, version: int) -> None:
        if version == self._version_id:
            self._show_documents()
            self._show_saving()

    def _show_saving(self) -> None:
        assert self._version is not None
        version = self._version.version
        errand = self._errands.saving(version.id)
        self.saving.show_errand(errand, version.size, listed=bool(version.digest))

    def _fetched(self, version: int) -> None:
        if version == self._version_id:
            self._look_at_version(version)

    def _saved(self, version: int, saved: object) -> None:
        if version != self._version_id or not self.isVisible():
            self._session.tell(told(saved, listed=True))  # type: ignore[arg-type]

    # Room

    def show_whole(self, whole: bool) -> None:
        """Be a page of its own, or a panel beside the list."""
        self._is_whole = whole
        self.heading.show_whole(whole)
        self._fit()

    def focus_first(self) -> None:
        """Put the focus where the keyboard goes on: to the versions, else to the tabs."""
        if self._is_wide:
            self.versions.focus()
        else:
            self.tabs.tabBar().setFocus(Qt.FocusReason.OtherFocusReason)

    def _fit(self) -> None:
        wide = self._is_whole and self.width() >= WIDE
        if wide == self._is_wide:
            return
        self._is_wide = wide
        self._side.setVisible(wide)
        self._edge.setVisible(wide)
        if wide:
            place = self.tabs.indexOf(self.versions)
            if place >= 0:
                self.tabs.removeTab(place)
            self._side.layout().addWidget(self.versions)  # type: ignore[union-attr]
            self.versions.show()
        else:
            self.tabs.insertTab(0, self.versions, self.tr("Versions"))
            self.tabs.setCurrentIndex(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            (self.back_asked if self._is_whole else self.close_asked).emit()
        else:
            super().keyPressEvent(event)
