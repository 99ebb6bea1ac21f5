"""A program that is being opened behind the window, and can be given up at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from registrykit.errors import Cancelled

if TYPE_CHECKING:
    from desktop.app import App


class Opening:
    """Holds what belongs to one open data directory: `held` lets go of it, in reverse order."""

    def __init__(self, make: Callable[[ExitStack], App], after: Opening | None = None) -> None:
        """`make` puts what it makes into the stack. What lay open before is closed first."""
        self.held = ExitStack()
        self.given_up = False
        self._make = make
        self._after = after
        self._lock = threading.Lock()

    def run(self) -> App:
        """Make the program, which may take a while; raises Cancelled where nobody waits for it."""
        with self._lock:
            self._close_before()
            if self.given_up:
                raise Cancelled("The program was closed while it opened.")
            return self._make(self.held)

    def close(self) -> None:
        """Let go of everything, of what is just being made as soon as it is there."""
        self.given_up = True
        with self._lock:
            self._close_before()
            self.held.close()

    def _close_before(self) -> None:
        if self._after is not None:
            self._after.close()
            self._after = None
