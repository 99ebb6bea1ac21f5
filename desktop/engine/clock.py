"""Time, injected: the program asks this object, tests give it another one."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """`now` is wall-clock time in seconds since the epoch, UTC."""

    def now(self) -> float: ...


class SystemClock:
    def now(self) -> float:
        return time.time()


def rfc3339(seconds: float | None) -> str | None:
    """Return the time as people and other programs read it, in whole seconds, UTC."""
    if seconds is None:
        return None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        # A clock that was wrong when the row was written.
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
