"""What an address was understood as, and whether the same registry is there already."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.engine.drafts import Judged
from desktop.ui.forms.bounds import LONGEST_SENTENCE, line
from desktop.ui.forms.row import Labelled
from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import label


class Resolved(Labelled):
    """The address that lists will show; hidden while it is not known."""

    same_asked = Signal(str)
    """Somebody wants to see the registry with this id, which is the same one."""

    def __init__(self) -> None:
        super().__init__()
        self.label.setText(self.tr("Reads from"))
        self._same_id = ""
        self._endpoint = label(wrap=True, select=True)
        self._endpoint.setObjectName("resolved-url")
        self._endpoint.setMinimumWidth(1)
        self._same = label(kind="attention", wrap=True)
        self._show = button(self.tr("Show it"), self._asked, kind="link")
        self._show.setObjectName("show-same")
        self._there = QWidget()
        there = QHBoxLayout(self._there)
        there.setContentsMargins(0, 0, 0, 0)
        there.setSpacing(8)
        there.addWidget(self._same, 1)
        there.addWidget(self._show)
        self.column.addWidget(self._endpoint)
        self.column.addWidget(self._there)
        self._there.hide()
        self.hide()

    def show_judged(self, judged: Judged) -> None:
        endpoint = line(judged.endpoint, LONGEST_SENTENCE)
        self._endpoint.setText(endpoint)
        self._endpoint.setAccessibleName(f"{self.label.text()} {endpoint}")
        same = judged.same_as
        self._same_id = same.id if same else ""
        if same is not None:
            text = self.tr("{name} is this registry already.").format(name=same.name)
            self._same.setText(text)
            self._show.setAccessibleName(f"{self._show.text()}: {same.name}")
        self._there.setVisible(same is not None)
        self.setVisible(bool(judged.endpoint))

    def _asked(self) -> None:
        self.same_asked.emit(self._same_id)
