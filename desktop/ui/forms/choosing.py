"""The types of registries as cards, to choose one of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.ui.parts.cards import CardButton
from registrykit.description import TypeDescription

TWO_COLUMNS = 480
UNKNOWN_ICON = "server"


class TypeCards(QWidget):
    """A card for each type, in the order in which they are given."""

    chosen = Signal(str)
    """The id of a type."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: list[CardButton] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)

    def show_types(self, types: Sequence[TypeDescription]) -> None:
        for card in self._cards:
            card.hide()
            card.deleteLater()
        self._cards = [self._card(description) for description in types]
        self._columns = 0
        self._arrange()

    def _card(self, description: TypeDescription) -> CardButton:
        made = CardButton(description.icon or UNKNOWN_ICON, description.title, description.summary)
        made.setObjectName(f"type-{description.id}")
        made.clicked.connect(lambda: self.chosen.emit(description.id))
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        columns = 2 if self.width() >= TWO_COLUMNS else 1
        if columns == self._columns:
            return
        self._columns = columns
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
