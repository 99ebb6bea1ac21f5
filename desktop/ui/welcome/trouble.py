"""What is shown where the data cannot be opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import label


class CannotOpen(QWidget):
    """Says why the program cannot start with this data, and leaves the data alone."""

    def __init__(self, error: Exception, close: Callable[[], object]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(48, 48, 48, 48)
        column.setSpacing(16)
        column.addWidget(label("The data cannot be opened", "title"))
        card = ProblemCard()
        card.show_problem(Problem.of(error), (("Close", close),))
        column.addWidget(card)
        column.addStretch(1)
