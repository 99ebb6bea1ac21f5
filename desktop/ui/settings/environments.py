"""Settings: environments and tenants, whom registries belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.store import registries as stored
from desktop.store.values import EnvironmentRow, TenantRow
from desktop.ui.parts.buttons import button
from desktop.ui.session import Session
from desktop.ui.settings.block import EnvironmentBlock, edition_spec, name_spec
from desktop.ui.settings.entering import Entering
from desktop.ui.settings.saving import why_locked
from desktop.ui.settings.section import Section
from desktop.ui.settings.setting import left_aligned
from desktop.ui.settings.tenant import TenantLine, problem_of
from desktop.ui.welcome.editions import EDITION_WORDS


class EnvironmentsSection(Section):
    """A block for each environment; changes are told beside what they change."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            self.tr("Environments"),
            self.tr(
                "An environment is what your registries feed, such as a lab or production. Its "
                "edition decides which default registries come with it. Tenants see their own "
                "registries, those of the system console, and the defaults."
            ),
        )
        self._blocks: dict[str, EnvironmentBlock] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        holder = QWidget()
        holder.setLayout(self._list)
        self._list.setContentsMargins(0, 0, 0, 0)
        self.add(holder, gap=4)
        self.column.addSpacing(12)
        self._add = button(self.tr("Add an environment"), self._begin, symbol="plus")
        self._add.setObjectName("add-environment")
        left_aligned(self._add, self.column)
        self._adding = Entering(
            [name_spec(self.tr("Name"), self.tr("such as production")), edition_spec()],
            self.tr("Add"),
        )
        self._adding.setObjectName("adding-environment")
        self._adding.say_of("edition", lambda edition: EDITION_WORDS[edition][1])
        self._adding.saved.connect(self._added)
        self._adding.left.connect(self._left)
        self.column.addWidget(self._adding)
        self.column.addStretch(1)
        session.registries_changed.connect(self._heard)

    def show_stored(self) -> None:
        super().show_stored()
        why = why_locked(self.session)
        db = self.session.db
        environments = stored.environments(db) if db is not None else []
        for gone in self._blocks.keys() - {row.id for row in environments}:
            block = self._blocks.pop(gone)
            block.hide()
            block.deleteLater()
        for row in environments:
            assert db is not None
            if row.id not in self._blocks:
                self._blocks[row.id] = EnvironmentBlock(self)
                self._list.addWidget(self._blocks[row.id])
            registries = stored.registries(db, row.id)
            own = [registry for registry in registries if registry.default_id is None]
            counts = Counter(registry.tenant_id or "" for registry in own)
            self._blocks[row.id].show_environment(
                row,
                stored.tenants(db, row.id),
                counts,
                len(registries) - len(own),
                is_only=len(environments) == 1,
                why=why,
            )
        self._add.setEnabled(not why)
        self._add.setToolTip(why)

    def reveal(self, what: str) -> None:
        """Go to the switches of a tenant, by its id."""
        lines = [block.tenant(what) for block in self._blocks.values()]
        for line in lines:
            if line is not None:
                # Where it stands is known once everything has its place.
                QTimer.singleShot(0, line, lambda line=line: self._go_to(line))

    def _go_to(self, line: TenantLine) -> None:
        self.ensureWidgetVisible(line)
        line.focus_switch()

    def make(
        self,
        work: Callable[[], Any],
        done: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Change something; afterwards everybody looks at what is there then."""

        def made(_result: Any) -> None:
            done()
            self._look_again()

        self.change(work, made, failed)

    def _look_again(self) -> None:
        session = self.session
        environments = session.app.environments.all()
        here = session.environment.id if session.environment else ""
        environment: EnvironmentRow = next(
            (row for row in environments if row.id == here), environments[0]
        )
        tenants = session.app.environments.tenants(environment)
        there = session.tenant.id if session.tenant else ""
        tenant: TenantRow | None = next((row for row in tenants if row.id == there), None)
        if tenant is None and len(tenants) == 1:
            tenant = tenants[0]
        session.look_at(environment, tenant)

    def _begin(self) -> None:
        self._add.hide()
        self._adding.open({"name": "", "edition": "none"})
        self.ensureWidgetVisible(self._adding)

    def _left(self) -> None:
        self._add.show()
        self._add.setFocus()

    def _added(self, values: dict[str, Any]) -> None:
        name, edition = values["name"].strip(), values["edition"]
        environments = self.session.app.environments
        self.make(
            lambda: environments.add(name, edition),
            self._adding.finish,
            lambda error: self._adding.fail(problem_of(error)),
        )
