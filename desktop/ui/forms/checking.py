"""The connection check, stage by stage as it runs, with what to do about each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.engine.jobs import Cancellable
from desktop.ui.forms.stages import MOST_STAGES, StageRow, next_words, stage_title, took
from desktop.ui.forms.trusting import TrustCard, can_be_trusted
from desktop.ui.parts.buttons import button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.progress import ProgressLine
from desktop.ui.parts.text import label
from desktop.ui.session import Session
from desktop.ui.sheet import styled
from desktop.ui.tasks import Latest
from registrykit.errors import Cancelled

if TYPE_CHECKING:
    from registrykit.events import Check

CA_FIELD = "ca_certificate"
"""A field of `registrykit.registry.RegistryConfig`, so every type has it."""
_SLOW_SECONDS = 2.0


Stages = Callable[[Cancellable], "Iterator[Check]"]


class CheckView(QWidget):
    """Runs one check at a time and shows it; hidden until there was one."""

    grew = Signal(QWidget)
    """There is more to see than a moment before: in this widget."""
    ended = Signal()
    """`verdict` says how."""
    trusted = Signal(str)
    """Somebody decided to trust a certificate: its PEM text."""
    coded = Signal(str)
    """A stage failed with this code."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._control: Cancellable | None = None
        self._latest = Latest()
        self._checks: list[Check] = []
        self._began = self._stage_began = 0.0
        self._again: Stages | None = None
        self.can_trust = True
        self.verdict = ""
        """Empty while nothing is known, else ok, failed, broken or cancelled."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._head())
        self._problem = ProblemCard()
        column.addWidget(self._problem)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        column.addLayout(self._rows)
        self._trust = TrustCard()
        self._trust.trusted.connect(self.trusted)
        self._trust.grew.connect(lambda: self.grew.emit(self._trust))
        self._trust.hide()
        column.addWidget(self._trust)
        self._untried = label(kind="secondary", wrap=True)
        self._untried.setContentsMargins(26, 0, 0, 0)
        self._untried.hide()
        column.addWidget(self._untried)
        column.addWidget(self._running())
        self._clock = QTimer(self)
        self._clock.setInterval(500)
        self._clock.timeout.connect(self._tick)
        self.setObjectName("connection-check")
        self.hide()

    def _head(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        self._icon = Picture(size=18)
        self._sentence = label(kind="strong", wrap=True)
        self._sentence.setObjectName("check-verdict")
        self._cancel = button(self.tr("Cancel"), self.cancel)
        self._cancel.setAccessibleName(self.tr("Cancel the check"))
        self._cancel.setObjectName("cancel-check")
        self._copy = button(self.tr("Copy details"), self._copy_details, kind="link")
        line.addWidget(self._icon)
        line.addWidget(self._sentence, 1)
        line.addWidget(self._copy)
        line.addWidget(self._cancel)
        return line

    def _running(self) -> QWidget:
        self._now = QWidget()
        column = QVBoxLayout(self._now)
        column.setContentsMargins(26, 0, 0, 0)
        column.setSpacing(5)
        self._doing = label(kind="busy")
        bar = ProgressLine()
        bar.setMaximumWidth(220)
        bar.setAccessibleName(self.tr("The check is running"))
        column.addWidget(self._doing)
        column.addWidget(bar)
        return self._now

    @property
    def is_running(self) -> bool:
        return self._control is not None

    # Running

    def start(self, stages: Stages) -> None:
        """Run a check; `stages` is called on another thread and given the way to end it."""
        self._drop()
        self._clear()
        control = self._control = Cancellable()
        self._again = stages
        self.verdict = ""
        self._began = self._stage_began = time.monotonic()
        self._say("sync", "busy", self.tr("Checking the connection…"))
        self._cancel.show()
        self._cancel.setEnabled(True)
        self._copy.hide()
        self._now.show()
        self._show_next()
        self._clock.start()
        self.show()
        self.grew.emit(self)
        task = self._session.tasks.stream(
            self, lambda: stages(control), self._stage_ended, self._done, self._failed
        )
        self._latest.of(task)

    def cancel(self) -> None:
        """End the check; what its stages found stays."""
        control = self._control
        if control is None:
            return
        self._cancel.setEnabled(False)
        self._session.tasks.run(self._session, control.cancel)

    def close_check(self) -> None:
        """Hide everything, and end what runs."""
        self._drop()
        self._clear()
        self.verdict = ""
        self.hide()

    def outdated(self) -> None:
        """What was checked is not what is in the form any more."""
        if self.is_running or not self.verdict:
            return
        self.verdict = ""
        self._say("circle", "quiet", self.tr("Something was changed after this check."))
        self._trust.hide()

    def _drop(self) -> None:
        self._latest.drop()
        if self._control is not None:
            self._session.tasks.run(self._session, self._control.cancel)
            self._control = None
        self._clock.stop()

    def _clear(self) -> None:
        clear(self._rows)
        self._checks = []
        self._untried.setText("")
        for part in (self._problem, self._trust, self._untried):
            part.hide()

    def _stage_ended(self, check: Check) -> None:
        self._stage_began = time.monotonic()
        self._checks.append(check)
        if check.verdict == "skipped" and self._has_failed:
            # Each of these would only say that it was not tried.
            self._skip(check)
        elif self._rows.count() < MOST_STAGES:
            self._rows.addWidget(StageRow(check))
            self.grew.emit(self)
        self._show_next()

    @property
    def _has_failed(self) -> bool:
        return any(check.verdict == "failed" for check in self._checks)

    def _skip(self, check: Check) -> None:
        title = stage_title(check.stage)
        before = self._untried.text()
        first = self.tr("Not tried after that: {stage}").format(stage=title)
        self._untried.setText(f"{before}, {title}" if before else first)
        self._untried.setVisible(len(self._checks) <= MOST_STAGES)

    def _show_next(self) -> None:
        self._doing.setText(next_words([check.stage for check in self._checks]))
        self._now.setAccessibleName(self._doing.text())

    def _tick(self) -> None:
        passed = time.monotonic() - self._stage_began
        if passed >= _SLOW_SECONDS:
            text = next_words([check.stage for check in self._checks])
            self._doing.setText(f"{text}  {words.duration(passed)}")

    # The end

    def _over(self) -> None:
        self._control = None
        self._clock.stop()
        self._now.hide()
        self._cancel.hide()
        self._copy.show()

    def _done(self) -> None:
        self._over()
        failed = [check for check in self._checks if check.verdict == "failed"]
        warnings = [check for check in self._checks if check.verdict == "warning"]
        seconds = took(time.monotonic() - self._began)
        self.verdict = "failed" if failed else "ok"
        if failed:
            text = self.tr("It cannot be used like this: {stage} failed.")
            self._say("circle-alert", "bad", text.format(stage=stage_title(failed[0].stage)))
        elif warnings:
            counted = words.counted(len(warnings), "warning")
            text = self.tr("It can be used, with {warnings}. Checked in {time}.")
            self._say("warning", "attention", text.format(warnings=counted, time=seconds))
        else:
            text = self.tr("It can be used. Checked in {time}.")
            self._say("circle-check", "good", text.format(time=seconds))
        for check in failed:
            if self.can_trust and can_be_trusted(check):
                self._trust.show_check(check)
            self.coded.emit(check.code)
        self.grew.emit(self)
        self.ended.emit()

    def _failed(self, error: Exception) -> None:
        self._over()
        if isinstance(error, Cancelled):
            self.verdict = "cancelled"
            self._say("circle", "quiet", self.tr("The check was cancelled."))
        else:
            self.verdict = "broken"
            self._say("circle-alert", "bad", self.tr("The check could not be run to its end."))
            again = self._again
            actions = ((self.tr("Check again"), lambda: self.start(again)),) if again else ()
            self._problem.show_problem(Problem.of(error), actions)
        self.grew.emit(self)
        self.ended.emit()

    def _say(self, symbol: str, level: str, sentence: str) -> None:
        self._icon.show_icon(symbol, level)
        self._sentence.setText(sentence)
        styled(self._sentence, "strong")
        self.setAccessibleName(sentence)
        if self.isVisible():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))

    @property
    def details(self) -> str:
        """The check as text; secrets are masked by whoever ran it."""
        lines = [self._sentence.text()]
        for check in self._checks:
            seconds = took(check.seconds)
            lines.append(f"{check.stage}: {check.verdict}, {seconds}. {check.message}".strip())
            lines += [f"  {check.remedy}"] if check.remedy else []
        return "\n".join(lines)

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self.details)
        self._session.tell(self.tr("The details of the check were copied."))
