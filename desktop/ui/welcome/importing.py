"""Taking over what other tools on this machine know."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.destination import Destination
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import label
from desktop.ui.session import Session
from desktop.ui.welcome.step import Step

if TYPE_CHECKING:
    from desktop.engine.drafts import Place
    from desktop.engine.elsewhere import Candidate, Trouble


class ImportStep(Step):
    """A ticked list of what was found; logins are named, and never shown."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._ticks: list[tuple[QCheckBox, Candidate]] = []
        self._files: set[str] = set()
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 12, 0)
        self._column.setSpacing(4)
        self._column.addWidget(label(self.tr("Import what I have"), "title"))
        self._said = label(
            self.tr("Looking at what other tools left on this machine…"), "secondary"
        )
        self._said.setWordWrap(True)
        self._column.addWidget(self._said)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setAccessibleName(self.tr("Looking"))
        self._column.addWidget(self._busy)
        self._column.addSpacing(8)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        place = self._place()
        elsewhere = session.app.elsewhere
        session.tasks.stream(
            self, lambda: elsewhere.find(place), self._found, self._ended, self._failed
        )

    def _place(self) -> Place:
        from desktop.engine.drafts import Place

        environments = self._session.app.environments
        environment = environments.all()[0]
        return Place(environment, environments.tenants(environment)[0])

    @property
    def summary(self) -> str:
        count = len(self._chosen())
        if not count:
            return ""
        counted = words.counted(count, "registry", "registries")
        return f"Start adds and synchronizes {counted}."

    @property
    def valid(self) -> bool:
        return bool(self._chosen())

    def _chosen(self) -> list[Candidate]:
        return [candidate for tick, candidate in self._ticks if tick.isChecked()]

    def _found(self, found: Candidate | Trouble) -> None:
        from desktop.engine.elsewhere import Trouble

        if isinstance(found, Trouble):
            card = ProblemCard("attention")
            self._insert(card)
            card.show_problem(Problem.of(found.error))
            return
        if found.file not in self._files:
            self._files.add(found.file)
            self._insert(label(f"{found.tool} · {found.file}", "group"))
        if found.name:
            self._insert(self._row(found))
        for note in found.notes:
            self._insert(self._aside(note))

    def _row(self, found: Candidate) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 2, 0, 4)
        column.setSpacing(0)
        tick = QCheckBox(found.name.replace("&", "&&"))
        fresh = found.can_be_taken and found.same_as is None and not found.repeats
        tick.setEnabled(found.can_be_taken)
        tick.setChecked(fresh)
        said = self._words(found)
        tick.setAccessibleDescription(said)
        tick.toggled.connect(lambda _down: self.changed.emit())
        self._ticks.append((tick, found))
        text = label(said, "secondary", wrap=True)
        text.setContentsMargins(26, 0, 0, 0)
        column.addWidget(tick)
        column.addWidget(text)
        for problem in found.problems:
            column.addWidget(self._aside(f"{problem.message} {problem.remedy}".strip()))
        return row

    def _words(self, found: Candidate) -> str:
        parts = [found.endpoint or found.title]
        if found.user:
            parts.append(self.tr("signs in as {user}").format(user=found.user))
        if found.secret_labels:
            secrets = ", ".join(name.lower() for name in found.secret_labels)
            parts.append(self.tr("comes with: {secrets}").format(secrets=secrets))
        if found.same_as is not None:
            parts.append(self.tr("already here as {name}").format(name=found.same_as.name))
        if found.repeats:
            parts.append(self.tr("the same as {name}").format(name=found.repeats))
        return " · ".join(parts)

    def _aside(self, text: str) -> QWidget:
        made = label(text, "attention", wrap=True)
        made.setContentsMargins(26, 0, 0, 4)
        return made

    def _insert(self, widget: QWidget) -> None:
        self._column.insertWidget(self._column.count() - 1, widget)
        self.changed.emit()

    def _ended(self) -> None:
        self._busy.hide()
        count = len(self._ticks)
        if count:
            trusted = self._session.app.vault
            self._session.tasks.run(
                self, lambda: (trusted.trouble, trusted.place), lambda told: self._say(*told)
            )
        else:
            self._said.setText(
                self.tr(
                    "No other tool on this machine knows a registry, or none that could be read. "
                    "Go back to set up your own."
                )
            )
        self.changed.emit()

    def _say(self, trouble: str, place: str) -> None:
        """Say what happens to what is ticked, and where its passwords are kept."""
        said = self.tr("Ticked ones are added here. Their passwords go to {place}.")
        if trouble:
            said = self.tr(
                "Ticked ones are added here. {why}, so their passwords are kept only until the "
                "program ends."
            )
        why = trouble[:1].upper() + trouble[1:]
        self._said.setText(said.format(place=place, why=why))

    def _failed(self, error: Exception) -> None:
        self._ended()
        card = ProblemCard()
        self._insert(card)
        card.show_problem(Problem.of(error))

    def start(
        self, done: Callable[[Destination], None], failed: Callable[[Exception], None]
    ) -> None:
        app, place, chosen = self._session.app, self._place(), self._chosen()

        def work() -> None:
            for candidate in chosen:
                row, _ = app.elsewhere.take(candidate, place)
                app.synchronize(row)

        self._session.tasks.run(self, work, lambda _none: done(Destination("registries")), failed)
