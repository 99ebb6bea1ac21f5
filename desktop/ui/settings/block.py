"""One environment in the settings, with its tenants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.engine.environments import WITH_CONSOLE, WITH_FIPS
from desktop.store.values import EnvironmentRow, TenantRow
from desktop.ui.parts.buttons import button, icon_button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.problem import ProblemCard
from desktop.ui.parts.text import Elided, hairline, label
from desktop.ui.settings.confirm import Question
from desktop.ui.settings.entering import Entering
from desktop.ui.settings.setting import left_aligned
from desktop.ui.settings.tenant import TenantLine, in_words, problem_of
from desktop.ui.welcome.editions import EDITION_WORDS
from registrykit.forms import Choice, FieldSpec

if TYPE_CHECKING:
    from desktop.ui.settings.environments import EnvironmentsSection


def name_spec(name: str, placeholder: str = "") -> FieldSpec:
    return FieldSpec("name", "text", name, placeholder=placeholder)


def edition_spec() -> FieldSpec:
    choices = tuple(Choice(key, title) for key, (title, _) in EDITION_WORDS.items())
    return FieldSpec(
        "edition", "choice", QCoreApplication.translate("Settings", "Edition"), choices=choices
    )


class EnvironmentBlock(QWidget):
    """Name and edition, the tenants below them, and what can be done with each."""

    def __init__(self, section: EnvironmentsSection) -> None:
        super().__init__()
        self._section = section
        self._row = EnvironmentRow("", "", "none", 0.0)
        self._lines: dict[str, TenantLine] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 4)
        column.setSpacing(4)
        column.addWidget(hairline())
        column.addSpacing(8)
        self._name = Elided(kind="section")
        self._said = label("", "secondary", wrap=True)
        self._edit = icon_button("edit", "", self._begin)
        self._remove = icon_button("trash", "", self._ask)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(Picture("environment", 18), 0, Qt.AlignmentFlag.AlignVCenter)
        head.addSpacing(6)
        head.addWidget(self._name, 1)
        head.addWidget(self._edit)
        head.addWidget(self._remove)
        column.addLayout(head)
        self._said.setContentsMargins(28, 0, 0, 0)
        column.addWidget(self._said)
        self._editing = Entering([name_spec(self.tr("Name")), edition_spec()], self.tr("Save"))
        self._editing.saved.connect(self._edited)
        self._editing.left.connect(self._edit.setFocus)
        self._editing.say_of("edition", lambda edition: EDITION_WORDS[edition][1])
        column.addWidget(self._editing)
        self._question = Question()
        column.addWidget(self._question)
        self._trouble = ProblemCard()
        column.addWidget(self._trouble)
        tenants = QVBoxLayout()
        tenants.setContentsMargins(28, 8, 0, 0)
        tenants.setSpacing(2)
        tenants.addWidget(label(self.tr("Tenants"), "group"))
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        tenants.addLayout(self._list)
        self._add = button(self.tr("Add a tenant"), self._begin_tenant, kind="link")
        left_aligned(self._add, tenants)
        self._adding = Entering([name_spec(self.tr("Name of the tenant"))], self.tr("Add"))
        self._adding.saved.connect(self._added)
        self._adding.left.connect(self._left_tenant)
        tenants.addWidget(self._adding)
        column.addLayout(tenants)

    def tenant(self, tenant_id: str) -> TenantLine | None:
        """Return the line of one of its tenants."""
        return self._lines.get(tenant_id)

    def show_environment(
        self,
        row: EnvironmentRow,
        tenants: Sequence[TenantRow],
        counts: Mapping[str, int],
        defaults: int,
        *,
        is_only: bool,
        why: str,
    ) -> None:
        """Show what is stored; `counts` has the user's registries by tenant, "" for the console.

        `why` says why nothing can be changed, and is empty where it can.
        """
        self._row = row
        self.setAccessibleName(row.name)
        self.setObjectName(f"environment-{row.name}")
        self._name.setText(row.name)
        self._name.update()
        edition = EDITION_WORDS.get(row.edition, (row.edition, ""))[0]
        held = [in_words(sum(counts.values()))]
        if defaults:
            held.append(words.counted(defaults, "default"))
        console = counts.get("", 0)
        if console and row.edition in WITH_CONSOLE:
            held.append(self.tr("{count} of the system console").format(count=console))
        self._said.setText(" · ".join((edition, *held)))
        for line, what, place in (
            (self._edit, self.tr("Edit {name}"), why),
            (self._remove, self.tr("Remove {name}"), why or self._why_stays(is_only)),
        ):
            said = what.format(name=row.name)
            line.setAccessibleName(said)
            line.setAccessibleDescription(place)
            line.setToolTip(place or said)
            line.setEnabled(not place)
        self._add.setEnabled(not why)
        self._add.setToolTip(why)
        self._add.setAccessibleName(self.tr("Add a tenant to {name}").format(name=row.name))
        self._show_tenants(tenants, counts, why)

    def _why_stays(self, is_only: bool) -> str:
        return self.tr("The only environment stays.") if is_only else ""

    def _show_tenants(
        self, tenants: Sequence[TenantRow], counts: Mapping[str, int], why: str
    ) -> None:
        for gone in self._lines.keys() - {row.id for row in tenants}:
            line = self._lines.pop(gone)
            line.hide()
            line.deleteLater()
        for row in tenants:
            if row.id not in self._lines:
                self._lines[row.id] = TenantLine(self._section)
                self._list.addWidget(self._lines[row.id])
            self._lines[row.id].show_tenant(
                self._row,
                row,
                counts.get(row.id, 0),
                is_only=len(tenants) == 1,
                fips=self._row.edition in WITH_FIPS,
                why=why,
            )

    # Edit and remove

    def _begin(self) -> None:
        self._trouble.hide()
        self._question.withdraw()
        self._editing.open({"name": self._row.name, "edition": self._row.edition})

    def _edited(self, values: dict[str, Any]) -> None:
        row, environments = self._row, self._section.session.app.environments
        name = values["name"].strip()
        edition = values["edition"]
        self._section.make(
            lambda: environments.edit(
                row,
                name=name if name != row.name else None,
                edition=edition if edition != row.edition else None,
            ),
            self._editing.finish,
            lambda error: self._editing.fail(problem_of(error)),
        )

    def _ask(self) -> None:
        self._trouble.hide()
        self._question.ask(
            self.tr(
                "Remove the environment {name}? Its tenants go with it, and what was synchronized "
                "of its default registries. It can only go once it has no registries of yours."
            ).format(name=self._row.name),
            self.tr("Remove {name}").format(name=self._row.name),
            self._removed,
            self._remove,
            kind="danger",
        )

    def _removed(self) -> None:
        row, environments = self._row, self._section.session.app.environments
        self._section.make(
            lambda: environments.remove(row),
            self._trouble.hide,
            lambda error: self._trouble.show_problem(problem_of(error)),
        )

    # Tenants

    def _begin_tenant(self) -> None:
        self._add.hide()
        self._adding.open({"name": ""})

    def _left_tenant(self) -> None:
        self._add.show()
        self._add.setFocus()

    def _added(self, values: dict[str, Any]) -> None:
        row, environments = self._row, self._section.session.app.environments
        name = values["name"].strip()
        self._section.make(
            lambda: environments.add_tenant(row, name),
            self._adding.finish,
            lambda error: self._adding.fail(problem_of(error)),
        )
