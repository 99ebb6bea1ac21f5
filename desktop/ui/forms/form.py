"""A form, made from what a registry type says of its fields and from nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.forms.bounds import bounded, bounded_field, bounded_problem, is_asked
from desktop.ui.forms.row import FieldRow
from desktop.ui.forms.secret import SecretField
from desktop.ui.forms.section import Section
from desktop.ui.parts.text import label
from registrykit.forms import FieldSpec, FormSpec, Problem

MOST_PROBLEMS = 5


def main_url(form: FormSpec) -> FieldSpec | None:
    """Return the field that an address is for, if it always applies and shows no other field."""
    urls = (f for f in form.fields if f.kind == "url" and not f.show_if)
    found = next(urls, None)
    if found is None or any(found.name in spec.show_if for spec in form.fields):
        return None
    return bounded_field(found)


def applying(specs: Sequence[FieldSpec], values: Mapping[str, Any]) -> set[str]:
    """Return the fields that apply; one that hangs on a field that does not, does not either."""
    names = {spec.name for spec in specs}
    found: set[str] = set()
    while True:
        more = {
            spec.name
            for spec in specs
            if spec.name not in found
            and spec.applies(values)
            and all(other in found for other in spec.show_if if other in names)
        }
        if not more:
            return found
        found |= more


class FormView(QWidget):
    """Shows the fields that apply; those that do not keep what was typed into them."""

    changed = Signal()

    def __init__(
        self,
        spec: FormSpec,
        values: Mapping[str, Any] | None = None,
        present_secrets: Collection[str] = (),
        locked: Collection[str] = (),
        *,
        without: Collection[str] = (),
    ) -> None:
        """`present_secrets` are stored already, `without` names fields that stand elsewhere."""
        super().__init__()
        left_out = len(spec.fields)
        self.spec = spec = bounded(spec)
        left_out -= len(spec.fields)
        self._problems: tuple[Problem, ...] = ()
        self._rows = {
            field.name: FieldRow(field) for field in spec.fields if field.name not in without
        }
        entered = {**spec.defaults, **(values or {})}
        for name, row in self._rows.items():
            if not row.spec.secret:
                row.field.set_value(entered[name])
            if name in locked:
                row.lock()
            row.changed.connect(self._changed)
        self.say_stored(present_secrets)
        self._initial = self._all_values()
        self._whole = label(kind="bad", wrap=True)
        self._whole.setMinimumWidth(1)
        self._whole.hide()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(14)
        self._column.addWidget(self._whole)
        if left_out:
            said = self.tr(
                "This type asks for {count} more than a form can show. They stay as they are by "
                "themselves; the command line sets them."
            )
            fields = words.counted(left_out, "field")
            self._column.addWidget(label(said.format(count=fields), "attention", wrap=True))
        self._sections = [Section(title, rows) for title, rows in self._by_section().items()]
        for section in self._sections:
            self._column.addWidget(section)
        self._arrange()

    def _by_section(self) -> dict[str, list[FieldRow]]:
        found: dict[str, list[FieldRow]] = {"": []}
        for row in self._rows.values():
            found.setdefault(row.spec.section, []).append(row)
        return {title: rows for title, rows in found.items() if rows}

    # What is in it

    def values(self) -> dict[str, Any]:
        """Return the values of the fields that apply, without secrets."""
        applying = self.applying()
        return {
            name: row.field.value()
            for name, row in self._rows.items()
            if name in applying and not row.spec.secret
        }

    def secrets(self) -> dict[str, str]:
        """Return the secrets that were typed into fields that apply."""
        applying = self.applying()
        return {
            name: str(row.field.value())
            for name, row in self._rows.items()
            if name in applying and row.spec.secret and row.field.value()
        }

    def changed_values(self) -> dict[str, Any]:
        """Return the values that apply and are other ones than in the beginning."""
        return {k: v for k, v in self.values().items() if v != self._initial.get(k)}

    @property
    def is_changed(self) -> bool:
        return self._all_values() != self._initial

    def entered(self) -> dict[str, Any]:
        """Return everything that somebody typed, secrets too, for `take_over`."""
        now = self._all_values()
        return {name: value for name, value in now.items() if value != self._initial[name]}

    def take_over(self, entered: Mapping[str, Any], kinds: FormSpec) -> None:
        """Show what was typed into the form of `kinds`, as far as the same fields are here."""
        for name, value in entered.items():
            row, other = self._rows.get(name), kinds.field(name)
            if row is None or other is None or other.kind != row.spec.kind:
                continue
            known = [choice.value for choice in row.spec.choices]
            if not known or value in known:
                row.field.set_value(value)
        self._arrange()

    def set_value(self, name: str, value: Any) -> None:
        """Enter a value for somebody, as if it were typed."""
        self._rows[name].field.set_value(value)
        self._changed()

    def value(self, name: str) -> Any:
        return self._rows[name].field.value()

    def has(self, name: str) -> bool:
        return name in self._rows

    def asks_secrets(self) -> bool:
        """Say whether a secret was typed, or is asked for among what comes first."""
        applying = self.applying()
        return bool(self.secrets()) or any(
            name in applying and not field.spec.section and not field.is_stored
            for name, field in self._secret_fields().items()
        )

    def applying(self) -> set[str]:
        """Return the fields that count; of those, the ones with a decision in them are shown."""
        return applying([row.spec for row in self._rows.values()], self._all_values())

    def _all_values(self) -> dict[str, Any]:
        return {name: row.field.value() for name, row in self._rows.items()}

    def _secret_fields(self) -> dict[str, SecretField]:
        return {
            name: row.field
            for name, row in self._rows.items()
            if isinstance(row.field, SecretField)
        }

    # Secrets that are stored

    def say_stored(self, present: Iterable[str], where: str = "") -> None:
        """Say of which secrets there is one already, and how it is kept."""
        for name, field in self._secret_fields().items():
            if name in present:
                field.set_stored(where)

    def set_dropped(self, names: Collection[str]) -> None:
        """Ask for the secrets again that will not stay."""
        for name, field in self._secret_fields().items():
            field.set_dropped(name in names)

    # What is wrong

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Put problems beside their fields; those of no field that is shown stand above all."""
        self._problems = tuple(bounded_problem(problem) for problem in problems)
        by_field: dict[str, Problem] = {}
        for problem in self._problems:
            by_field.setdefault(problem.field, problem)
        for name, row in self._rows.items():
            row.show_problem(by_field.get(name))
        # What concerns a field that nobody sees concerns the whole.
        whole = [p for p in self._problems if p.field not in self._shown()]
        said = [f"{p.message} {p.remedy}".strip() for p in whole[:MOST_PROBLEMS]]
        if len(whole) > MOST_PROBLEMS:
            said.append(self.tr("{count} more").format(count=f"{len(whole) - MOST_PROBLEMS:,}"))
        self._whole.setText("\n".join(said))
        self._whole.setVisible(bool(whole))

    def submit(self) -> bool:
        """Show everything that is wrong and go to the first of it; says whether all is well."""
        for row in self._rows.values():
            row.submit()
        shown = self._shown()
        for row in self._rows.values():
            if row.is_wrong and row.spec.name in shown:
                self.go_to(row.spec.name)
                return False
        return not self._problems

    def go_to(self, name: str) -> None:
        """Put the cursor into a field, wherever it is."""
        row = self._rows[name]
        self._section_of(row).open()
        row.field.focus()
        area = self.parent()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parent()
        if isinstance(area, QScrollArea):
            # A section that was just opened has no place yet.
            QTimer.singleShot(0, row, lambda: area.ensureWidgetVisible(row, 0, 24))

    def focus_sign_in(self) -> bool:
        """Put the cursor where a sign-in goes on; says whether there is such a field."""
        applying = self.applying()
        for row in self._rows.values():
            if row.spec.name not in applying or row.is_locked or row.spec.section:
                continue
            if isinstance(row.field, SecretField):
                row.field.ask_anew()
                return True
            if row.field.is_blank and row.spec.kind == "text":
                row.field.focus()
                return True
        return False

    def focus_first(self) -> None:
        shown = self._shown()
        for row in self._rows.values():
            if row.spec.name in shown and not row.is_locked:
                row.field.focus()
                return

    # How it looks

    def _section_of(self, row: FieldRow) -> Section:
        return next(s for s in self._sections if row in s.rows)

    def _changed(self) -> None:
        self._arrange()
        self.changed.emit()

    def _shown(self) -> set[str]:
        return {name for name in self.applying() if is_asked(self._rows[name].spec)}

    def _arrange(self) -> None:
        shown = self._shown()
        for section in self._sections:
            section.show_rows(shown)
