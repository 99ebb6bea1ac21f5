"""The catalog: everything that was synchronized, searched from the first keystroke."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.store.browse import Facets, Filter, Sort
from desktop.store.pages import VersionLine
from desktop.ui.catalog import columns, saying
from desktop.ui.catalog.asking import Asking
from desktop.ui.catalog.facets import FacetRow
from desktop.ui.catalog.kinds import kinds, titles
from desktop.ui.catalog.looking import reference_of
from desktop.ui.catalog.model import CatalogModel
from desktop.ui.catalog.table import CatalogTable, type_on
from desktop.ui.destination import Destination
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.page import Page
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import Elided, menu_text
from desktop.ui.session import Session
from desktop.ui.sheet import styled

if TYPE_CHECKING:
    from desktop.ui.catalog.artifact import ArtifactView

PREVIEW_FROM = 820
"""From this width on there is room for a panel beside the list."""
SPLIT = "catalog/split"
CHANGED_MILLISECONDS, SPOKEN_MILLISECONDS = 700, 200
PREVIEW_MILLISECONDS = 60


class CatalogPage(Page):
    """A table of all artifacts, or versions, with the chosen one beside it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._text = ""
        self._sort: tuple[Sort, bool] = ("relevance", False)
        self._shown: Filter | None = None
        self._facets = Facets()
        self._readmes = (0, 0)
        self._open = 0
        self.asking = Asking(session, self)
        self.rows = CatalogModel(lambda: session.db, self)
        self.table = CatalogTable(self.rows)
        self.facets = FacetRow()
        self.said = Elided("", "caption")
        self._card = ProblemCard()
        self._view: ArtifactView | None = None
        self._empty = EmptyPlace("catalog", " ", " ", " ", self._help)
        self._lay_out()
        self._changed = _timer(self, CHANGED_MILLISECONDS, self._ask)
        self._spoken = _timer(self, SPOKEN_MILLISECONDS, self._say)
        self._chosen = _timer(self, PREVIEW_MILLISECONDS, self._preview)
        self._connect()

    def _lay_out(self) -> None:
        self._list = styled(QFrame(), "panel")
        column = QVBoxLayout(self._list)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.facets)
        said = QHBoxLayout()
        said.setContentsMargins(14, 0, 14, 6)
        said.addWidget(self.said)
        column.addLayout(said)
        column.addWidget(self._card)
        below = QWidget()
        self._layers = QStackedLayout(below)
        self._layers.addWidget(self.table)
        self._layers.addWidget(self._empty)
        column.addWidget(below, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self._list)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.splitter)

    def _connect(self) -> None:
        session = self.session
        self.facets.changed.connect(self._ask)
        self.asking.found.connect(self._found)
        self.asking.completed.connect(self._completed)
        self.asking.counted.connect(self._counted)
        self.asking.searched.connect(self._searched)
        self.asking.failed.connect(self._failed)
        self.table.chosen.connect(self._chosen.start)
        self.table.opened.connect(self._open_whole)
        self.table.copied.connect(self._copy)
        self.table.typed.connect(self._type)
        self.table.left.connect(self._leave)
        self.table.menu_asked.connect(self._show_menu)
        self.table.sorted_by.connect(self._sorted)
        session.catalog_changed.connect(lambda _registry: self._grow_old())
        session.registries_changed.connect(self._grow_old)
        session.listed_changed.connect(lambda _registry: self._spoken.start())
        session.ready.connect(self._ask)

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
        other = to.text != self._text
        self._text = to.text
        self._show_list()
        if other:
            # The best hit, not the place where one was among the others.
            self.table.clearSelection()
            self.table.scrollToTop()
        if other or self._shown is None or self._shown != self._filter():
            self._ask()

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
            self.table.enter(there=self._shown == self._filter())

    def refresh(self) -> None:
        """Read everything from the store once more."""
        self._ask()
        if self._view is not None:
            self._view.read_again()

    # Asking

    def _grow_old(self) -> None:
        """Ask again soon; during a long synchronization now and then, not only at its end."""
        if not self.isVisible():
            self._shown = None
        elif not self._changed.isActive():
            self._changed.start()

    def _filter(self) -> Filter:
        facets = self.facets
        visible = [row.id for row in self.session.registries()]
        facets.registries.keep(visible)
        every = facets.every.isChecked()
        sort, descending = self._sort
        return Filter(
            tuple(visible),
            self._text,
            tuple(sorted(facets.kinds.chosen)),
            tuple(sorted(facets.registries.chosen)),
            deprecated=facets.deprecated.isChecked(),
            prereleases=facets.previews.isChecked(),
            rows="versions" if every else "artifacts",
            sort=sort,
            descending=descending,
        )

    def _ask(self) -> None:
        if self.session.db is None:
            self._show_empty()
            return
        self.asking.ask(self._filter())

    def _found(self, wanted: Filter, ids: array[int]) -> None:
        self._card.hide()
        same = self._shown == wanted
        alike = self.rows.of_versions == (wanted.rows == "versions")
        kept = self.table.row if alike else None
        top = self.table.top_id if same else 0
        fresh = self._arrange_columns(wanted)
        if self.rows.show_ids(ids, wanted.rows == "versions") or fresh:
            self.table.stay(kept.id if kept is not None else 0, top)
            self._chosen.start()
        self._shown = wanted
        self.table.show_sort(*self._sort)
        if len(ids):
            self._layers.setCurrentWidget(self.table)
        self.table.arrived()

    def _completed(self, wanted: Filter) -> None:
        if wanted == self._shown:
            self._say()
            if not len(self.rows.ids):
                self._show_empty()

    def _counted(self, wanted: Filter, found: Facets) -> None:
        self._facets = found
        names = {row.id: row.name for row in self.session.registries()}
        self.facets.show_facets(found, titles(self.session), names)
        if self._arrange_columns(wanted):
            kept = self.table.row
            self.table.stay(kept.id if kept is not None else 0, 0)
        self._say()

    def _searched(self, there: int, missing: int) -> None:
        self._readmes = (there, missing)
        self._say()

    def _failed(self, error: Exception) -> None:
        self._card.show_problem(Problem.of(error), ((self.tr("Try again"), self._ask),))

    # What is shown

    def _arrange_columns(self, wanted: Filter) -> bool:
        several = len(self._facets.kinds) > 1 and len(wanted.kinds) != 1
        kind = kinds(self.session).get(wanted.kinds[0]) if len(wanted.kinds) == 1 else None
        arranged = columns.of_versions if wanted.rows == "versions" else columns.of_artifacts
        fresh = self.rows.show_columns(arranged(kind, titles(self.session), with_kind=several))
        if fresh:
            self.table.fit_columns()
        return fresh

    def _say(self) -> None:
        wanted, session = self._shown, self.session
        if wanted is None or not len(self.rows.ids):
            self.said.setText("")
            return
        number, rows = len(self.rows.ids), session.registries()
        said = saying.summary(wanted, number, self._facets, rows, self._readmes, session.now())
        self.said.setText(said)
        self.said.update()

    def _show_empty(self) -> None:
        empty = saying.emptiness(self._text, self.facets.narrowed, self.session.registries())
        self._empty.set_words(empty.title, empty.text)
        if self._empty.button is not None:
            self._empty.button.setText(empty.action)
            self._empty.button.setObjectName("catalog-help")
        self._layers.setCurrentWidget(self._empty)
        self.said.setText("")

    def _help(self) -> None:
        if self.facets.narrowed:
            self.facets.clear.click()
        elif self._text:
            self.session.go(Destination("catalog"))
        else:
            adding = not self.session.registries()
            self.session.go(Destination("registries", adding=adding))

    def _sorted(self, sort: Sort | None, descending: bool) -> None:
        self._sort = (sort or "relevance", descending if sort else False)
        self.table.scrollToTop()
        self._ask()

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

    def _of(self) -> tuple[int, int]:
        """Return the chosen row as artifact and version, 0 for the latest."""
        row = self.table.row
        if row is None:
            return 0, 0
        return (row.artifact_id, row.id) if isinstance(row, VersionLine) else (row.id, 0)

    def _preview(self) -> None:
        artifact, version = self._of()
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
        artifact, version = self._of()
        if artifact:
            self.session.go(Destination("catalog", artifact=artifact, version=version))

    def _show_whole(self, artifact: int, version: int) -> None:
        self._open = artifact
        view = self._made_view()
        self._list.hide()
        view.show()
        view.show_whole(True)
        view.show_artifact(artifact, version)
        view.focus_first()

    def _show_list(self) -> None:
        was_open, self._open = self._open, 0
        self._list.show()
        if was_open and self._view is not None:
            place = self.rows.place_of(was_open)
            if place >= 0 and self.table.row is None and not self.rows.of_versions:
                self.table.go_to(place)
            self.table.setFocus()
        self._preview()

    def _back(self) -> None:
        self.session.go(Destination("catalog", text=self._text))

    def _leave(self) -> None:
        """Close the panel, else clear the search."""
        if self.table.row is not None:
            self.table.clearSelection()
            self.table.setCurrentIndex(self.rows.index(-1, -1))
            self.table.setFocus()
        elif self._text:
            self.session.go(Destination("catalog"))

    def _copy(self) -> None:
        """Copy the reference of the chosen row."""
        row, db = self.table.row, self.session.db
        entry = self.session.one(row.registry_id) if row is not None else None
        text = reference_of(db, entry.row, *self._of()) if db is not None and entry else ""
        if text:
            QGuiApplication.clipboard().setText(text)
            self.session.tell(self.tr("Reference copied."))

    def _show_menu(self, place: QPoint) -> None:
        """Offer for the chosen row what its panel offers."""
        row = self.table.row
        if row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open"), self._open_whole)
        menu.addAction(self.tr("Copy reference"), self._copy)
        registry = row.registry_id
        shown = self.tr("Open the registry {0}").format(columns.one_line(row.registry))
        menu.addAction(
            menu_text(shown), lambda: self.session.go(Destination("registries", registry))
        )
        menu.popup(place)

    def _type(self, event: QKeyEvent) -> None:
        """Go on in the search with a key that was pressed in the table."""
        field = self.search_field()
        if field is not None:
            type_on(field, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._chosen.start()


def _timer(owner: CatalogPage, milliseconds: int, act: object) -> QTimer:
    made = QTimer(owner)
    made.setSingleShot(True)
    made.setInterval(milliseconds)
    made.timeout.connect(act)
    return made
