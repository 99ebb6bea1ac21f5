"""What is wrong with what somebody types, asked of the engine a moment after the last key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

from desktop.ui.session import Session
from desktop.ui.tasks import Latest

DELAY_MILLISECONDS = 200
T = TypeVar("T")


class Judging(Generic[T]):
    """Asks in the background; only the newest answer counts."""

    def __init__(
        self,
        owner: QObject,
        session: Session,
        question: Callable[[], Callable[[], T] | None],
        told: Callable[[T], None],
    ) -> None:
        """`question` is called on the window's thread and returns what to ask on another."""
        self._owner = owner
        self._session = session
        self._question = question
        self._told = told
        self._latest = Latest()
        self._timer = QTimer(owner)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MILLISECONDS)
        self._timer.timeout.connect(self.ask)

    def later(self) -> None:
        """Ask once nothing was typed for a moment."""
        self._latest.drop()
        self._timer.start()

    def ask(self, then: Callable[[T], None] | None = None) -> None:
        """Ask now; `then` is called after the answer was told."""
        self._timer.stop()
        question = self._question()
        if question is None:
            return

        def answered(answer: T) -> None:
            self._told(answer)
            if then is not None:
                then(answer)

        self._latest.of(self._session.tasks.run(self._owner, question, answered))

    def stop(self) -> None:
        self._timer.stop()
        self._latest.drop()
