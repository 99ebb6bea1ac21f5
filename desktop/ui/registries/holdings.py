"""How much of each kind a registry holds, counted when somebody looks at it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from desktop.engine import words
from desktop.store import browse
from desktop.ui.catalog.kinds import kinds
from desktop.ui.session import Session
from desktop.ui.tasks import Latest

MOST_KINDS = 3


class Holdings(QObject):
    """Counts the registry that is looked at, and again once something was synchronized."""

    counted = Signal(str)
    """What is said of a registry, by its id, is known now, or other than before."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._registry = ""
        self._counts: Mapping[str, int] = {}
        self._asked = Latest()
        session.catalog_changed.connect(self._changed)

    def look_at(self, registry: str) -> None:
        """Count this registry, unless that was done."""
        if registry != self._registry:
            self._registry, self._counts = registry, {}
            self._count()

    def said(self, registry: str, most: int = MOST_KINDS) -> str:
        """Return how much there is of `most` kinds at most; empty while that was not counted."""
        if registry != self._registry:
            return ""
        return in_words(self._session, self._counts, most)

    def _changed(self, registry: str) -> None:
        if registry == self._registry:
            self._count()

    def _count(self) -> None:
        db, registry = self._session.db, self._registry
        if db is None:
            return
        wanted = browse.Filter((registry,), deprecated=True)

        def answered(found: browse.Facets) -> None:
            if found.kinds != self._counts:
                self._counts = found.kinds
                self.counted.emit(registry)

        self._asked.of(self._session.tasks.ask(self, lambda: browse.facets(db, wanted), answered))


def in_words(session: Session, counts: Mapping[str, int], most: int = MOST_KINDS) -> str:
    """Return counts by kind in words, such as `40 charts, 12 packs`, the most frequent first."""
    known = kinds(session)
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    shown = []
    for key, count in ordered:
        kind = known.get(key)
        one, many = (kind.title, kind.plural) if kind else (key, f"{key}s")
        shown.append(words.counted(count, _within(one), _within(many)))
    if len(shown) <= most:
        return ", ".join(shown)
    return f"{len(shown)} kinds: {', '.join(shown[:most])} …"


def _within(noun: str) -> str:
    """Return a title as it stands within a sentence; of several words the first is a name."""
    return noun if " " in noun else noun.lower()
