"""The Changes page: over all registries, what was added, removed, moved, since when."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.engine import words
from desktop.store import news
from desktop.store.news import RunNews, Wanted
from desktop.ui.changes.delegate import ChangesDelegate
from desktop.ui.changes.model import BATCH, ChangesModel
from desktop.ui.destination import Destination
from desktop.ui.icons import icon
from desktop.ui.parts.buttons import button
from desktop.ui.parts.changes import CHANGE_ICONS, CHANGE_WORDS, how_many
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.page import Page
from desktop.ui.parts.text import label
from desktop.ui.session import Session
from desktop.ui.sheet import styled
from desktop.ui.tasks import Latest

DAY = 24 * 3600.0
TYPING_MILLISECONDS = 150
NARROW = 1080
"""Below this width the kinds of changes stand on a line of their own."""
_PERIODS = (
    ("Since you last looked", None),
    ("Last 24 hours", DAY),
    ("Last 7 days", 7 * DAY),
    ("Last 30 days", 30 * DAY),
    ("Everything", 0.0),
)


class ChangesPage(Page):
    """The ledger, filtered by kind, time and text; Enter opens the artifact."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._asked, self._counted = Latest(), Latest()
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 24, 0, 0)
        column.setSpacing(10)
        column.addLayout(self._top())
        column.addLayout(self._filters())
        self._model = ChangesModel(self._more, self)
        self._list = QListView()
        self._list.setObjectName("changes")
        self._list.setAccessibleName(self.tr("Changes"))
        self._list.setModel(self._model)
        self._list.setItemDelegate(ChangesDelegate(self._list))
        self._list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._list.setMouseTracking(True)
        self._list.activated.connect(self._open)
        self._empty = EmptyPlace("changes", "", "")
        layers = QWidget()
        self._layers = QStackedLayout(layers)
        self._layers.addWidget(self._list)
        self._layers.addWidget(self._empty)
        column.addWidget(layers, 1)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MILLISECONDS)
        self._typing.timeout.connect(self._show)
        session.registries_changed.connect(self._again)
        session.run_ended.connect(lambda _event: self._again())

    def _top(self) -> QHBoxLayout:
        line = QHBoxLayout()
        # As far in as the text of the list.
        line.setContentsMargins(12, 0, 26, 0)
        words_column = QVBoxLayout()
        words_column.setSpacing(2)
        words_column.addWidget(label(self.tr("Changes"), "title"))
        self._summary = label("", "secondary")
        words_column.addWidget(self._summary)
        self._seen = button(self.tr("Mark as seen"), self._mark)
        self._seen.setObjectName("mark-seen")
        line.addLayout(words_column, 1)
        line.addWidget(self._seen)
        return line

    def _filters(self) -> QBoxLayout:
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._lines.setContentsMargins(12, 0, 26, 0)
        self._lines.setSpacing(8)
        line = QHBoxLayout()
        line.setSpacing(6)
        self._filter = QLineEdit()
        self._filter.setObjectName("filter-changes")
        self._filter.setPlaceholderText(self.tr("Filter by name…"))
        self._filter.setAccessibleName(self.tr("Filter changes by name"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setMaximumWidth(240)
        self._filter.textChanged.connect(lambda _text: self._typing.start())
        self._period = QComboBox()
        self._period.setObjectName("period")
        self._period.setAccessibleName(self.tr("Period"))
        for title, _ in _PERIODS:
            self._period.addItem(self.tr(title))
        self._period.setCurrentIndex(len(_PERIODS) - 1)
        self._period.currentIndexChanged.connect(lambda _place: self._show())
        self._filter.setMinimumWidth(200)
        self._period.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        line.addWidget(self._filter, 1)
        line.addWidget(self._period)
        line.addStretch(0)
        self._lines.addLayout(line)
        self._lines.addLayout(self._chips())
        self._lines.addStretch(1)
        return self._lines

    def _chips(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(6)
        self._kinds: dict[str, QToolButton] = {}
        for change, (symbol, level) in CHANGE_ICONS.items():
            chip = styled(QToolButton(), "chip-symbol")
            chip.setText(CHANGE_WORDS[change].capitalize())
            chip.setIcon(icon(symbol, level))
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setCheckable(True)
            chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            chip.setAccessibleName(self.tr("Only: {kind}").format(kind=CHANGE_WORDS[change]))
            chip.toggled.connect(lambda _down: self._show())
            self._kinds[change] = chip
            line.addWidget(chip)
        line.addStretch(1)
        return line

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        narrow = self.width() < NARROW
        self._lines.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)

    def go(self, to: Destination) -> None:
        if to.text:
            self._filter.setText(to.text)
        if to.tab == "new":
            self._period.setCurrentIndex(0)
        self._show()
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_filter(self) -> None:
        self._filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._filter.selectAll()

    def refresh(self) -> None:
        self._show()

    def _again(self) -> None:
        if self.isVisible():
            self._show()

    def _wanted(self) -> Wanted:
        session = self.session
        _, length = _PERIODS[self._period.currentIndex()]
        if length is None:
            since = session.app.looked() if session.is_ready else None
        else:
            since = session.now() - length if length else None
        return Wanted(
            tuple(row.id for row in session.registries(hidden=True)),
            tuple(change for change, chip in self._kinds.items() if chip.isChecked()),
            self._filter.text().strip(),
            since,
        )

    def _show(self) -> None:
        db = self.session.db
        self._seen.setEnabled(self.session.writable)
        if db is None:
            self._fill([])
            return
        wanted = self._wanted()
        tasks = self.session.tasks
        self._asked.of(tasks.ask(self, lambda: news.news(db, wanted, limit=BATCH), self._fill))
        # Counting a long ledger takes longer than reading its first page.
        self._counted.of(tasks.ask(self, lambda: news.count_since(db, wanted), self._sum_up))

    def _sum_up(self, counts: dict[str, int]) -> None:
        self._summary.setText(how_many(counts))

    def _fill(self, runs: list[RunNews]) -> None:
        self._model.begin(runs, self.session.now())
        self._layers.setCurrentIndex(0 if runs else 1)
        if runs:
            return
        looked = self.session.app.looked() if self.session.is_ready else None
        if self._period.currentIndex() == 0 and looked is not None:
            said = self.tr("Nothing changed upstream since {when}.")
            said = said.format(when=words.ago(looked, self.session.now()))
        else:
            said = self.tr(
                "Every synchronization writes down here what was added, removed, or replaced "
                "under the same version."
            )
        self._empty.set_words(self.tr("No changes to show"), said)

    def _more(self, before: int | None) -> None:
        db = self.session.db
        if db is None:
            return
        wanted = self._wanted()
        self._asked.of(
            self.session.tasks.ask(
                self,
                lambda: news.news(db, wanted, before=before, limit=BATCH),
                self._model.go_on,
            )
        )

    def _open(self, index: QModelIndex) -> None:
        row = self._model.row(index)
        if row is None:
            return
        if row.line is not None and row.line.artifact_id is not None:
            self.session.go(Destination("catalog", artifact=row.line.artifact_id, tab="history"))
        else:
            self.session.go(Destination("registries", row.run.registry_id, tab="changes"))

    def _mark(self) -> None:
        app = self.session.app
        self.session.tasks.run(
            self,
            lambda: app.mark_looked(app.clock.now()),
            lambda _none: self.session.tell(self.tr("Marked as seen.")),
        )
