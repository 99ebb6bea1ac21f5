"""Which type a new registry is: what the address says, or the cards to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.ui.forms.choosing import UNKNOWN_ICON, TypeCards
from desktop.ui.forms.form import main_url
from desktop.ui.forms.row import Labelled
from desktop.ui.parts.buttons import button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import label, menu_text
from registrykit.description import TypeDescription
from registrykit.forms import Problem

if TYPE_CHECKING:
    from desktop.app import App

LIKELY = 0.5
LEAD = 0.2
"""What is less likely is taken only this far before the next."""

Guesses = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Guessed:
    """Which types an address may be of, best first; without any, what is wrong with it."""

    types: Guesses
    problem: Problem | None = None


def guess(app: App, url: str, edition: str) -> Guessed:
    """Ask every type that is offered in the edition; imports their plugins."""
    found = app.plugins.guesses(url, edition)
    if found:
        return Guessed(found)
    for kind in app.plugins.types_for(edition):
        field = main_url(kind.form)
        problems = app.registries.judge(kind.id, {field.name: url}, {}).problems if field else ()
        for problem in problems:
            if field is not None and problem.field == field.name:
                return Guessed((), problem)
    return Guessed(())


def best_guess(guesses: Guesses) -> str:
    """Return the type that an address speaks for, empty where it speaks for none or several."""
    if not guesses:
        return ""
    (best, likely), second = guesses[0], guesses[1][1] if len(guesses) > 1 else 0.0
    return best if likely >= LIKELY or likely - second >= LEAD else ""


def is_telling(text: str) -> bool:
    """Say whether enough of an address is there to guess by, while it is being typed."""
    text = text.rstrip("/")
    return "." in text or "/" in text or (":" in text and not text.endswith(":"))


class TypeSwitch(QPushButton):
    """Offers the type that a check has found instead: its code is `<type id>-registry`."""

    taken = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("switch-type")
        self.setAutoDefault(False)
        self._other = ""
        self.clicked.connect(lambda _checked=False: self.taken.emit(self._other))
        self.hide()

    def offer(self, code: str, types: Sequence[TypeDescription]) -> None:
        other = next((found for found in types if f"{found.id}-registry" == code), None)
        if other is not None:
            self._other = other.id
            self.setText(menu_text(self.tr("Add as {type}").format(type=other.title)))
        self.setVisible(other is not None)


class TypeLine(QWidget):
    """The chosen type on one line, or a card for each type while none is chosen."""

    chosen = Signal(str)

    def __init__(self, more: Callable[[], object]) -> None:
        """`more` leads to where plugins with other types are."""
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._types: tuple[TypeDescription, ...] = ()
        self._one = Labelled(self.tr("Type"), 3)
        self._picture = Picture(size=18)
        self._title = label(kind="strong", wrap=True)
        self._why = label(kind="caption", wrap=True)
        self.change = button(self.tr("Change type"), self.show_cards, kind="link")
        self.change.setObjectName("change-type")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._picture)
        line.addWidget(self._title, 1)
        line.addWidget(self.change)
        self._one.column.addLayout(line)
        self._one.column.addWidget(self._why)
        self._said = label(kind="secondary", wrap=True)
        self.cards = TypeCards()
        self.cards.chosen.connect(self.chosen)
        self._more = button(self.tr("Other types come with plugins"), more, kind="link")
        for part in (self._one, self._said, self.cards):
            column.addWidget(part)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._one.hide()

    def show_types(self, types: Sequence[TypeDescription]) -> None:
        self._types = tuple(types)
        self.cards.show_types(self._types)
        self.show_cards(self.tr("Or choose a type."))

    def show_cards(self, said: str = "") -> None:
        """Offer every type; `said` is the sentence above the cards."""
        self._said.setText(said or self.tr("Choose a type."))
        self._show(cards=True)

    def show_guesses(self, guesses: Guesses) -> None:
        """Say that the address alone does not tell which type it is."""
        likely = [found for key, _ in guesses for found in self._types if found.id == key]
        self.cards.show_types((*likely, *(t for t in self._types if t not in likely)))
        if likely:
            self.show_cards(self.tr("This address could be of several types. Choose one."))
        else:
            self.show_cards(self.tr("No type recognizes this address. Choose one."))

    def show_chosen(self, chosen: TypeDescription, likelihood: float | None) -> None:
        """Show the type; `likelihood` is that of a guess, None where somebody chose it."""
        self._picture.show_icon(chosen.icon or UNKNOWN_ICON, "accent")
        said = "{type}"
        if likelihood is not None:
            likely, vowel = likelihood >= LIKELY, chosen.title[:1] in "AEIO"
            looks = self.tr("Looks like an {type}") if vowel else self.tr("Looks like a {type}")
            could = self.tr("Could be an {type}") if vowel else self.tr("Could be a {type}")
            said = looks if likely else could
        self._title.setText(said.format(type=chosen.title))
        self._why.setText(chosen.summary)
        self._why.setVisible(bool(chosen.summary))
        self._show(cards=False)

    def _show(self, *, cards: bool) -> None:
        self._one.setVisible(not cards)
        for part in (self._said, self.cards, self._more):
            part.setVisible(cards)
