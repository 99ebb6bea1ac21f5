"""One plugin in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine.words import State
from desktop.ui.icons import exists
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.state import StateLabel
from desktop.ui.parts.text import Elided, hairline, label, sentence, visible

if TYPE_CHECKING:
    from desktop.engine.plugins import Plugin


class PluginLine(QWidget):
    """What it is, whether it works, and its switch."""

    switched = Signal(str, bool)
    """The distribution, and whether it shall be used."""
    again = Signal()
    """Somebody wants plugins to be loaded anew."""

    def __init__(self) -> None:
        super().__init__()
        self._distribution = ""
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 8, 0, 4)
        outer.setSpacing(12)
        outer.addWidget(hairline())
        line = QHBoxLayout()
        line.setSpacing(10)
        self._picture = Picture("plug", 20)
        column = QVBoxLayout()
        column.setSpacing(3)
        head = QHBoxLayout()
        head.setSpacing(8)
        self._name = Elided(kind="strong")
        self._switch = QCheckBox(self.tr("On"))
        self._switch.clicked.connect(self._switched)
        head.addWidget(self._name, 1)
        head.addWidget(self._switch)
        self._state = StateLabel()
        self._offers = label("", "secondary", wrap=True)
        self._origin = label("", "caption", wrap=True)
        self._reason = ProblemCard()
        self._trouble = ProblemCard()
        column.addLayout(head)
        for part in (self._state, self._offers, self._origin, self._reason, self._trouble):
            column.addWidget(part)
        line.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(column, 1)
        outer.addLayout(line)

    def show_plugin(self, plugin: Plugin, why: str) -> None:
        """Show a plugin; `why` says why nothing can be changed."""
        from desktop.engine.plugins import FIRST_PARTY

        self._distribution = plugin.distribution
        name = visible(plugin.distribution)
        self.setObjectName(f"plugin-{plugin.distribution}")
        self.setAccessibleName(name)
        symbol = plugin.types[0].icon if plugin.types else ""
        self._picture.show_icon(symbol if exists(symbol) else "plug", "secondary")
        self._name.setText(f"{name} {visible(plugin.version)}")
        self._name.update()
        with QSignalBlocker(self._switch):
            self._switch.setChecked(plugin.state != "disabled")
        self._switch.setEnabled(not why)
        self._switch.setToolTip(why)
        self._switch.setAccessibleName(self.tr("Use {name}").format(name=name))
        self._switch.setAccessibleDescription(why)
        self._state.show_state(self._state_of(plugin))
        titles = ", ".join(visible(found.title) for found in plugin.types)
        offers = self.tr("Offers the types {types}")
        if len(plugin.types) == 1:
            offers = self.tr("Offers the type {types}")
        self._offers.setText(offers.format(types=titles))
        self._offers.setVisible(bool(titles))
        self._origin.setText(
            self.tr("Part of Registry Desktop")
            if plugin.distribution in FIRST_PARTY
            else self.tr("From a third party")
        )
        if plugin.state in ("failed", "incompatible"):
            self._show_reason(plugin, why)
        else:
            self._reason.hide()

    def _show_reason(self, plugin: Plugin, why: str) -> None:
        name, version = visible(plugin.distribution), visible(plugin.version)
        if plugin.state == "incompatible":
            remedy = self.tr("Install a version of it that fits this program, then try again.")
        else:
            remedy = self.tr("Repair or update it, then try again; or switch it off.")
        problem = Problem(
            self.tr("{name} {version} cannot be used.").format(name=name, version=version),
            # What the title says already is not said again.
            sentence(visible(plugin.reason).removeprefix(f"{name} {version}: ")),
            remedy,
        )
        actions = () if why else ((self.tr("Try again"), self.again.emit),)
        self._reason.show_problem(problem, actions)

    def _state_of(self, plugin: Plugin) -> State:
        if plugin.state == "active":
            return State(self.tr("Works"), "good")
        if plugin.state == "failed":
            return State(self.tr("Failed"), "bad")
        if plugin.state == "incompatible":
            return State(self.tr("Does not fit this version of the program"), "bad")
        if plugin.state == "disabled":
            reason = visible(plugin.reason) or self.tr("switched off")
            return State(reason[:1].upper() + reason[1:], "quiet")
        return State(self.tr("Not loaded yet"), "quiet")

    def wait(self, said: str) -> None:
        """Say what is going on; the switch rests until it is known what came of it."""
        self._trouble.hide()
        self._reason.hide()
        self._switch.setEnabled(False)
        self._state.show_state(State(said[:1].upper() + said[1:], "busy"))

    def fail(self, problem: Problem) -> None:
        """Say why it could not be switched, until somebody tries again."""
        self._trouble.show_problem(problem)

    def _switched(self, down: bool) -> None:
        self.switched.emit(self._distribution, down)
