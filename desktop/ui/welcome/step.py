"""What the first run asks of a step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.ui.destination import Destination


class Step(QWidget):
    """Collects decisions; `start` carries them out, and only then is anything contacted."""

    changed = Signal()
    """`summary` or `valid` is another one."""

    @property
    def summary(self) -> str:
        """What Start will do, in a sentence."""
        return ""

    @property
    def valid(self) -> bool:
        return True

    def start(
        self, done: Callable[[Destination], None], failed: Callable[[Exception], None]
    ) -> None:
        """Do what was decided; one of the two is called on the window's thread."""
        raise NotImplementedError
