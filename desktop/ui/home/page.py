"""Home: what needs attention, what changed since you last looked, what runs next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.actions import RegistryActions
from desktop.ui.destination import Destination
from desktop.ui.home.attention import AttentionList
from desktop.ui.home.coming import ComingList
from desktop.ui.home.news import NewsList
from desktop.ui.parts.buttons import button
from desktop.ui.parts.empty import EmptyPlace
from desktop.ui.parts.page import Page
from desktop.ui.parts.text import label
from desktop.ui.session import Listed, Session

if TYPE_CHECKING:
    from desktop.engine.attention import Attention

WIDEST = 760
SOON_MILLISECONDS = 300


class HomePage(Page):
    """Three lists in one column; each says so where there is nothing to tell."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._actions = RegistryActions(session)
        self._attention = AttentionList(self._act, lambda: session.go(Destination("registries")))
        self._news = NewsList(session)
        self._coming = ComingList(session)
        self._title = label("", "title")
        self._line = label("", "secondary")
        self._all = button(self.tr("Synchronize what is due"), self.refresh, symbol="sync")
        self._all.setObjectName("sync-due")
        self._all.setEnabled(False)
        self._layers = QStackedLayout(self)
        self._layers.addWidget(self._column())
        self._layers.addWidget(
            EmptyPlace(
                "registries",
                self.tr("No registries yet"),
                self.tr(
                    "Add the registries that feed your platforms. What they hold can then be "
                    "searched here, with and without a network."
                ),
                self.tr("Add a registry"),
                lambda: session.go(Destination("registries", adding=True)),
            )
        )
        self._layers.addWidget(
            EmptyPlace(
                "sync",
                self.tr("The demo starts"),
                self.tr(
                    "Its servers run on this machine. What they hold appears here in a moment."
                ),
            )
        )
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MILLISECONDS)
        self._soon.timeout.connect(self._show)
        for signal in (session.ready, session.registries_changed, session.settings_changed):
            signal.connect(self._changed)
        session.listed_changed.connect(lambda _registry: self._changed())
        session.run_ended.connect(lambda _event: self._changed())

    def _column(self) -> QScrollArea:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(32, 24, 32, 32)
        column.setSpacing(8)
        top = QHBoxLayout()
        words_column = QVBoxLayout()
        words_column.setSpacing(2)
        words_column.addWidget(self._title)
        words_column.addWidget(self._line)
        top.addLayout(words_column, 1)
        top.addWidget(self._all)
        column.addLayout(top)
        for part in (self._attention, self._news, self._coming):
            column.addSpacing(20)
            column.addWidget(part)
        column.addStretch(1)
        inner.setMaximumWidth(WIDEST + 64)
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(inner, 1)
        line.addStretch(0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(holder)
        return area

    def go(self, to: Destination) -> None:
        self._show()

    def refresh(self) -> None:
        """Synchronize what is due."""
        app = self.session.app
        due = [row for row in self.session.registries() if app.due(row)]
        if due:
            self._actions.sync(due)
        else:
            self.session.tell(self.tr("Nothing is due."))

    def _changed(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _show(self) -> None:
        session = self.session
        listed = session.listed()
        own = [entry for entry in listed if entry.row.default_id is None]
        asked = own or any(
            entry.row.last_attempt is not None or entry.activity != "idle" for entry in listed
        )
        self._layers.setCurrentIndex(0 if asked else 2 if session.demo and not listed else 1)
        self._all.setEnabled(session.writable)
        locked = session.is_ready and not session.writable
        self._all.setToolTip(self.tr("Another program has this data open.") if locked else "F5")
        self._title.setText(self._headline(listed))
        self._line.setText(self._summary(listed))
        self._attention.show_attention(self._needs(listed), {e.row.id: e for e in listed})
        if session.is_ready:
            self._news.show_news([entry.row for entry in listed])
            self._news.setVisible(any(entry.row.last_success is not None for entry in listed))
            resting = [entry.row for entry in listed if entry.activity == "idle"]
            coming = session.app.coming(resting)
            self._coming.show_coming(coming)
            # When those come again that run now, nobody knows before they are done.
            self._coming.setVisible(bool(coming) or len(resting) == len(listed))

    def _needs(self, listed: Sequence[Listed]) -> Sequence[Attention]:
        if not self.session.is_ready:
            return ()
        return self.session.app.attention([entry.row for entry in listed])

    def _headline(self, listed: Sequence[Listed]) -> str:
        asking = sum(entry.asks for entry in listed)
        if asking:
            needs = self.tr("needs attention") if asking == 1 else self.tr("need attention")
            return f"{words.counted(asking, 'registry', 'registries')} {needs}"
        busy = sum(entry.activity != "idle" for entry in listed)
        if busy:
            return f"Synchronizing {words.counted(busy, 'registry', 'registries')}"
        if all(entry.row.last_success is None for entry in listed):
            return self.tr("Nothing was synchronized yet")
        return self.tr("Everything is as it should be")

    def _summary(self, listed: Sequence[Listed]) -> str:
        read = [entry.row for entry in listed if entry.row.last_success is not None]
        if not read:
            waiting = words.counted(len(listed), "registry", "registries")
            return f"{waiting}, of which nothing is known yet"
        artifacts = words.counted(sum(row.artifacts for row in read), "artifact")
        versions = words.counted(sum(row.versions for row in read), "version")
        asked = [e for e in listed if e.row.default_id is None or e.row.last_attempt is not None]
        registries = words.counted(len(asked), "registry", "registries")
        return f"{registries} · {artifacts} · {versions}"

    def _act(self, entry: Attention) -> None:
        """Do what an attention row's button says."""
        listed = self.session.one(entry.registry_id)
        if listed is None:
            return
        go, row = self.session.go, listed.row
        if entry.action == "sync":
            self._actions.sync([row])
        elif entry.action == "plugins":
            go(Destination("settings", tab="plugins"))
        elif entry.action == "review":
            go(Destination("registries", row.id, tab="review"))
        elif entry.action in ("sign-in", "edit"):
            go(Destination("registries", row.id, tab="edit"))
        elif entry.action == "check":
            go(Destination("registries", row.id, tab="check"))
        else:
            go(Destination("registries", row.id))
