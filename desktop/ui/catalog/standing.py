"""How a version stands: what is declared about FIPS, and where else it lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from desktop.ui.catalog.columns import one_line
from desktop.ui.parts.buttons import button, menu_button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.flow import FlowLayout
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import Elided, label, menu_text, tooltip
from desktop.ui.sheet import styled

if TYPE_CHECKING:
    from desktop.engine.siblings import Sibling

MOST_SHOWN, MOST_TENANTS = 4, 3
_SYMBOLS = {
    "compliant": ("shield-check", "good"),
    "not compliant": ("shield-alert", "attention"),
    "conflicting": ("shield-alert", "attention"),
}


class FipsLine(QWidget):
    """What is declared, by whom, and in which tenants that keeps a version from being used."""

    allow_asked = Signal()
    """Somebody wants to allow it: the switch of the tenant decides."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._picture = Picture("shield", 16)
        self._declared = label("", wrap=True, select=True)
        self._declared.setObjectName("fips-declared")
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._declared, 1)
        column.addLayout(line)
        self._uses = QVBoxLayout()
        self._uses.setSpacing(2)
        column.addLayout(self._uses)
        self.hide()

    def show_fips(self, found: Mapping[str, Any] | None) -> None:
        """Show the content of `desktop.engine.fips.section`; None where FIPS does not matter."""
        self.setVisible(found is not None)
        clear(self._uses)
        if found is None:
            return
        symbol, level = _SYMBOLS.get(str(found["status"]), ("shield", "secondary"))
        self._picture.show_icon(symbol, level)
        self._declared.setText(self.tr("FIPS: {0}").format(one_line(str(found["declared"]))))
        styled(self._declared, "secondary" if level == "secondary" else "")
        refused = [said for said in found["use"] if said.startswith("not ")]
        for said in refused[:MOST_TENANTS]:
            self._uses.addWidget(self._refusal(said))

    def _refusal(self, said: str) -> QWidget:
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        text = Elided(f"{said[:1].upper()}{said[1:]} ·", "attention")
        text.setObjectName("not-usable")
        text.setMaximumWidth(text.fontMetrics().horizontalAdvance(text.text()) + 8)
        allow = button(self.tr("Allow…"), self.allow_asked.emit, kind="link")
        allow.setObjectName("allow-non-fips")
        allow.setAccessibleName(self.tr("Allow… {0}").format(said))
        allow.setToolTip(self.tr("Opens the switch of the tenant in the settings"))
        line.addWidget(Picture("warning", 16, "attention"))
        line.addWidget(text, 1)
        line.addWidget(allow)
        line.addStretch(0)
        return made


class AlsoIn(QWidget):
    """Links to the same version in other registries, each with how it compares."""

    asked = Signal(int, int)
    """An artifact and a version, as ids of their rows."""

    def __init__(self) -> None:
        super().__init__()
        self._line = FlowLayout(self, 10)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._menu = QMenu(self)
        self._times: Counter[str] = Counter()
        self.setAccessibleName(self.tr("Also in your registries"))
        self.hide()

    def show_siblings(self, found: Sequence[Sibling], registry: str) -> None:
        """Show them; a registry that has several, as that of this id may, is told with paths."""
        self._times = Counter([registry, *(one.registry_id for one in found)])
        clear(self._line)
        self._menu.clear()
        self.setVisible(bool(found))
        if not found:
            return
        self._line.addWidget(label(self.tr("Also in"), "secondary"))
        for one in found[:MOST_SHOWN]:
            self._line.addWidget(self._link(one))
        rest = found[MOST_SHOWN:]
        for one in rest:
            said = f"{self._place(one)}: {one.words}"
            act = partial(self.asked.emit, one.artifact_id, one.version_id)
            self._menu.addAction(menu_text(said), act)
        if rest:
            more = menu_button(self.tr("{0:,} more").format(len(rest)), self._menu, kind="link")
            self._line.addWidget(more)

    def _link(self, one: Sibling) -> QWidget:
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        place = self._place(one)
        ask = partial(self.asked.emit, one.artifact_id, one.version_id)
        link = button(menu_text(place), ask, kind="link")
        link.setObjectName("sibling")
        link.setAccessibleName(self.tr("Also in {0}: {1}").format(place, one.words))
        link.setToolTip(tooltip(f"{place}\n{one.digest}"))
        words = label(one.words, "secondary")
        if one.is_twin or one.bytes == "other":
            styled(words, "attention")
        line.addWidget(link)
        line.addWidget(words)
        return made

    def _place(self, one: Sibling) -> str:
        if self._times[one.registry_id] == 1:
            return one_line(one.registry)[:60]
        return one_line(f"{one.registry}, {one.path}")[:80]
