"""A form that is far too large, too long and full of odd values: the window stays usable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import App
from desktop.engine.plugins import Plugin
from desktop.ui.forms.bounds import MOST_FIELDS, bounded
from desktop.ui.forms.form import FormView
from desktop.ui.forms.row import FieldRow
from desktop.ui.registries.adding import AddPanel
from desktop.ui.session import Session
from registrykit.description import TypeDescription, describe
from registrykit.forms import Choice, FieldSpec, FormSpec, Problem
from registrykit_example import FeedRegistry
from tests.gui.conftest import find

LONG = "words and more words " * 2_000
SOLID = "W" * 50_000
SLY = "safe\u202egnihton\u0000\x1b[31m\n\nsecond line <b>bold</b> & more"


def hostile_form() -> FormSpec:
    """Return a form in which every field is wrong in another way, and there are thousands."""
    fields = [
        FieldSpec("long", "text", LONG, help=LONG, placeholder=LONG, default=LONG),
        FieldSpec("solid", "url", SOLID, help=SOLID, section="", default=SOLID[:2_000]),
        FieldSpec("sly", "flag", SLY, help=SLY, default="perhaps"),
        FieldSpec("nameless", "text", ""),
        FieldSpec("none", "choice", "No choice at all"),
        FieldSpec("one", "choice", "Only one", choices=(Choice("it", "It"),)),
        FieldSpec("two", "choice", "Two", choices=(Choice("a", LONG), Choice("b", SOLID))),
        FieldSpec(
            "many",
            "choice",
            "Many",
            choices=tuple(Choice(f"c{number}", SLY) for number in range(5_000)),
            default=["not", "one", "of", "them"],
        ),
        FieldSpec("items", "list", "List", default=7),
        FieldSpec("number", "number", "Number", default="seven"),
        FieldSpec("pem", "pem", "PEM", default={"not": "text"}),
        FieldSpec("secret", "secret", "Secret", secret=True, default=object()),
        FieldSpec("chicken", "text", "Chicken", show_if={"egg": ("",)}),
        FieldSpec("egg", "text", "Egg", show_if={"chicken": ("",)}),
        FieldSpec("orphan", "text", "Orphan", show_if={"nobody": (1, 2)}),
        FieldSpec("long", "text", "The same name again"),
    ]
    fields += [
        FieldSpec(
            f"field{number}", "text", f"Field {number}", section=f"Section {number % 9}{LONG}"
        )
        for number in range(4_000)
    ]
    fields.append(FieldSpec("last", "text", "The last one"))
    return FormSpec(tuple(fields))


def hostile(app: App) -> TypeDescription:
    """Have a type with that form among those that are installed."""
    kind = FeedRegistry()
    description = msgspec.structs.replace(
        describe(kind),
        title=SOLID,
        summary=LONG,
        icon="../../etc/passwd",
        confirmation=LONG,
        form=hostile_form(),
    )
    app.plugins.all()
    assert app.plugins._plugins is not None
    plugin = Plugin("hostile", "1.0", "", state="active", types=(description,))
    app.plugins._plugins = {"hostile": plugin}
    app.plugins._objects = {"hostile": {kind.id: kind}}
    return description


@pytest.fixture
def session(app: App, open_session: Callable[..., Session]) -> Session:
    return open_session(app)


def shown(under: QWidget, kind: type[Any]) -> list[Any]:
    return [each for each in under.findChildren(kind) if each.isVisible()]


def test_what_a_form_asks_for_is_bounded() -> None:
    form = bounded(hostile_form())
    assert len(form.fields) == MOST_FIELDS
    assert len({spec.name for spec in form.fields}) == MOST_FIELDS
    assert form.fields[-1].name == "last", "those that every type has come last"
    for spec in form.fields:
        texts = (spec.label, spec.help, spec.section, *(choice.label for choice in spec.choices))
        assert all(text.isprintable() and len(text) <= 500 for text in texts)
        assert spec.label
    assert bounded(form) == form


def test_a_hostile_form_is_shown_and_can_be_used(
    app: App, session: Session, show: Callable[[Any], Any], qtbot: QtBot
) -> None:
    description = hostile(app)
    panel: AddPanel = show(AddPanel(session))
    panel.resize(640, 700)
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    find(panel, QWidget, f"type-{description.id}").click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: panel.form is not None)
    form = panel.form
    assert form is not None
    QApplication.processEvents()
    assert len(form.findChildren(FieldRow)) < MOST_FIELDS
    # Nothing pushes the panel apart, and no text is a page of its own.
    assert panel.width() == 640
    assert panel.minimumSizeHint().width() <= 640
    assert all(row.height() <= 260 for row in shown(form, FieldRow))
    assert all(each.height() <= 160 for each in shown(panel, QLabel))
    asked = {row.spec.name for row in shown(form, FieldRow)}
    assert not asked & {"one", "none", "chicken", "egg", "orphan"}
    assert form.values()["one"] == "it"
    said = "\n".join(each.text() for each in shown(panel, QLabel))
    assert "3,957 fields more than a form can show" in said
    assert "⟨U+202E⟩" in said
    # What stands in the last section can be reached and entered.
    form.go_to("last")
    line = find(form.findChild(QWidget, "field-last"), QLineEdit)  # type: ignore[arg-type]
    QTest.keyClicks(line, "here")
    assert form.values()["last"] == "here"
    # The button stays in sight, and waits for the sentence to be confirmed.
    add = find(panel, QPushButton, "finish-adding")
    assert panel.rect().contains(add.mapTo(panel, add.rect().bottomRight()))
    assert not add.isEnabled()
    find(panel, QCheckBox, "consent").setFocus()
    QTest.keyClick(panel.focusWidget(), Qt.Key.Key_Space)
    assert add.isEnabled()


def test_what_a_plugin_says_of_a_value_is_bounded(show: Callable[[Any], Any]) -> None:
    form: FormView = show(FormView(FormSpec((FieldSpec("a", "text", "A"),))))
    form.resize(500, 400)
    form.show_problems([Problem("a", LONG, SOLID), *(Problem("", LONG) for _ in range(500))])
    form.submit()
    QApplication.processEvents()
    assert form.minimumSizeHint().width() <= 500
    assert form.height() <= 600
