"""The catalog's questions to the store: the newest counts, what was asked before is withdrawn."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.store import browse
from desktop.store.browse import Facets, Filter, Page
from desktop.store.query import Query, Stopped
from desktop.store.search import search
from desktop.ui.session import Session
from desktop.ui.tasks import Latest

FIRST = 100
FACETS_MILLISECONDS = 120


class Asking(QObject):
    """Asks for the first rows, then for all ids; for facets too, when typing rests for a moment."""

    found = Signal(object, object)
    """A `Filter` and the ids of its rows, all of them or, at first, some."""
    completed = Signal(object)
    """All ids of a `Filter` were told."""
    counted = Signal(object, object)
    """A `Filter` and its `Facets`."""
    searched = Signal(int, int)
    """How many READMEs could be searched, and how many are not here."""
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._rows, self._facets = Query(), Query()
        self._asked, self._asked_facets, self._asked_readmes = Latest(), Latest(), Latest()
        self._wanted: Filter | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._ask_facets)

    def ask(self, wanted: Filter) -> None:
        """Ask for the rows of a filter instead of those that were asked for before."""
        db = self._session.db
        self._rows.stop()
        self._facets.stop()
        if db is None:
            return
        query = self._rows = Query()
        typing = self._wanted is not None and self._wanted.query != wanted.query
        self._wanted = wanted

        def first() -> Page:
            return browse.first(db, wanted, FIRST, query)

        def answered(page: Page) -> None:
            self.found.emit(wanted, page.ids)
            if page.complete:
                self.completed.emit(wanted)
            else:
                self._ask_all(wanted, query)

        task = self._session.tasks.ask(self, first, answered, self._trouble)
        self._asked.of(task)
        self._soon.start(FACETS_MILLISECONDS if typing else 0)

    def _ask_all(self, wanted: Filter, query: Query) -> None:
        db = self._session.db
        if db is None:
            return

        def answered(ids: object) -> None:
            self.found.emit(wanted, ids)
            self.completed.emit(wanted)

        task = self._session.tasks.ask(
            self, lambda: browse.ids(db, wanted, query), answered, self._trouble
        )
        self._asked.of(task)

    def _ask_facets(self) -> None:
        db, wanted = self._session.db, self._wanted
        if db is None or wanted is None:
            return
        query = self._facets = Query()

        def answered(facets: Facets) -> None:
            self.counted.emit(wanted, facets)

        task = self._session.tasks.ask(
            self, lambda: browse.facets(db, wanted, query), answered, self._trouble
        )
        self._asked_facets.of(task)
        registries = wanted.looked_in

        def readmes() -> tuple[int, int]:
            # Without a word nothing is found, but it is told what could be searched.
            found = search(db, "", registries)
            return found.readmes, found.readmes_missing

        task = self._session.tasks.ask(
            self, readmes, lambda counts: self.searched.emit(*counts), self._trouble
        )
        self._asked_readmes.of(task)

    def _trouble(self, error: Exception) -> None:
        if not isinstance(error, Stopped):
            self.failed.emit(error)
