"""The catalog: everything that was synchronized, searched from the first keystroke."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter

from desktop.ui.catalog import saying
from desktop.ui.catalog.listing import ArtifactList
from desktop.ui.catalog.table import type_on
from desktop.ui.destination import Destination
from desktop.ui.parts.page import Page
from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.ui.catalog.artifact import ArtifactView

PREVIEW_FROM = 820
"""From this width on there is room for a panel beside the list."""
SPLIT = "catalog/split"
PREVIEW_MILLISECONDS = 60


class CatalogPage(Page):
    """A table of all artifacts, or versions, with the chosen one beside it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._open = 0
        self.list = ArtifactList(session, session.registries, self._emptiness)
        self.rows, self.table, self.facets = self.list.rows, self.list.table, self.list.facets
        self._view: ArtifactView | None = None
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.list)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.splitter)
        self._chosen = QTimer(self)
        self._chosen.setSingleShot(True)
        self._chosen.setInterval(PREVIEW_MILLISECONDS)
        self._chosen.timeout.connect(self._preview)
        self._connect()

    def _connect(self) -> None:
        self.list.help_asked.connect(self._help)
        self.table.chosen.connect(self._chosen.start)
        self.table.opened.connect(self._open_whole)
        self.table.typed.connect(self._type)
        self.table.left.connect(self._leave)
        self._place = self._looked_at()
        self.session.ready.connect(self._remember_place)
        self.session.registries_changed.connect(self._place_changed)

    # Where we look

    def _looked_at(self) -> tuple[str, str]:
        session = self.session
        return (
            session.environment.id if session.environment else "",
            session.tenant.id if session.tenant else "",
        )

    def _remember_place(self) -> None:
        self._place = self._looked_at()

    def _place_changed(self) -> None:
        """An artifact of another environment is not part of what is looked at now."""
        before, self._place = self._place, self._looked_at()
        if before != self._place and self._open:
            registries = [row.id for row in self.session.registries(hidden=True)]
            if self._view is not None and not self._view.is_of(registries):
                self._back() if self.isVisible() else self._show_list()

    # Coming here

    def go(self, to: Destination) -> None:
        """Search for the text, open the artifact, or show one registry's part."""
        field = self.search_field()
        if to.artifact:
            self._made_view().tabs.begin_with(to.tab)
            self._show_whole(to.artifact, to.version)
            return
        if field is not None and field.text() != to.text:
            field.setText(to.text)
        if to.registry:
            self.facets.registries.choose({to.registry})
        self._show_list()
        self.list.search(to.text)

    def focus_filter(self) -> None:
        """Search inside the document that is shown, else in the whole catalog."""
        if self._open and self._view is not None and self._view.open_find():
            return
        field = self.search_field()
        if field is not None:
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            field.selectAll()

    def enter(self) -> None:
        """Choose the best hit; in the table Enter opens it."""
        if not self._open:
            self.table.enter(there=self.list.is_current)

    def refresh(self) -> None:
        """Read everything from the store once more."""
        self.list.ask()
        if self._view is not None:
            self._view.read_again()

    # Nothing to see

    def _emptiness(self, text: str, narrowed: bool) -> saying.Emptiness:
        return saying.emptiness(text, narrowed, self.session.registries())

    def _help(self) -> None:
        if self.list.text:
            self.session.go(Destination("catalog"))
        else:
            adding = not self.session.registries()
            self.session.go(Destination("registries", adding=adding))

    # One of the rows

    def _made_view(self) -> ArtifactView:
        if self._view is None:
            from desktop.ui.catalog.artifact import ArtifactView

            self._view = ArtifactView(self.session)
            self._view.back_asked.connect(self._back)
            self._view.close_asked.connect(self._leave)
            self._view.whole_asked.connect(self._open_whole)
            self.splitter.addWidget(self._view)
            self.splitter.setStretchFactor(0, 3)
            self.splitter.setStretchFactor(1, 2)
            width = self.splitter.width()
            self.splitter.setSizes([width * 11 // 20, width * 9 // 20])
            kept = self.session.prefs.value(SPLIT)
            if isinstance(kept, QByteArray):
                self.splitter.restoreState(kept)
            self.splitter.splitterMoved.connect(
                lambda *_: self.session.prefs.setValue(SPLIT, self.splitter.saveState())
            )
        return self._view

    def _preview(self) -> None:
        artifact, version = self.list.chosen
        if self._open:
            return
        room = self.width() >= PREVIEW_FROM
        if artifact and room:
            view = self._made_view()
            view.show_whole(False)
            view.show()
            view.show_artifact(artifact, version)
        elif self._view is not None:
            self._view.hide()

    def _open_whole(self) -> None:
        artifact, version = self.list.chosen
        if artifact:
            self.session.go(Destination("catalog", artifact=artifact, version=version))

    def _show_whole(self, artifact: int, version: int) -> None:
        self._open = artifact
        view = self._made_view()
        self.list.hide()
        view.show()
        view.show_whole(True)
        view.show_artifact(artifact, version)
        view.focus_first()

    def _show_list(self) -> None:
        was_open, self._open = self._open, 0
        self.list.show()
        if was_open and self._view is not None:
            place = self.rows.place_of(was_open)
            if place >= 0 and self.table.row is None and not self.rows.of_versions:
                self.table.go_to(place)
            self.table.setFocus()
        self._preview()

    def _back(self) -> None:
        self.session.go(Destination("catalog", text=self.list.text))

    def _leave(self) -> None:
        """Close the panel, else clear the search."""
        if self.table.row is not None:
            self.table.clearSelection()
            self.table.setCurrentIndex(self.rows.index(-1, -1))
            self.table.setFocus()
        elif self.list.text:
            self.session.go(Destination("catalog"))

    def _type(self, event: QKeyEvent) -> None:
        """Go on in the search with a key that was pressed in the table."""
        field = self.search_field()
        if field is not None:
            type_on(field, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._chosen.start()
