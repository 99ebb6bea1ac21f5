"""The form of a registry that is there: what changes, what that drops, and how it is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal

from desktop.engine import editing
from desktop.engine.drafts import Judged, Place
from desktop.engine.editing import Editing
from desktop.store.values import RegistryRow
from desktop.ui.destination import Destination
from desktop.ui.forms.checking import CA_FIELD
from desktop.ui.forms.footer import Footer
from desktop.ui.forms.form import FormView
from desktop.ui.forms.judging import Judging
from desktop.ui.forms.naming import name_problem
from desktop.ui.forms.panel import FormPanel
from desktop.ui.forms.resolved import Resolved
from desktop.ui.forms.row import FieldRow
from desktop.ui.forms.tabbing import order_tabs
from desktop.ui.parts.note import Note
from desktop.ui.session import Session
from registrykit.forms import FieldSpec, FormSpec, Problem

if TYPE_CHECKING:
    from desktop.engine.jobs import Cancellable
    from registrykit.events import Check


def _tr(text: str) -> str:
    return QCoreApplication.translate("EditPanel", text)


@dataclass(frozen=True)
class Beginning:
    """What a form for a stored registry begins with."""

    row: RegistryRow
    place: Place
    form: FormSpec
    editing: Editing


@dataclass(frozen=True)
class _Said:
    judged: Judged
    dropped: tuple[str, ...]
    name: Problem | None


class EditPanel(FormPanel):
    """Saves what was changed; secrets that are not entered anew stay, unless the address moves."""

    saved = Signal()
    left = Signal()

    def __init__(self, session: Session, beginning: Beginning) -> None:
        super().__init__(
            session,
            Footer(_tr("Save"), _tr("Discard what you changed?"), leave=_tr("Discard")),
        )
        self.footer.take.setObjectName("save-registry")
        self._beginning = beginning
        row, known = beginning.row, beginning.editing
        self._fixed = Note()
        self._saving = False
        self._dropping: frozenset[str] = frozenset()
        self._labels = {spec.name: spec.label for spec in beginning.form.fields}
        self._name = FieldRow(FieldSpec("name", "text", self.tr("Name"), required=True))
        self._name.field.set_value(row.name)
        if row.default_id is not None:
            self._name.lock()
            self._fixed.say(
                _tr(
                    "Its definition comes with the edition of the environment. Yours to decide is "
                    "how you sign in, and which documents are kept."
                )
            )
        self._name.changed.connect(self._entered)
        self._dropped = Note("attention")
        self._dropped.setObjectName("dropped-secrets")
        self._resolved = Resolved()
        self._resolved.same_asked.connect(lambda key: session.go(Destination("registries", key)))
        self.form = FormView(beginning.form, known.values, known.secrets_present, known.locked)
        self.form.changed.connect(self._entered)
        self.check.can_trust = CA_FIELD not in known.locked and self.form.has(CA_FIELD)
        self.content.addWidget(self._fixed)
        for part in (self._name, self.form, self._resolved, self._dropped):
            self.content.addWidget(part)
        for below in (self.secrets_note, self.problem, self.check):
            self.content.addWidget(below)
        self.content.addStretch(1)
        self._judging = Judging(self, session, self._question, self._told)
        self.ask_trouble()
        order_tabs(self)
        self._show_footer()

    def _told_trouble(self, trouble: str) -> None:
        super()._told_trouble(trouble)
        assert self.form is not None
        where = self.tr("kept until the program ends") if trouble else self.tr("in the keyring")
        self.form.say_stored(self._beginning.editing.secrets_present, where)

    def focus_first(self) -> None:
        """Put the cursor where something can be changed."""
        assert self.form is not None
        self.form.focus_first()

    def focus_sign_in(self) -> None:
        """Put the cursor where the sign-in that did not work is entered again."""
        assert self.form is not None
        if not self.form.focus_sign_in():
            self.form.focus_first()

    # What is entered

    @property
    def is_changed(self) -> bool:
        assert self.form is not None
        return self.form.is_changed or self._new_name != self._beginning.row.name

    @property
    def _new_name(self) -> str:
        return str(self._name.field.value()).strip()

    def _entered(self) -> None:
        self.check.outdated()
        self.problem.hide()
        self._show_footer()
        self.show_secrets_note()
        self._judging.later()

    def _show_footer(self) -> None:
        self.footer.take.setEnabled(self.is_changed and not self._saving)
        self.footer.take.setText(self.tr("Saving…") if self._saving else self.tr("Save"))

    def _question(self) -> Callable[[], _Said]:
        assert self.form is not None
        begun, registries = self._beginning, self.session.app.registries
        row, place, present = begun.row, begun.place, begun.editing.secrets_present
        values, given, name = self.form.values(), self.form.secrets(), self._new_name
        changed = self.form.changed_values()

        def ask() -> _Said:
            same = name == row.name
            wrong = None if same else name_problem(registries, name, place, row.id)
            dropped = registries.dropped_by(row, changed) if changed else ()
            stay = [key for key in present if key not in dropped and key not in given]
            judged = registries.judge(row.type, values, given, stay, place=place, besides=row.id)
            return _Said(judged, dropped, wrong)

        return ask

    def _told(self, said: _Said) -> None:
        assert self.form is not None
        self.form.set_dropped(said.dropped)
        self.form.show_problems(said.judged.problems)
        self._name.show_problem(said.name)
        self.show_secrets_note()
        self._resolved.show_judged(said.judged)
        missing = [key for key in said.dropped if key not in self.form.secrets()]
        self._dropping = frozenset(missing)
        names = ", ".join(self._labels.get(key, key) for key in missing)
        text = self.tr(
            "The address changes, so what is stored is dropped: {names}. Enter it again."
        )
        self._dropped.say(text.format(names=names) if names else "")

    # What the panel does

    def judged(self, then: Callable[[], None]) -> None:
        self._judging.ask(lambda _said: then())

    def is_right(self) -> bool:
        right = super().is_right()
        self._name.submit()
        if self._name.is_wrong:
            self._name.field.focus()
            right = False
        return right

    def stages(self) -> Callable[[Cancellable], Iterator[Check]]:
        assert self.form is not None
        app, row = self.session.app, self._beginning.row
        values, given = self.form.changed_values(), self.form.secrets()

        def stages(control: Cancellable) -> Iterator[Check]:
            draft, _ = editing.changed(app.plugins, app.vault, row, values, given)
            if draft is None:
                yield from app.registries.check_stored(row, control)
            else:
                yield from app.registries.check(draft, row.approved_hosts, control)

        return stages

    def submit(self) -> None:
        if self._saving:
            return
        if not self.is_changed:
            self.leave()
            return

        told = self._dropping

        def begin() -> None:
            if not self.is_right():
                return
            if self._dropping <= told:
                self._save()
            elif self.form is not None:
                # Nobody has read yet what saving costs.
                self.form.go_to(min(self._dropping))

        self.judged(begin)

    def _save(self) -> None:
        assert self.form is not None
        self._saving = True
        self._show_footer()
        app, before, place = self.session.app, self._beginning.row, self._beginning.place
        values, given, name = self.form.changed_values(), self.form.secrets(), self._new_name

        def work() -> tuple[RegistryRow, bool, bool]:
            row, kept = app.registries.edit(
                app.registries.get(before.id), name=name, values=values, given=given, place=place
            )
            again = _should_read(before, row) and not app.network().offline
            if again:
                app.synchronize(row)
            return row, kept, again

        self.session.tasks.run(self, work, self._was_saved, self._failed)

    def _was_saved(self, result: tuple[RegistryRow, bool, bool]) -> None:
        row, kept, again = result
        said = (
            self.tr("{name} was saved and is being read.")
            if again
            else self.tr("{name} was saved.")
        )
        said = said.format(name=row.name)
        if not kept:
            said = f"{said} {self.tr('Its secrets are kept until the program ends.')}"
        self.session.tell(said)
        self._end()
        self.saved.emit()

    def _failed(self, error: Exception) -> None:
        self._saving = False
        self._show_footer()
        self.show_trouble(error)

    def leave(self) -> None:
        self._end()
        self.left.emit()

    def _end(self) -> None:
        self._judging.stop()
        self.check.close_check()


def _should_read(before: RegistryRow, after: RegistryRow) -> bool:
    """Say whether what was saved may make a synchronization work that did not, or is another one.

    What was never asked for is not read unasked.
    """
    if before.last_attempt is None:
        return False
    another = (before.endpoint, before.config, before.secrets) != (
        after.endpoint,
        after.config,
        after.secrets,
    )
    return before.last_outcome == "failed" or another
