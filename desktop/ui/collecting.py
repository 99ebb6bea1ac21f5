"""Garbage is collected on the window's thread alone.

Python collects cycles on whichever thread happens to allocate. A widget that is part of one would
then be destroyed beside the thread that it lives on, which ends the process now and then.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

LOOK_MILLISECONDS = 500
FULL_SECONDS = 60.0
"""Looking through everything takes a picture or two, so it is done seldom."""


class Collector(QObject):
    """Looks now and then whether Python would have collected, and does it here."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._full = time.monotonic()
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation whose threshold is passed, as Python itself chooses."""
        due = time.monotonic() - self._full > FULL_SECONDS
        for generation in (2, 1, 0) if due else (1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                if generation == 2:
                    self._full = time.monotonic()
                gc.collect(generation)
                return

    def end(self) -> None:
        """Leave it to Python again, if it was."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()
