"""Small switches in a row, each with how much it is about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from desktop.ui.sheet import styled


class Chip(QToolButton):
    """A switch; hidden while there is nothing that it could show."""

    def __init__(self, name: str, text: str, toggled: Callable[[bool], object]) -> None:
        """`name` is the object name; `text` holds what is counted, without the count."""
        super().__init__()
        styled(self, "chip")
        self.setObjectName(name)
        self._text = text
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.toggled.connect(toggled)
        self.show_count(0)

    def show_count(self, count: int | None) -> None:
        """Say how many there are; None while nobody has counted."""
        shown = self._text if count is None else f"{self._text} {count:,}"
        self.setText(shown)
        self.setAccessibleName(shown)
        self.setVisible(count is None or count > 0 or self.isChecked())

    def put(self, checked: bool) -> None:
        """Set the switch without telling that it was pressed."""
        self.blockSignals(True)
        self.setChecked(checked)
        self.blockSignals(False)
