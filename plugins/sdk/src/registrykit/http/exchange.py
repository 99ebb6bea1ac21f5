"""One call's clock and token, and the two ways in which reading from a socket ends badly."""

from __future__ import annotations

import time

from registrykit.cancel import CancelToken
from registrykit.http.answer import Limits


class Broken(Exception):
    """The connection ended before the answer did; `part` is `tls`, `request`, `headers`
    or `body`.

    `reset` tells a broken connection from one that was closed in good order.
    """

    def __init__(
        self, part: str, *, received: int = 0, expected: int | None = None, reset: bool = False
    ) -> None:
        super().__init__(part)
        self.part = part
        self.received = received
        self.expected = expected
        self.reset = reset


class Overdue(Exception):
    """Time is up; `seconds` is the limit that was passed.

    `what` is `connect`, `tls`, `idle`, `slow`, `deadline`, or `busy` for waiting in our own queue.
    """

    def __init__(self, what: str, seconds: float, received: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.seconds = seconds
        self.received = received


class Exchange:
    """What belongs to one call: its clock, its token, and whom it talks to at the moment.

    `reused` says whether the request went over a connection that had served before.
    """

    __slots__ = ("cancel", "deadline", "ends", "host", "limits", "reused")

    def __init__(self, host: str, limits: Limits, cancel: CancelToken, deadline: float) -> None:
        self.host = host
        self.limits = limits
        self.cancel = cancel
        self.deadline = deadline
        self.ends = time.monotonic() + deadline
        self.reused = False

    def time_for(self, at_most: float, what: str = "deadline") -> float:
        """Return how long the next step may take; raise `Overdue` if no time is left."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise Overdue(what, self.deadline)
        return min(at_most, left)

    def overdue(self, what: str, seconds: float, received: int = 0) -> Overdue:
        """Name the limit that ended a wait: the deadline, or the step's own."""
        if time.monotonic() >= self.ends:
            return Overdue("deadline", self.deadline, received)
        return Overdue(what, seconds, received)
