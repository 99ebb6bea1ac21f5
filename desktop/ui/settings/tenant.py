"""One tenant in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store.values import EnvironmentRow, TenantRow
from desktop.ui.parts.buttons import icon_button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import Elided, label
from desktop.ui.settings.confirm import Question
from desktop.ui.settings.entering import Entering
from desktop.ui.settings.setting import left_aligned
from registrykit.errors import RegistryError
from registrykit.forms import FieldSpec

if TYPE_CHECKING:
    from desktop.ui.settings.environments import EnvironmentsSection


def in_words(registries: int) -> str:
    """Return how many registries there are."""
    if not registries:
        return QCoreApplication.translate("Settings", "no registries")
    return words.counted(registries, "registry", "registries")


def problem_of(error: Exception) -> Problem:
    """Return what went wrong, with what helps in a window."""
    found = Problem.of(error)
    if isinstance(error, RegistryError) and error.code == "not-empty":
        remedy = "Remove them under Registries and delete them there for good, then try again."
        return Problem(found.message, found.cause, QCoreApplication.translate("Settings", remedy))
    return found


class TenantLine(QWidget):
    """Its name, what it may use, and what can be done with it."""

    def __init__(self, section: EnvironmentsSection) -> None:
        super().__init__()
        self._section = section
        self._environment = EnvironmentRow("", "", "none", 0.0)
        self._row = TenantRow("", "", "", False, 0.0)
        self._made_question: Question | None = None
        self._made_form: Entering | None = None
        self._made_trouble: ProblemCard | None = None
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(2)
        self._name = Elided()
        self._count = label("", "caption")
        self._edit = icon_button("edit", "", self._begin)
        self._remove = icon_button("trash", "", self._ask)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(Picture("tenant", 16))
        line.addSpacing(4)
        line.addWidget(self._name, 1)
        for part in (self._count, self._edit, self._remove):
            line.addWidget(part)
        column.addLayout(line)
        self._fips = QCheckBox(self.tr("Allow non-FIPS packs"))
        self._fips.setObjectName("allow-non-fips")
        self._fips.clicked.connect(self._ask_fips)
        inset = QVBoxLayout()
        inset.setContentsMargins(24, 0, 0, 0)
        left_aligned(self._fips, inset)
        column.addLayout(inset)

    # Made when they are needed: of most tenants nobody ever asks anything.

    @property
    def _question(self) -> Question:
        if self._made_question is None:
            self._made_question = Question()
            self._column.addWidget(self._made_question)
        return self._made_question

    @property
    def _editing(self) -> Entering:
        if self._made_form is None:
            spec = FieldSpec("name", "text", self.tr("Name of the tenant"))
            self._made_form = Entering([spec], self.tr("Save"))
            self._made_form.saved.connect(self._edited)
            self._made_form.left.connect(self._edit.setFocus)
            self._column.addWidget(self._made_form)
        return self._made_form

    @property
    def _trouble(self) -> ProblemCard:
        if self._made_trouble is None:
            self._made_trouble = ProblemCard()
            self._column.addWidget(self._made_trouble)
        return self._made_trouble

    def show_tenant(
        self,
        environment: EnvironmentRow,
        row: TenantRow,
        registries: int,
        *,
        is_only: bool,
        fips: bool,
        why: str,
    ) -> None:
        """Show what is stored; `why` says why nothing can be changed."""
        self._environment, self._row = environment, row
        self.setAccessibleName(row.name)
        self.setObjectName(f"tenant-{row.name}")
        self._name.setText(row.name)
        self._name.update()
        self._count.setText(in_words(registries))
        stays = self.tr("The only tenant stays.") if is_only else ""
        for part, what, reason in (
            (self._edit, self.tr("Rename {name}"), why),
            (self._remove, self.tr("Remove {name}"), why or stays),
        ):
            said = what.format(name=row.name)
            part.setAccessibleName(said)
            part.setAccessibleDescription(reason)
            part.setToolTip(reason or said)
            part.setEnabled(not reason)
        self._fips.setVisible(fips)
        self._fips.setEnabled(not why)
        self._fips.setToolTip(why)
        self._fips.setAccessibleName(
            self.tr("Allow non-FIPS packs in {name}").format(name=row.name)
        )
        self._fips.setChecked(row.allow_non_fips)

    def focus_switch(self) -> None:
        """Put the keyboard on what decides about non-FIPS packs."""
        self._fips.setFocus(Qt.FocusReason.OtherFocusReason)

    def _begin(self) -> None:
        self._trouble.hide()
        self._editing.open({"name": self._row.name})

    def _edited(self, values: dict[str, Any]) -> None:
        environment, row = self._environment, self._row
        environments = self._section.session.app.environments
        name = values["name"].strip()
        if name == row.name:
            self._editing.finish()
            return
        self._section.make(
            lambda: environments.rename_tenant(environment, row, name),
            self._editing.finish,
            lambda error: self._editing.fail(problem_of(error)),
        )

    def _ask(self) -> None:
        self._trouble.hide()
        self._question.ask(
            self.tr("Remove the tenant {name}? It can only go once it has no registries.").format(
                name=self._row.name
            ),
            self.tr("Remove {name}").format(name=self._row.name),
            self._removed,
            self._remove,
            kind="danger",
        )

    def _removed(self) -> None:
        environment, row = self._environment, self._row
        environments = self._section.session.app.environments
        self._section.make(
            lambda: environments.remove_tenant(environment, row), self._trouble.hide, self._failed
        )

    def _ask_fips(self, allow: bool) -> None:
        # The box shows what is stored until the answer is known.
        self._fips.setChecked(self._row.allow_non_fips)
        self._trouble.hide()
        if allow:
            text = self.tr(
                "Allow non-FIPS packs in {name}? They can then be used in what is made for this "
                "tenant. The decision is recorded."
            )
            yes = self.tr("Allow non-FIPS packs")
        else:
            text = self.tr(
                "No longer allow non-FIPS packs in {name}? They stay searchable, but are refused "
                "in what is made for this tenant. The decision is recorded."
            )
            yes = self.tr("Do not allow")
        self._question.ask(
            text.format(name=self._row.name), yes, lambda: self._decided(allow), self._fips
        )

    def _decided(self, allow: bool) -> None:
        environment, row = self._environment, self._row
        environments = self._section.session.app.environments
        self._section.make(
            lambda: environments.allow_non_fips(environment, row, allow),
            self._trouble.hide,
            self._failed,
        )

    def _failed(self, error: Exception) -> None:
        self._trouble.show_problem(problem_of(error))
