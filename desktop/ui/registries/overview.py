"""Overview: how the registry is, what it needs, what changed last, and its facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.parts.buttons import button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.facts import Facts
from desktop.ui.parts.problem import ProblemCard
from desktop.ui.parts.text import label
from desktop.ui.registries import sentences
from desktop.ui.registries.commands import Command, RegistryCommands
from desktop.ui.registries.problems import buttons_for, problem_of
from desktop.ui.session import Listed, Session
from desktop.ui.tasks import Latest

if TYPE_CHECKING:
    from desktop.engine.attention import Attention
    from desktop.ui.registries.holdings import Holdings
    from desktop.ui.registries.known import Known

WIDEST = 720
MOST_KINDS = 20


class OverviewTab(QScrollArea):
    """The first tab of a registry."""

    def __init__(
        self,
        session: Session,
        commands: RegistryCommands,
        show_tab: Callable[[str], object],
        holdings: Holdings,
    ) -> None:
        super().__init__()
        self._holdings = holdings
        self._session = session
        self._commands = commands
        self._show_tab = show_tab
        self._entry: Listed | None = None
        self._known: Known | None = None
        self._shown_changes: object = None
        self._asked = Latest()
        self.setWidgetResizable(True)
        self.setAccessibleName(self.tr("Overview"))
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 20, 24, 32)
        column.setSpacing(8)
        self._problem = ProblemCard("attention")
        self._problem.setObjectName("registry-problem")
        self._sentence = label("", wrap=True, select=True)
        self._first = button(self.tr("Synchronize now"), self._begin, kind="primary")
        self._first.setObjectName("sync-first")
        first = QHBoxLayout()
        first.addWidget(self._first)
        first.addStretch(1)
        self._changes_title = label(self.tr("Last changes"), "section")
        self._changes = QVBoxLayout()
        self._changes.setSpacing(0)
        self._all = button(self.tr("All changes"), lambda: self._show_tab("changes"), kind="link")
        self._facts_title = label(self.tr("About"), "section")
        self._facts = Facts()
        self._origin_title = label(self.tr("Where it comes from"), "section")
        self._origin = Facts()
        column.addWidget(self._problem)
        column.addSpacing(4)
        column.addWidget(self._sentence)
        column.addLayout(first)
        column.addSpacing(16)
        column.addWidget(self._changes_title)
        column.addLayout(self._changes)
        column.addWidget(self._all)
        column.addSpacing(16)
        column.addWidget(self._facts_title)
        column.addSpacing(4)
        column.addWidget(self._facts)
        column.addSpacing(16)
        column.addWidget(self._origin_title)
        column.addSpacing(4)
        column.addWidget(self._origin)
        column.addStretch(1)
        inner.setMaximumWidth(WIDEST + 48)
        self.setWidget(inner)
        session.ready.connect(self._collect)

    def show_registry(self, entry: Listed) -> None:
        before, self._entry = self._entry, entry
        other = before is None or before.row.id != entry.row.id
        if other:
            self._known, self._shown_changes = None, None
            # Rather nothing for a moment than what is true of the registry before.
            self._facts.show_facts(())
            self._origin.show_facts(())
            clear(self._changes)
            self._all.hide()
            self.verticalScrollBar().setValue(0)
            # Its buttons would act on the registry before.
            self._problem.hide()
        if other or before is None or _asks_anew(before, entry):
            self._collect()
        self._show_state()

    def _collect(self) -> None:
        if self._entry is None or not self._session.is_ready:
            return
        from desktop.ui.registries.known import collect

        app, row = self._session.app, self._entry.row

        def question() -> tuple[Known, list[Attention]]:
            return collect(app, row), app.attention([row])

        self._asked.of(self._session.tasks.ask(self, question, lambda found: self._fill(*found)))

    def _fill(self, known: Known, attention: list[Attention]) -> None:
        if self._entry is None:
            return
        self._known = known
        self._show_problem(attention)
        self._show_changes(known)
        from desktop.ui.registries.about import origin

        self.show_facts()
        self._origin.show_facts(origin(self._entry.row))
        self._origin_title.setVisible(self._entry.row.default_id is not None)
        self._show_state()

    def show_facts(self) -> None:
        """Show the facts, as soon as they are known."""
        from desktop.ui.registries.about import facts

        if self._entry is not None and self._known is not None:
            held = self._holdings.said(self._entry.row.id, MOST_KINDS)
            self._facts.show_facts(facts(self._session, self._entry.row, self._known, held))

    def _show_state(self) -> None:
        """Show what may be another text with every second."""
        entry = self._entry
        if entry is None:
            return
        run = self._known.run if self._known else None
        self._sentence.setText(sentences.headline(entry, run, self._session.now()))
        self._sentence.setVisible(self._known is not None or entry.activity != "idle")
        command = self._first_step(entry)
        usable = not {"plugin-missing", "disabled"} & set(entry.conditions)
        fresh = usable and entry.row.last_attempt is None and entry.activity == "idle"
        self._first.setVisible(fresh and not self._problem.isVisibleTo(self))
        signs_in = command.name == "edit-registry"
        self._first.setText(command.text if signs_in else self.tr("Synchronize now"))
        self._first.setEnabled(not command.why_not)
        self._first.setToolTip(command.why_not)
        if entry.activity != "idle":
            self._problem.hide()

    def _show_problem(self, attention: list[Attention]) -> None:
        entry = self._entry
        if not attention or entry is None or entry.activity != "idle":
            self._problem.hide()
            return
        found = attention[0]
        self._problem.set_level("bad" if entry.state.level == "bad" else "attention")
        self._problem.show_problem(
            problem_of(found),
            buttons_for(found.action, entry, self._session, self._commands, self._show_tab),
        )

    def _show_changes(self, known: Known) -> None:
        from desktop.ui.parts.changes import ChangeLine

        shown = (known.changes, self._session.now() // 60)
        if shown == self._shown_changes:
            return
        self._shown_changes = shown
        clear(self._changes)
        now = self._session.now()
        for run, line in known.changes:
            # Whose changes these are, the title says.
            self._changes.addWidget(ChangeLine(replace(run, registry=""), line, now))
        if not known.changes:
            said = self.tr("Nothing has changed since it was first synchronized.")
            if self._entry is not None and self._entry.row.last_success is None:
                said = self.tr("What changes upstream is written down with each synchronization.")
            self._changes.addWidget(label(said, "secondary", wrap=True))
        self._all.setVisible(bool(known.changes))

    def _first_step(self, entry: Listed) -> Command:
        """Return what a registry that was never read needs first."""
        if "needs-sign-in" in entry.conditions:
            return self._commands.edit(entry)
        return self._commands.sync([entry])

    def _begin(self) -> None:
        if self._entry is not None:
            self._first_step(self._entry).act()


def _asks_anew(before: Listed, entry: Listed) -> bool:
    """Say whether what was collected may be out of date."""
    ended = before.activity != "idle" and entry.activity == "idle"
    return before.row != entry.row or before.conditions != entry.conditions or ended
