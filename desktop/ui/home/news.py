"""What changed upstream since somebody last looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.destination import Destination
from desktop.ui.parts.buttons import button
from desktop.ui.parts.changes import ChangeLine, how_many
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.text import label
from desktop.ui.session import Session
from desktop.ui.tasks import Latest

if TYPE_CHECKING:
    from desktop.store.news import Line, RunNews
    from desktop.store.values import RegistryRow

MOST = 6


class NewsList(QWidget):
    """Counts by kind of change, the newest few, and the way to all of them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._asked = Latest()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._title = label(self.tr("Changed since you last looked"), "section")
        self._summary = label("", "secondary", wrap=True)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        buttons = QHBoxLayout()
        buttons.setSpacing(16)
        self._all = button(
            self.tr("All changes"), lambda: session.go(Destination("changes")), kind="link"
        )
        self._seen = button(self.tr("Mark as seen"), self._mark, kind="link")
        self._seen.setObjectName("mark-seen")
        buttons.addWidget(self._all)
        buttons.addWidget(self._seen)
        buttons.addStretch(1)
        column.addWidget(self._title)
        column.addWidget(self._summary)
        column.addLayout(self._rows)
        column.addLayout(buttons)

    def show_news(self, rows: Sequence[RegistryRow]) -> None:
        """Ask the ledger, beside the window, what is new in these registries."""
        from desktop.store import news
        from desktop.store.news import Wanted

        app = self._session.app
        since = app.looked()
        wanted = Wanted(tuple(row.id for row in rows), since=since)

        def question() -> tuple[dict[str, int], list[RunNews]]:
            return news.count_since(app.db, wanted), news.news(app.db, wanted, limit=MOST)

        def answered(found: tuple[dict[str, int], list[RunNews]]) -> None:
            self._fill(*found, since)

        self._asked.of(self._session.tasks.ask(self, question, answered))

    def _fill(self, counts: dict[str, int], newest: list[RunNews], since: float | None) -> None:
        clear(self._rows)
        total = sum(counts.values())
        self._seen.setVisible(total > 0 and self._session.writable)
        now = self._session.now()
        when = words.ago(since, now) if since else ""
        if not total:
            said = self.tr("Nothing changed upstream.")
            self._summary.setText(f"{said} {self.tr('Last look')}: {when}" if when else said)
            return
        self._summary.setText(how_many(counts))
        lines = [(run, line) for run in newest for line in _telling(run)]
        for run, line in lines[:MOST]:
            self._rows.addWidget(ChangeLine(run, line, now))

    def _mark(self) -> None:
        app = self._session.app
        rows = self._session.registries()
        self._session.tasks.run(
            self, lambda: app.mark_looked(app.clock.now()), lambda _none: self.show_news(rows)
        )


def _telling(run: RunNews) -> tuple[Line, ...]:
    """Return the lines of a run that say most; a first run would say everything."""
    return run.lines if run.artifacts <= MOST else run.lines[:2]
