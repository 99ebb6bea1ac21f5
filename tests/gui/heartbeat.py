"""How long the window's thread was busy at a stretch.

A timer beats as often as it can; the longest gap between two beats is the worst stall.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Qt, QTimer

BEAT_MILLISECONDS = 2
LEAST_LIMIT = 0.1
"""Seconds that the thread may always be busy; on a slow machine three times its idle stall."""


class Heartbeat:
    """Measures while it is used as a context manager; the gaps are in seconds."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._owner = QObject()
        self._timer = QTimer(self._owner)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MILLISECONDS)
        self._timer.timeout.connect(self._beat)
        self._last = 0.0

    def __enter__(self) -> Self:
        self._last = time.perf_counter()
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat()
        self._timer.stop()
        self._owner.deleteLater()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now

    @property
    def worst(self) -> float:
        return max(self.gaps, default=0.0)

    def share(self, part: float) -> float:
        """Return the gap that this part of them, 0 to 1, does not exceed."""
        return sorted(self.gaps)[min(len(self.gaps) - 1, int(part * len(self.gaps)))]


def let_run(seconds: float) -> None:
    """Let the event loop run for a while."""
    over = time.perf_counter() + seconds
    while (left := over - time.perf_counter()) > 0:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, int(left * 1000) + 1)
        time.sleep(0.0005)


def stall_limit(seconds: float = 1.0) -> float:
    """Return how many seconds the thread may be busy here: the rule for tests of stalls."""
    with Heartbeat() as beat:
        let_run(seconds)
    return max(LEAST_LIMIT, 3 * beat.worst)


def least_stall(action: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Do something up to three times, until its worst stall keeps the limit; return both.

    On a machine that does other things too, one slow moment proves nothing.
    """
    found = []
    for _ in range(times):
        limit = stall_limit()
        with Heartbeat() as beat:
            action()
        found.append((beat.worst, limit))
        if beat.worst <= limit:
            break
    return min(found)
