"""The head of an artifact: what it is, where it is from, and what can be done with a version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store.values import ArtifactRow, RegistryRow, VersionRow
from desktop.ui.catalog import looking
from desktop.ui.catalog.columns import name_of, one_line
from desktop.ui.catalog.links import LinkBar
from desktop.ui.catalog.logo import LogoPicture
from desktop.ui.catalog.looking import LookedVersion
from desktop.ui.catalog.standing import AlsoIn, FipsLine
from desktop.ui.catalog.versions import day, short_digest
from desktop.ui.icons import of_kind
from desktop.ui.parts.buttons import button, icon_button, menu_button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.text import Elided, label, menu_text, tooltip, visible

COPIED_MILLISECONDS = 1_500


class Heading(QWidget):
    """Title, registry, links; below them the version that is looked at, with its buttons."""

    back_asked = Signal()
    whole_asked = Signal()
    close_asked = Signal()
    save_asked = Signal()
    registry_asked = Signal(str)
    copied = Signal(str)
    """What was copied, in words."""
    sibling_asked = Signal(int, int)
    """An artifact and a version elsewhere, as ids of their rows."""
    allow_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._registry_id = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 16, 10)
        column.setSpacing(6)
        top = QHBoxLayout()
        top.setSpacing(8)
        self.back = icon_button(
            "arrow-left", self.tr("Back to the list"), self.back_asked.emit, shortcut="Esc"
        )
        self.back.setObjectName("back-to-list")
        self._picture = LogoPicture("artifact")
        self._picture.setObjectName("logo")
        self._title = Elided("", "title")
        self.whole = icon_button(
            "external", self.tr("Open whole"), self.whole_asked.emit, shortcut="Enter"
        )
        self.whole.setObjectName("open-whole")
        self.close_panel = icon_button(
            "cancel", self.tr("Close"), self.close_asked.emit, shortcut="Esc"
        )
        top.addWidget(self.back)
        top.addWidget(self._picture)
        top.addWidget(self._title, 1)
        top.addWidget(self.whole)
        top.addWidget(self.close_panel)
        column.addLayout(top)
        facts = QHBoxLayout()
        facts.setSpacing(4)
        self._kind = label("", "secondary")
        self.registry = button("", lambda: self.registry_asked.emit(self._registry_id), kind="link")
        self.registry.setObjectName("artifact-registry")
        self._rest = Elided("", "secondary")
        for part in (self._kind, self.registry):
            facts.addWidget(part)
        facts.addWidget(self._rest, 1)
        self._homes = QHBoxLayout()
        self._homes.setSpacing(12)
        facts.addLayout(self._homes)
        column.addLayout(facts)
        self._traits = Elided("", "secondary")
        self._traits.setObjectName("traits")
        column.addWidget(self._traits)
        self._description = label("", wrap=True, select=True)
        column.addWidget(self._description)
        self.link = LinkBar()
        column.addWidget(self.link)
        self._fips = FipsLine()
        self._fips.allow_asked.connect(self.allow_asked)
        self._also = AlsoIn()
        self._also.asked.connect(self.sibling_asked)
        column.addWidget(self._fips)
        column.addWidget(self._also)
        column.addSpacing(2)
        column.addLayout(self._actions())

    def _actions(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        self._version = label("", "strong", select=True)
        self._about = Elided("", "secondary")
        self.menu = QMenu(self)
        self.copy = menu_button(self.tr("Copy") + "  ▾", self.menu, symbol="copy")
        self.copy.setObjectName("copy-menu")
        self.copy.setAccessibleName(self.tr("Copy reference, digest or command"))
        self.save = button(self.tr("Save to disk…"), self.save_asked.emit, symbol="save")
        self.save.setAccessibleName(self.tr("Save to disk"))
        self.save.setObjectName("save-to-disk")
        line.addWidget(self._version)
        line.addWidget(self._about, 1)
        line.addWidget(self.copy)
        line.addWidget(self.save)
        return line

    def show_artifact(
        self, artifact: ArtifactRow, registry: RegistryRow | None, kind: str, now: float
    ) -> None:
        """Show what is the same for all versions."""
        self._registry_id = artifact.registry_id
        self._picture.show_icon(of_kind(artifact.kind))
        self._title.setText(name_of(artifact))
        self._title.update()
        self._kind.setText(f"{kind} ·")
        self.registry.setText(menu_text(one_line(artifact.registry)))
        self.registry.setAccessibleName(
            self.tr("Open the registry {0}").format(one_line(artifact.registry))
        )
        newest = self.tr("latest {0}") if artifact.latest_is_stable else self.tr("newest {0}")
        said = [newest.format(one_line(artifact.latest))] if artifact.versions else []
        said += [words.counted(artifact.versions, "version")]
        if artifact.path != artifact.name:
            said.insert(0, one_line(artifact.path))
        if registry is not None and registry.last_success is not None:
            said.append(self.tr("as of {0}").format(words.ago(registry.last_success, now)))
        self._rest.setText("· " + " · ".join(said))
        self._rest.update()
        description = visible(artifact.description)[:600]
        if artifact.deprecated:
            description = f"{self.tr('Deprecated.')} {description}"
        self._description.setText(description)
        self._description.setVisible(bool(description.strip()))
        self.link.hide()

    def show_version(
        self,
        found: LookedVersion,
        homes: Sequence[tuple[str, str]],
        traits: Sequence[tuple[str, str]],
    ) -> None:
        """Show what is of one version; `traits` are the most important facts of its kind."""
        version = found.version
        self._picture.show_logo(found.logo)
        self._traits.setText(" · ".join(f"{one_line(t)}: {one_line(v)}" for t, v in traits))
        self._traits.setVisible(bool(traits))
        self._traits.update()
        self._fips.show_fips(found.fips)
        self._also.show_siblings(found.siblings, self._registry_id)
        self._version.setText(visible(version.version)[:80])
        said = []
        if version.app_version:
            said.append(self.tr("app {0}").format(one_line(version.app_version)))
        if version.created:
            said.append(day(version.created))
        if version.size is not None:
            said.append(words.size(version.size))
        if version.digest:
            said.append(f"{version.digest.partition(':')[0]}:{short_digest(version.digest)}…")
        if version.state != "present":
            said.append(self.tr("gone upstream"))
        elif version.deprecated:
            said.append(self.tr("deprecated"))
        self._about.setText(" · ".join(said))
        self._about.update()
        self._show_homes(homes)

    def _show_homes(self, homes: Sequence[tuple[str, str]]) -> None:
        clear(self._homes)
        words_so_far: Counter[str] = Counter()
        for word, url in homes:
            words_so_far[word] += 1
            number = words_so_far[word]
            shown = button(
                word if number == 1 else f"{word} {number}",
                partial(self.link.show_link, QUrl(url)),
                kind="link",
            )
            shown.setAccessibleName(f"{word}: {visible(url)}")
            shown.setToolTip(tooltip(visible(url)))
            self._homes.addWidget(shown)

    def show_copies(self, copies: Sequence[tuple[str, str]]) -> None:
        """Offer what can be copied: a title and the text itself."""
        self.menu.clear()
        for title, text in copies:
            action = self.menu.addAction(menu_text(title))
            action.triggered.connect(lambda _=False, t=title, x=text: self._copied(t, x))
        self.copy.setEnabled(bool(copies))

    def _copied(self, title: str, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(self.tr("{0} copied.").format(title))

    def show_whole(self, whole: bool) -> None:
        """Fit the buttons to a panel beside a list, or to a page of its own."""
        self.back.setVisible(whole)
        self.whole.setVisible(not whole)
        self.close_panel.setVisible(not whole)
        self.save.setText(self.tr("Save to disk…") if whole else "")
        self._description.setMaximumHeight(16_777_215 if whole else 60)


def copies(
    registry: RegistryRow | None,
    artifact: ArtifactRow,
    version: VersionRow,
    commands: Sequence[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Return what can be copied of a version: a title and the text of each."""
    found = []
    if registry is not None:
        found.append(("Reference", looking.reference(registry, artifact, version)))
    if version.digest:
        found.append(("Digest", version.digest))
    return [*found, *commands]
