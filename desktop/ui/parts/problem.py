"""A problem in three parts, shown beside what it concerns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from desktop.ui.parts.buttons import ButtonRow, button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import label, sentence
from desktop.ui.sheet import styled
from registrykit.errors import RegistryError


@dataclass(frozen=True)
class Problem:
    """What happened, why as far as known, and what to do."""

    message: str
    cause: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, error: Exception) -> Problem:
        """Return an error in three parts, whatever it is."""
        if isinstance(error, RegistryError):
            return cls(str(error), sentence(error.cause), error.remedy)
        if isinstance(error, OSError):
            name = f"{error.filename} cannot be used." if error.filename else "That failed."
            return cls(name, error.strerror or type(error).__name__, "Check it and try again.")
        from desktop import logs

        logs.write_down(error, "an error that was not foreseen is shown")
        return cls(
            "Something went wrong that was not foreseen.",
            type(error).__name__,
            "Try again; if it happens again, report it with the log file.",
        )

    @property
    def text(self) -> str:
        """The three parts as somebody pastes them into a report."""
        parts = [self.message]
        parts += [f"Why: {self.cause}"] if self.cause else []
        parts += [f"What to do: {self.remedy}"] if self.remedy else []
        return "\n".join(parts)


class ProblemCard(QFrame):
    """Shows a problem with the button that ends it; hidden until it has one."""

    def __init__(self, level: Literal["attention", "bad"] = "bad") -> None:
        super().__init__()
        self._problem = Problem("")
        outer = QHBoxLayout(self)
        outer.setContentsMargins(12, 12, 12, 12)
        outer.setSpacing(10)
        self._icon = Picture("error", 18, level)
        column = QVBoxLayout()
        column.setSpacing(4)
        self._message = label(kind="strong", wrap=True, select=True)
        self._cause = label(kind="secondary", wrap=True, select=True)
        self._remedy = label(wrap=True, select=True)
        for part in (self._message, self._cause, self._remedy):
            column.addWidget(part)
        self._buttons = ButtonRow()
        column.addSpacing(4)
        column.addWidget(self._buttons)
        outer.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        outer.addLayout(column, 1)
        self.set_level(level)
        self.hide()

    def set_level(self, level: Literal["attention", "bad"]) -> None:
        styled(self, f"card-{level}")
        self._icon.show_icon("warning" if level == "attention" else "error", level)

    def show_problem(
        self,
        problem: Problem,
        actions: tuple[tuple[str, Callable[[], object]], ...] = (),
    ) -> None:
        """Show a problem; the first of the actions is the one that we advise."""
        self._problem = problem
        self.setAccessibleName(problem.message)
        for part, text in (
            (self._message, problem.message),
            (self._cause, problem.cause),
            (self._remedy, problem.remedy),
        ):
            part.setText(text)
            part.setVisible(bool(text))
        made = [button(text, act) for text, act in actions]
        self._buttons.show_buttons([*made, button("Copy details", self._copy, kind="link")])
        self.show()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._problem.text)
