"""Setting up one's own: what the registries feed, and which defaults to read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.engine import words
from desktop.engine.defaults import Default, shipped
from desktop.ui.destination import Destination
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.text import label
from desktop.ui.session import Session
from desktop.ui.welcome.editions import EDITION_WORDS
from desktop.ui.welcome.step import Step


class OwnStep(Step):
    """The editions in plain words, then the defaults of the one that is chosen."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._types = {
            key: description.title
            for key, (_, description) in session.app.plugins.descriptions().items()
        }
        self._ticks: list[tuple[QCheckBox, Default]] = []
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(6)
        column.addWidget(label(self.tr("What do your registries feed?"), "title"))
        column.addSpacing(4)
        self._group = QButtonGroup(self)
        self._editions: dict[str, QRadioButton] = {}
        for edition, (title, text) in EDITION_WORDS.items():
            choice = QRadioButton(title)
            choice.setObjectName(f"edition-{edition}")
            choice.setAccessibleDescription(text)
            choice.setStyleSheet("font-weight: 600")
            said = label(text, "secondary", wrap=True)
            said.setContentsMargins(26, 0, 0, 6)
            self._group.addButton(choice)
            self._editions[edition] = choice
            choice.toggled.connect(partial(self._toggled, edition))
            column.addWidget(choice)
            column.addWidget(said)
        self._defaults = QVBoxLayout()
        self._defaults.setSpacing(4)
        column.addSpacing(12)
        column.addLayout(self._defaults)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self._editions["none"].setChecked(True)
        self.setFocusProxy(self._editions["none"])

    @property
    def edition(self) -> str:
        return next(key for key, choice in self._editions.items() if choice.isChecked())

    @property
    def summary(self) -> str:
        count = len(self._chosen())
        if not count:
            return self.tr("Start contacts nothing.")
        return f"Start synchronizes {words.counted(count, 'registry', 'registries')}."

    def _chosen(self) -> list[Default]:
        return [default for tick, default in self._ticks if tick.isChecked()]

    def _toggled(self, edition: str, down: bool) -> None:
        if down:
            self._show_defaults(edition)

    def _show_defaults(self, edition: str) -> None:
        clear(self._defaults)
        self._ticks = []
        found = [default for default in shipped() if edition in default.editions]
        title = self.tr("Default registries")
        if not found:
            text = self.tr("This comes without default registries; you add your own.")
            self._defaults.addWidget(label(text, "secondary", wrap=True))
        else:
            self._defaults.addWidget(label(title, "section"))
            text = self.tr("Ticked ones are read when you press Start; the others wait.")
            self._defaults.addWidget(label(text, "secondary", wrap=True))
        for default in found:
            self._add(default)
        self.changed.emit()

    def _add(self, default: Default) -> None:
        tick = QCheckBox(default.name.replace("&", "&&"))
        can_read = default.access == "open" and default.type in self._types
        tick.setEnabled(can_read)
        tick.setChecked(can_read and not default.deprecated)
        tick.toggled.connect(lambda _down: self.changed.emit())
        said = f"{self._access(default)} · {default.description}"
        tick.setAccessibleDescription(said)
        text = label(said, "secondary", wrap=True)
        text.setContentsMargins(26, 0, 0, 6)
        self._defaults.addWidget(tick)
        self._defaults.addWidget(text)
        self._ticks.append((tick, default))

    def _access(self, default: Default) -> str:
        if default.type not in self._types:
            return self.tr("No plugin for its type is installed")
        if default.access != "open":
            return self.tr("Needs credentials, sign in later")
        return self.tr("Can be read now")

    def start(
        self, done: Callable[[Destination], None], failed: Callable[[Exception], None]
    ) -> None:
        session = self._session
        app, edition = session.app, self.edition
        chosen = {default.key for default in self._chosen()}

        def work() -> None:
            environment = app.environments.all()[0]
            if environment.edition != edition:
                environment = app.environments.edit(environment, edition=edition)
            for row in app.registries.visible(environment):
                if row.default_id in chosen:
                    app.synchronize(row)

        def worked(_none: None) -> None:
            session.look_at(app.environments.all()[0], session.tenant)
            done(Destination("home") if chosen else Destination("registries", adding=not chosen))

        session.tasks.run(self, work, worked, failed)
