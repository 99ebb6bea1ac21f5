"""Adding a registry: an address or a type, then the fields that apply, a check, and it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine.drafts import Judged
from desktop.engine.jobs import Cancellable
from desktop.ui.destination import Destination
from desktop.ui.forms.bounds import bounded_type
from desktop.ui.forms.footer import AddFooter
from desktop.ui.forms.form import FormView, main_url
from desktop.ui.forms.judging import Judging
from desktop.ui.forms.naming import chosen_name, name_problem, proposed_name
from desktop.ui.forms.panel import FormPanel
from desktop.ui.forms.pasting import PastedLogin
from desktop.ui.forms.places import PlaceChoice, places
from desktop.ui.forms.resolved import Resolved
from desktop.ui.forms.row import FieldRow
from desktop.ui.forms.tabbing import order_tabs
from desktop.ui.forms.typeline import (
    Guessed,
    TypeLine,
    TypeSwitch,
    best_guess,
    guess,
    is_telling,
)
from desktop.ui.parts.buttons import icon_button
from desktop.ui.parts.text import label
from desktop.ui.registries import arriving
from desktop.ui.registries.arriving import Arrival
from desktop.ui.session import Session
from registrykit.description import TypeDescription
from registrykit.forms import FieldSpec, Problem

if TYPE_CHECKING:
    from registrykit.events import Check


_Said = tuple[Judged, Problem | None]


class AddPanel(FormPanel):
    """A form for a new registry; it begins with an address that was pasted, or with nothing."""

    added = Signal(str)
    """The registry with this id is there."""
    closed = Signal()

    def __init__(self, session: Session, url: str = "") -> None:
        self._footer = AddFooter()
        super().__init__(session, self._footer)
        self._type: TypeDescription | None = None
        self._by_hand = self._name_typed = self._adding = False
        self._place = PlaceChoice()
        self._begun_in: object = None
        self._guessing = Judging(self, session, self._guess_question, self._guessed)
        self._judging = Judging(self, session, self._question, self._told)
        self._pasted = PastedLogin()
        said, example = self.tr("Paste it from anywhere."), "https://charts.example.com"
        self._url_spec = FieldSpec("url", "url", self.tr("URL"), said, placeholder=example)
        self._url = FieldRow(self._url_spec)
        self._types = TypeLine(lambda: session.go(Destination("settings", tab="plugins")))
        named = self.tr("What lists call it.")
        self._name = FieldRow(FieldSpec("name", "text", self.tr("Name"), named, required=True))
        self._build(url)
        self.session.ready.connect(self._begin)
        self.session.registries_changed.connect(self._begin)
        if session.is_ready:
            self._begin()

    def _build(self, url: str) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(24, 16, 16, 4)
        self._title = label(self.tr("Add a registry"), "title")
        head.addWidget(self._title, 1)
        head.addWidget(icon_button("cancel", self.tr("Close"), self.ask_to_leave, shortcut="Esc"))
        self.column.insertLayout(0, head)
        self._rest = QWidget()
        self._slots = QVBoxLayout(self._rest)
        self._slots.setContentsMargins(0, 0, 0, 0)
        self._slots.setSpacing(14)
        self._slots.addWidget(self._name)
        self._slots.addWidget(self._place)
        self._place.changed.connect(self._entered)
        self._resolved = Resolved()
        self._resolved.same_asked.connect(
            lambda key: self.session.go(Destination("registries", key))
        )
        self._switch = TypeSwitch()
        self._switch.taken.connect(lambda key: self._choose(key, None))
        above = (self._url, self._types, self._resolved)
        for part in (*above, self._rest, self.secrets_note, self.problem):
            self.content.addWidget(part)
        self.content.addWidget(self.check)
        line = QHBoxLayout()
        line.addWidget(self._switch)
        line.addStretch(1)
        self.content.addLayout(line)
        self.content.addStretch(1)
        self._rest.hide()
        self._url.field.set_value(url)
        self._url.changed.connect(self._url_changed)
        self._types.chosen.connect(lambda key: self._choose(key, None))
        self._name.changed.connect(self._name_changed)
        self.check.coded.connect(self._offer_type)
        self._footer.consent.changed.connect(self._show_footer)
        self._show_footer()

    def focus_first(self) -> None:
        """Put the cursor where entering begins; a focus proxy would hide *Close* from Tab."""
        (self._name if self._url.isHidden() else self._url).field.focus()

    def _begin(self) -> None:
        """Offer what there is, once the program is there and where another place is looked at."""
        session, here = self.session, (self.session.environment, self.session.tenant)
        if not session.is_ready or session.environment is None or here == self._begun_in:
            return
        again, self._begun_in = self._begun_in is not None, here
        offered = session.app.plugins.types_for(session.environment.edition)
        self._types.show_types([bounded_type(found) for found in offered])
        if self._type is not None:
            if self._type.id in [found.id for found in offered]:
                self._types.show_chosen(self._type, None)
            else:
                self._show_cards()
        if len(session.app.environments.all()) > 1:
            text = self.tr("Add a registry to {environment}")
            self._title.setText(text.format(environment=session.environment.name))
        self._place.show_places(places(session))
        self.ask_trouble()
        self._show_footer()
        order_tabs(self)
        if self._type is not None and again:
            self._entered()
        elif self._url.field.value():
            self._guessing.ask()

    # Which type it is

    def _guess_question(self) -> Callable[[], Guessed] | None:
        url, session, edition = self._pasted.take(self._url, self.form), self.session, self._edition
        if not session.is_ready or self._by_hand:
            return None
        if not url:
            self._unchoose()
            return None
        return lambda: guess(session.app, url, edition)

    def _guessed(self, guessed: Guessed) -> None:
        best = best_guess(guessed.types)
        if best:
            self._choose(best, dict(guessed.types)[best])
            return
        if guessed.types:
            self._unchoose()
        # Of a type that was found before, the form says why the address is none of its any more.
        if self._type is None:
            self._types.show_guesses(guessed.types)
            self._url.show_problem(guessed.problem)
            self._url.submit()

    def _unchoose(self) -> None:
        """Go back to the cards, unless something was entered below them."""
        if self._type is not None and not (self.form is not None and self.form.is_changed):
            self._show_cards()

    def _show_cards(self) -> None:
        """Have no type; what was entered is kept for the next one."""
        self._type = None
        self._footer.consent.ask("", "")
        self._url.show()
        self._rest.hide()
        self._resolved.hide()
        self._url.say(self._url_spec)
        self._types.show_cards(self.tr("Or choose a type."))
        self._show_footer()

    def _choose(self, type_id: str, likelihood: float | None) -> None:
        """Show the fields of a type; what was entered for another stays as far as it fits."""
        by_hand = likelihood is None
        self._by_hand = self._by_hand or by_hand
        description = bounded_type(self.session.app.plugins.describe(type_id)[1])
        self._types.show_chosen(description, likelihood)
        self._switch.hide()
        if self._type is None or self._type.id != type_id:
            self._show_form(description)
        self._rest.show()
        self._show_footer()
        self._judging.ask()
        if by_hand:
            url = self._url.isHidden() or bool(self._url.field.value())
            (self._name if url else self._url).field.focus()

    def _show_form(self, description: TypeDescription) -> None:
        self._type = description
        recorded = self.tr("The confirmation is recorded, with your name and the time.")
        self._footer.consent.ask(description.confirmation, recorded)
        before, main = self.form, main_url(description.form)
        self.check.close_check()
        without = (main.name,) if main else ()
        form = FormView(description.form, without=without)
        if before is not None:
            form.take_over(before.entered(), before.spec)
            before.hide()
            before.deleteLater()
        self._url.setVisible(main is not None)
        if main is not None:
            self._url.say(main)
        elif (
            url := next((f for f in description.form.fields if f.kind == "url"), None)
        ) is not None:
            form.take_over({url.name: self._url.field.value()}, description.form)
        self.form = form
        form.changed.connect(self._entered)
        self._slots.addWidget(form)
        self._pasted.give(form)
        form.show()
        order_tabs(self)
        self.show_secrets_note()

    # What is entered

    def _url_changed(self) -> None:
        url = self._url.field.value()
        if not self._by_hand and (not url or is_telling(url)):
            self._guessing.later()
        self._entered()

    def _name_changed(self) -> None:
        self._name_typed = bool(self._name.field.value())
        self._entered()

    def _entered(self) -> None:
        self.check.outdated()
        self.problem.hide()
        self._switch.hide()
        self._show_footer()
        self.show_secrets_note()
        self._judging.later()

    def _values(self) -> tuple[dict[str, Any], dict[str, str]]:
        assert self._type is not None
        assert self.form is not None
        main = main_url(self._type.form)
        values = {main.name: self._url.field.value()} if main else {}
        return {**values, **self.form.values()}, self.form.secrets()

    @property
    def is_changed(self) -> bool:
        typed = bool(self._url.field.value()) or self._name_typed
        return typed or (self.form is not None and self.form.is_changed)

    def _question(self) -> Callable[[], _Said] | None:
        if self._type is None or self.form is None:
            return None
        values, given = self._values()
        registries, place, type_id = self.session.app.registries, self._place.place, self._type.id
        name = self._name.field.value().strip()

        def ask() -> _Said:
            judged = registries.judge(type_id, values, given, place=place)
            return judged, name_problem(registries, name, place)

        return ask

    def _told(self, said: _Said) -> None:
        if self._type is None or self.form is None:
            return
        judged, name = said
        main = main_url(self._type.form)
        ours = main.name if main else ""
        problems = judged.problems
        self._url.show_problem(next((p for p in problems if ours and p.field == ours), None))
        self.form.show_problems(p for p in problems if not ours or p.field != ours)
        self._name.show_problem(None if self._propose(judged.endpoint) else name)
        self._resolved.show_judged(judged)

    def _propose(self, endpoint: str) -> bool:
        """Propose a name as long as nobody entered one; says whether there is a proposal."""
        if self._name_typed:
            return False
        taken = [row.name for row in self.session.registries(hidden=True)]
        general = [found.id for found in self.session.app.plugins.types_for(self._edition)]
        chosen = chosen_name(self._type.form, self._values()[0], taken) if self._type else ""
        name = chosen or proposed_name(endpoint, taken, general)
        self._name.field.propose(name)
        return bool(name)

    @property
    def _edition(self) -> str:
        return self.session.environment.edition if self.session.environment else ""

    # What the panel does

    def judged(self, then: Callable[[], None]) -> None:
        if self._type is not None:
            self._judging.ask(lambda _said: then())
            return
        if not self._url.field.value():
            text, remedy = self.tr("There is no URL yet."), self.tr("Paste one, or choose a type.")
            self._url.show_problem(Problem("url", text, remedy))
            self._url.submit()
            self._url.field.focus()
            return

        def guessed(_guessed: Guessed) -> None:
            if self._type is not None:
                self.judged(then)

        self._guessing.ask(guessed)

    def is_right(self) -> bool:
        """Show what is wrong and go to the first of it; says whether nothing is."""
        right = super().is_right()
        for row in (self._name, self._url):
            row.submit()
            if row.is_wrong and not row.isHidden():
                row.field.focus()
                right = False
        return right

    def stages(self) -> Callable[[Cancellable], Iterator[Check]]:
        assert self._type is not None
        values, given = self._values()
        registries, type_id = self.session.app.registries, self._type.id

        def stages(control: Cancellable) -> Iterator[Check]:
            yield from registries.check(registries.draft(type_id, values, given), (), control)

        return stages

    def checked(self) -> None:
        self._show_footer()

    def _show_footer(self) -> None:
        session = self.session
        why_not = "" if session.writable else self.tr("The program is starting.")
        if session.is_ready and not session.writable:
            why_not = self.tr("Another program has this data open.")
        self._footer.check.setEnabled(self._type is not None and session.is_ready)
        self._footer.show_state(
            self.check.verdict, why_not, chosen=self._type is not None, adding=self._adding
        )

    def submit(self) -> None:
        if self._adding or not self.session.writable:
            return

        def begin() -> None:
            if not self.is_right():
                return
            if self._footer.consent.is_given:
                self._add()
            else:
                self._footer.consent.box.setFocus(Qt.FocusReason.OtherFocusReason)

        self.judged(begin)

    def _add(self) -> None:
        assert self._type is not None
        self._adding = True
        self._show_footer()
        self.problem.hide()
        work = partial(
            arriving.add,
            self.session.app,
            self._type.id,
            *self._values(),
            self._name.field.value().strip(),
            self._place.place,
            confirmed=self._type.confirmation != "" and self._footer.consent.is_given,
        )
        self.session.tasks.run(self, work, self._was_added, self._failed)

    def _was_added(self, added: Arrival) -> None:
        self.session.tell(added.told())
        self.check.close_check()
        self.added.emit(added.row.id)

    def _failed(self, error: Exception) -> None:
        self._adding = False
        self._show_footer()
        self.show_trouble(error)

    def _offer_type(self, code: str) -> None:
        types = self.session.app.plugins.types_for(self._edition)
        self._switch.offer(code, [bounded_type(found) for found in types])

    def leave(self) -> None:
        self._guessing.stop()
        self._judging.stop()
        self.check.close_check()
        self.closed.emit()
