"""Settings: the plugins of this installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.parts.buttons import button
from desktop.ui.parts.note import Note
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import label
from desktop.ui.session import Session
from desktop.ui.settings.plugin import PluginLine
from desktop.ui.settings.saving import why_locked
from desktop.ui.settings.section import Section

if TYPE_CHECKING:
    from desktop.engine.plugins import Plugin


class PluginsSection(Section):
    """What is installed, whether it works, and why not."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            self.tr("Plugins"),
            self.tr(
                "Each type of registry comes from a plugin. Plugins run with your rights: install "
                "only those whose origin you trust."
            ),
        )
        self._lines: dict[str, PluginLine] = {}
        self._safe = Note("attention")
        self.add(self._safe, gap=8)
        self._safe.say(
            self.tr(
                "Safe mode: no plugin was loaded, so nothing can be synchronized. What was "
                "synchronized before can be read. Start without --safe-mode to use plugins."
            )
        )
        self._safe.hide()
        self._said = label("", "secondary", wrap=True)
        self._again = button(self.tr("Look again"), self._reload, symbol="restart")
        self._again.setObjectName("reload-plugins")
        self._again.setAccessibleDescription(
            self.tr("Loads every plugin anew and says what is wrong with which.")
        )
        self.head.addWidget(self._again)
        self.column.addWidget(self._said)
        self._trouble = ProblemCard()
        self.column.addWidget(self._trouble)
        holder = QWidget()
        self._list = QVBoxLayout(holder)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self.column.addWidget(holder)
        self.column.addStretch(1)

    def show_stored(self) -> None:
        super().show_stored()
        if not self.session.is_ready:
            self._say(self.tr("Which plugins there are is known in a moment."))
            self._again.setEnabled(False)
            return
        app = self.session.app
        self._safe.setVisible(app.plugins.safe_mode)
        # The first question may start workers.
        self.session.tasks.run(self, app.plugins.all, self._show, self._failed)

    def _show(self, found: list[Plugin]) -> None:
        if self.saving.busy:
            return
        why = self._why_locked()
        self._again.setEnabled(not why)
        self._again.setToolTip(why)
        self._say(
            "" if found else self.tr("No plugin is installed, so nothing can be synchronized.")
        )
        for gone in self._lines.keys() - {plugin.distribution for plugin in found}:
            line = self._lines.pop(gone)
            line.hide()
            line.deleteLater()
        for plugin in found:
            if plugin.distribution not in self._lines:
                made = PluginLine()
                made.switched.connect(self._switch)
                made.again.connect(self._reload)
                self._lines[plugin.distribution] = made
                self._list.addWidget(made)
            self._lines[plugin.distribution].show_plugin(plugin, why)

    def _say(self, text: str) -> None:
        self._said.setText(text)
        self._said.setVisible(bool(text))

    def _why_locked(self) -> str:
        if self.session.app.plugins.safe_mode:
            return self.tr("In safe mode no plugin is loaded or switched.")
        return why_locked(self.session)

    def _switch(self, distribution: str, enabled: bool) -> None:
        line, plugins = self._lines[distribution], self.session.app.plugins
        line.wait(self.tr("loading…") if enabled else self.tr("switching off…"))
        self.change(
            lambda: plugins.set_enabled(distribution, enabled),
            lambda _plugin: self._changed(),
            lambda error: line.fail(Problem.of(error)),
        )

    def _reload(self) -> None:
        self._trouble.hide()
        self._again.setEnabled(False)
        self._say(self.tr("Loading every plugin anew…"))
        self.change(self.session.app.plugins.reload, lambda _found: self._changed(), self._failed)

    def _changed(self) -> None:
        # What lists say of registries depends on their plugins.
        self.session.registries_changed.emit()

    def _failed(self, error: Exception) -> None:
        self._trouble.show_problem(Problem.of(error))

    def refresh(self) -> None:
        """Load every plugin anew."""
        if self.session.is_ready and self._again.isEnabled():
            self._reload()
