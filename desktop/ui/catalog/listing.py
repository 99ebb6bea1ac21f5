"""A list of artifacts, or of their versions: narrowed by facets, sorted, kept where one is."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from desktop.store.browse import Facets, Filter, Sort
from desktop.store.pages import VersionLine
from desktop.store.values import RegistryRow
from desktop.ui.catalog import columns, keeping, saying
from desktop.ui.catalog.asking import Asking
from desktop.ui.catalog.columns import CatalogColumn
from desktop.ui.catalog.kinds import facet_titles, kinds, with_fips
from desktop.ui.catalog.looking import reference_of
from desktop.ui.catalog.model import CatalogModel
from desktop.ui.catalog.narrowing import FacetRow
from desktop.ui.catalog.saying import Emptiness
from desktop.ui.catalog.table import CatalogTable
from desktop.ui.destination import Destination
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import Elided, menu_text
from desktop.ui.session import Session
from desktop.ui.sheet import styled
from registrykit.artifacts import ArtifactKind

CHANGED_MILLISECONDS, SPOKEN_MILLISECONDS = 700, 200

Registries = Callable[[], Sequence[RegistryRow]]


class ArtifactList(QFrame):
    """Asks for what matches a text in some registries; `table` holds what is there."""

    help_asked = Signal()
    """Nothing is shown, no filter is the reason, and somebody asks what to do."""

    def __init__(
        self,
        session: Session,
        registries: Registries,
        emptiness: Callable[[str, bool], Emptiness],
        *,
        of_one: bool = False,
    ) -> None:
        """`registries` are looked in; `of_one` leaves out what would say which one it is.

        `emptiness` says why nothing is shown, of a text and of whether facets narrow the list.
        """
        super().__init__()
        styled(self, "panel")
        self._session = session
        self._registries = registries
        self._emptiness = emptiness
        self._of_one = of_one
        self._sort: tuple[Sort, str, bool] = ("relevance", "", False)
        self._shown: Filter | None = None
        self._counts = Facets()
        self._readmes = (0, 0)
        self.text = ""
        self.asking = Asking(session, self)
        self.rows = CatalogModel(lambda: session.db, self)
        self.table = CatalogTable(self.rows)
        self.facets = FacetRow(of_one=of_one)
        self.said = Elided("", "caption")
        self._card = ProblemCard()
        self._empty = EmptyPlace("catalog", " ", " ", " ", self._help)
        self._lay_out()
        self._changed = _timer(self, CHANGED_MILLISECONDS, self.ask)
        self._spoken = _timer(self, SPOKEN_MILLISECONDS, self._say)
        self._connect()
        if not of_one:
            self._restore()

    def _restore(self) -> None:
        """Begin as one left the list the last time, and remember what is changed in it."""
        prefs, table = self._session.prefs, self.table
        found = keeping.kept(prefs)
        self._sort = keeping.order(found.get("sort"))
        table.widths = keeping.widths(found.get("widths"))
        self.facets.restore(found)
        self.facets.changed.connect(lambda: keeping.keep(prefs, **self.facets.state))
        table.widened.connect(lambda: keeping.keep(prefs, widths=table.widths))
        table.sorted_by.connect(lambda *_: keeping.keep(prefs, sort=self._sort))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.facets)
        said = QHBoxLayout()
        said.setContentsMargins(24 if self._of_one else 14, 0, 14, 6)
        said.addWidget(self.said)
        column.addLayout(said)
        column.addWidget(self._card)
        below = QWidget()
        self._layers = QStackedLayout(below)
        self._layers.addWidget(self.table)
        self._layers.addWidget(self._empty)
        column.addWidget(below, 1)

    def _connect(self) -> None:
        session = self._session
        self.facets.changed.connect(self.ask)
        self.asking.found.connect(self._found)
        self.asking.completed.connect(self._completed)
        self.asking.counted.connect(self._counted)
        self.asking.searched.connect(self._searched)
        self.asking.failed.connect(self._failed)
        self.table.sorted_by.connect(self._sorted)
        self.table.copied.connect(self._copy)
        self.table.menu_asked.connect(self._show_menu)
        session.catalog_changed.connect(self._grow_old)
        session.registries_changed.connect(self._grow_old)
        session.listed_changed.connect(lambda _registry: self._spoken.start())
        session.ready.connect(self.ask)

    # Asking

    @property
    def is_current(self) -> bool:
        """Whether what is shown is what is wanted now."""
        return self._shown is not None and self._shown == self._filter()

    def search(self, text: str) -> None:
        """Look for a text; the best hit is shown first, not the place where one was before."""
        other, self.text = text != self.text, text
        if other:
            self.table.clearSelection()
            self.table.scrollToTop()
        if other or not self.is_current:
            self.ask()

    def begin_anew(self) -> None:
        """Forget what was chosen and sorted: other registries are looked at."""
        self.text, self._sort, self._shown = "", ("relevance", "", False), None
        self._counts = Facets()
        self.facets.forget()
        self.rows.show_ids(array("q"), False)
        self.table.scrollToTop()

    def _grow_old(self, registry: str = "") -> None:
        """Ask again soon; during a long synchronization now and then, not only at its end."""
        visible = tuple(row.id for row in self._registries())
        if registry and registry not in visible:
            return
        if not self.isVisible():
            self._shown = None
        elif self._shown is not None and self._shown.registries != visible:
            # What is shown belongs to another environment, or to a registry that is gone.
            self._changed.stop()
            self.ask()
        elif not self._changed.isActive():
            self._changed.start()

    def _filter(self) -> Filter:
        facets = self.facets
        visible = [row.id for row in self._registries()]
        facets.registries.keep(visible)
        every = facets.every.isChecked()
        sort, column, descending = self._sort
        return Filter(
            tuple(visible),
            self.text,
            tuple(sorted(facets.kinds.chosen)),
            tuple(sorted(facets.registries.chosen)),
            deprecated=facets.deprecated.isChecked(),
            prereleases=facets.previews.isChecked(),
            rows="versions" if every else "artifacts",
            sort=sort,
            descending=descending,
            facets=facets.chosen_values,
            column=column,
        )

    def ask(self) -> None:
        """Ask the store once more."""
        if self._session.db is None:
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
            self.table.chosen.emit()
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
        self._counts = found
        names = {row.id: row.name for row in self._registries()}
        there = kinds(self._session)
        shown = self._kinds(wanted)
        one = {key: there[key] for key in shown if key in there and len(shown) == 1}
        offered = facet_titles(one)
        self.facets.show_facets(found, {k: v.title for k, v in there.items()}, names, offered)
        # Other columns are a new table to Qt: it forgets which row was chosen.
        kept, top = self.table.row, self.table.top_id
        if self._arrange_columns(wanted):
            self.table.stay(kept.id if kept is not None else 0, top)
            self.table.chosen.emit()
        self._say()

    def _searched(self, there: int, missing: int) -> None:
        self._readmes = (there, missing)
        self._say()

    def _failed(self, error: Exception) -> None:
        self._card.show_problem(Problem.of(error), ((self.tr("Try again"), self.ask),))

    # What is shown

    def _kinds(self, wanted: Filter) -> tuple[str, ...]:
        """Return the kinds of what is shown, as far as that was counted."""
        return wanted.kinds or tuple(self._counts.kinds)

    def _arrange_columns(self, wanted: Filter) -> bool:
        """Show the columns of the kind, where there is only one to be seen."""
        seen, there = self._kinds(wanted), kinds(self._session)
        arranged = columns.of_versions if wanted.rows == "versions" else columns.of_artifacts
        names = {key: kind.title for key, kind in there.items()}
        only = self._with_values(there[seen[0]]) if len(seen) == 1 and seen[0] in there else None
        shown = arranged(only, names, with_kind=len(seen) > 1)
        left_out = ("registry",) if self._of_one else ()
        self.rows.with_fips = with_fips(self._session)
        fresh = self.rows.show_columns([each for each in shown if each.key not in left_out])
        if fresh:
            self.table.fit_columns()
        return fresh

    def _with_values(self, kind: ArtifactKind) -> ArtifactKind:
        """Return the kind without columns that nothing here has a value for, as far as counted."""
        values = self._counts.values
        kept = [c for c in kind.columns if not (self._counts.kinds and c.facet) or c.key in values]
        return msgspec.structs.replace(kind, columns=tuple(kept))

    def _say(self) -> None:
        wanted, session = self._shown, self._session
        if wanted is None or not len(self.rows.ids):
            self.said.setText("")
            return
        number, rows = len(self.rows.ids), self._registries()
        said = saying.summary(wanted, number, self._counts, rows, self._readmes, session.now())
        self.said.setText(said)
        self.said.update()

    def _show_empty(self) -> None:
        empty = self._emptiness(self.text, self.facets.narrowed)
        self._empty.set_words(empty.title, empty.text)
        if self._empty.button is not None:
            self._empty.button.setText(empty.action)
            self._empty.button.setVisible(bool(empty.action))
            self._empty.button.setObjectName("catalog-help")
        self._layers.setCurrentWidget(self._empty)
        self.said.setText("")

    def _help(self) -> None:
        if self.facets.narrowed:
            self.facets.clear.click()
        else:
            self.help_asked.emit()

    def _sorted(self, by: CatalogColumn | None, descending: bool) -> None:
        if by is None or by.sort is None:
            self._sort = ("relevance", "", False)
        else:
            self._sort = (by.sort, by.column, descending)
        self.table.scrollToTop()
        self.ask()

    # One of the rows

    @property
    def chosen(self) -> tuple[int, int]:
        """The chosen row as artifact and version, which is 0 for the latest; 0 twice for none."""
        row = self.table.row
        if row is None:
            return 0, 0
        return (row.artifact_id, row.id) if isinstance(row, VersionLine) else (row.id, 0)

    def _copy(self) -> None:
        """Copy the reference of the chosen row."""
        row, db = self.table.row, self._session.db
        entry = self._session.one(row.registry_id) if row is not None else None
        text = reference_of(db, entry.row, *self.chosen) if db is not None and entry else ""
        if text:
            QGuiApplication.clipboard().setText(text)
            self._session.tell(self.tr("Reference copied."))

    def _show_menu(self, place: QPoint) -> None:
        """Offer for the chosen row what its panel offers."""
        row = self.table.row
        if row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open"), self.table.opened.emit)
        menu.addAction(self.tr("Copy reference"), self._copy)
        if not self._of_one:
            to = Destination("registries", row.registry_id)
            shown = self.tr("Open the registry {0}").format(columns.one_line(row.registry))
            menu.addAction(menu_text(shown), lambda: self._session.go(to))
        menu.popup(place)


def _timer(owner: ArtifactList, milliseconds: int, act: Callable[[], object]) -> QTimer:
    made = QTimer(owner)
    made.setSingleShot(True)
    made.setInterval(milliseconds)
    made.timeout.connect(act)
    return made
