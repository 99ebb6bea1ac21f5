"""The facts of a version, and beside them the documents for programs that they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from desktop.ui.catalog.chips import Chip
from desktop.ui.catalog.documents import DocumentTab
from desktop.ui.catalog.facts import FactsTab


class DetailsTab(QWidget):
    """One tab, so that documents that few people read take no room among the tabs."""

    def __init__(self, facts: FactsTab, raw: Mapping[str, DocumentTab]) -> None:
        super().__init__()
        parts: dict[str, QWidget] = {"facts": facts, **raw}
        titles = {"facts": self.tr("Facts"), **{name: tab.title for name, tab in raw.items()}}
        self._group = QButtonGroup(self)
        self._switch = QWidget()
        line = QHBoxLayout(self._switch)
        line.setContentsMargins(16, 10, 16, 2)
        line.setSpacing(6)
        self._layers = QStackedLayout()
        self._chips: dict[str, Chip] = {}
        for place, (name, part) in enumerate(parts.items()):
            chip = self._chips[name] = Chip(f"part-{name}", titles[name], lambda _on: None)
            chip.show_count(None)
            self._group.addButton(chip, place)
            line.addWidget(chip)
            self._layers.addWidget(part)
        line.addStretch(1)
        self._group.idClicked.connect(self._layers.setCurrentIndex)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._switch)
        column.addLayout(self._layers, 1)
        self.show_there(())

    @property
    def shown(self) -> QWidget | None:
        return self._layers.currentWidget()

    def show_there(self, names: Collection[str]) -> None:
        """Offer the documents that are there, and stay on the chosen one if it is."""
        for name, chip in self._chips.items():
            chip.setVisible(name == "facts" or name in names)
        self._switch.setVisible(len(self._chips.keys() & set(names)) > 0)
        chosen = self._group.checkedButton()
        if chosen is None or chosen.isHidden():
            self._chips["facts"].setChecked(True)
            self._layers.setCurrentIndex(0)
