"""The first run: try it, take over what is there, or begin with one's own."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop.ui.destination import Destination
from desktop.ui.parts.buttons import button
from desktop.ui.parts.cards import CardButton
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import hairline, label
from desktop.ui.session import Session
from desktop.ui.welcome.step import Step

WIDEST = 640


class WelcomePage(QStackedWidget):
    """Covers the window until something was chosen. Nothing is contacted before Start."""

    demo_asked = Signal()
    done = Signal(object)
    """The first run is over; go to this `Destination`."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._column = QVBoxLayout()
        self._cards: list[CardButton] = []
        self._asked: QWidget | None = None
        self.addWidget(_centered(self._choices()))
        session.ready.connect(self._ready)
        self._ready()

    def _choices(self) -> QWidget:
        page = QWidget()
        column = self._column
        page.setLayout(column)
        column.setContentsMargins(0, 32, 0, 32)
        column.setSpacing(12)
        column.addStretch(2)
        column.addWidget(label(self.tr("Registry Desktop"), "title"))
        text = self.tr(
            "The registries that feed your Kubernetes platforms, in one place: searchable "
            "without a network, with a record of what changed upstream."
        )
        column.addWidget(label(text, "secondary", wrap=True))
        column.addSpacing(12)
        for name, symbol, title, said, act in (
            (
                "try-demo",
                "demo",
                self.tr("Try the demo"),
                self.tr(
                    "Built-in registries on this machine, with what goes wrong in life. "
                    "No network, no account, and nothing of it is kept."
                ),
                self.demo_asked.emit,
            ),
            (
                "import",
                "import",
                self.tr("Import what I have"),
                self.tr(
                    "Take over the registries that other tools on this machine know. "
                    "Logins are shown; passwords go to the keyring."
                ),
                self._import,
            ),
            (
                "set-up-own",
                "registries",
                self.tr("Set up my own"),
                self.tr(
                    "Say what your registries feed, and choose among the default registries "
                    "that come with it."
                ),
                self._own,
            ),
        ):
            card = CardButton(symbol, title, said)
            card.setObjectName(name)
            card.clicked.connect(lambda _=False, act=act: act())
            self._cards.append(card)
            column.addWidget(card)
        line = QHBoxLayout()
        skip = button(self.tr("Start with an empty list"), self._skip, kind="link")
        skip.setObjectName("start-empty")
        line.addWidget(skip)
        line.addStretch(1)
        line.addWidget(label(self.tr("Nothing is contacted before you say Start."), "caption"))
        column.addLayout(line)
        column.addStretch(3)
        return page

    def _ready(self) -> None:
        # The demo needs nothing of this data directory; the others write into it.
        for card in self._cards[1:]:
            card.setEnabled(self._session.writable)
        if self._cards and not self._cards[0].hasFocus():
            self._cards[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def _import(self) -> None:
        from desktop.ui.welcome.importing import ImportStep

        self._step(ImportStep(self._session))

    def _own(self) -> None:
        from desktop.ui.welcome.own import OwnStep

        self._step(OwnStep(self._session))

    def _skip(self) -> None:
        self.done.emit(Destination("home"))

    def _step(self, step: Step) -> None:
        """Show a step of several lines with Back and Start below it."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 32, 0, 24)
        column.setSpacing(12)
        column.addWidget(step, 1)
        trouble = ProblemCard()
        column.addWidget(trouble)
        column.addWidget(hairline())
        line = QHBoxLayout()
        back = button(self.tr("Back"), self._back)
        back.setObjectName("back")
        back.setShortcut("Esc")
        start = button(self.tr("Start"), kind="primary")
        start.setObjectName("start")
        said = label("", "caption", wrap=True)
        line.addWidget(back)
        line.addWidget(said, 1)
        line.addWidget(start)
        column.addLayout(line)

        def failed(error: Exception) -> None:
            start.setEnabled(True)
            trouble.show_problem(Problem.of(error))

        def begin() -> None:
            start.setEnabled(False)
            trouble.hide()
            step.start(self.done.emit, failed)

        start.clicked.connect(begin)

        def follow() -> None:
            said.setText(step.summary)
            start.setEnabled(step.valid)

        step.changed.connect(follow)
        follow()
        self._asked = self.focusWidget()
        whole = _centered(page, stretch=True)
        self.addWidget(whole)
        self.setCurrentWidget(whole)
        step.setFocus(Qt.FocusReason.OtherFocusReason)

    def _back(self) -> None:
        whole = self.currentWidget()
        self.setCurrentIndex(0)
        if self._asked is not None:
            self._asked.setFocus(Qt.FocusReason.OtherFocusReason)
        if whole is not None:
            self.removeWidget(whole)
            whole.deleteLater()


def _centered(page: QWidget, *, stretch: bool = False) -> QWidget:
    """Return the page in the middle, scrolled where the window is low."""
    page.setMaximumWidth(WIDEST)
    holder = QWidget()
    line = QHBoxLayout(holder)
    line.setContentsMargins(24, 0, 24, 0)
    line.addStretch(1)
    line.addWidget(page, 100)
    line.addStretch(1)
    if stretch:
        return holder
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(holder)
    return area
