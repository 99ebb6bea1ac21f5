"""Forms: made from a model that nobody here knows, every kind of field, and what is wrong."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, SecretStr
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.ui.forms.form import FormView
from desktop.ui.forms.naming import free_name, proposed_name
from desktop.ui.forms.secret import SecretField
from desktop.ui.forms.tabbing import order_tabs
from desktop.ui.forms.typeline import best_guess
from registrykit.forms import FormSpec, Problem, Ui, compile_form
from registrykit.registry import RegistryConfig
from registrykit.testing.tls import Authority
from tests.gui.conftest import find, name_of

LEVELS = ("debug", "info", "warning", "error", "fatal")


class _Own(BaseModel):
    address: Annotated[str, Ui("Address & port", "Where it is.", kind="url")]
    team: Annotated[str, Ui("Team", placeholder="platform")] = ""
    sign_in: Annotated[
        Literal["none", "robot", "key"],
        Ui("Sign-in", choice_labels={"none": "Not needed", "robot": "Robot", "key": "Key file"}),
    ] = "none"
    robot: Annotated[str, Ui("Robot", show_if={"sign_in": "robot"})] = ""
    phrase: Annotated[SecretStr | None, Ui("Phrase", show_if={"sign_in": "robot"})] = None
    note: Annotated[str, Ui("Note", kind="multiline", show_if={"robot": "writes-notes"})] = ""
    level: Annotated[Literal[LEVELS], Ui("Level", section="Depth")] = "info"  # type: ignore[valid-type]
    pages: Annotated[int, Ui("Pages", section="Depth")] = 10
    paths: Annotated[list[str], Ui("Paths", section="Depth")] = []
    mirrors: Annotated[str, Ui("Mirror", section="Needed")]


class StrangeConfig(RegistryConfig, _Own):
    """A form with every kind of field, as a stranger's plugin may have it."""


@pytest.fixture(scope="module")
def spec() -> FormSpec:
    return compile_form(StrangeConfig)


Open = Callable[..., FormView]


@pytest.fixture
def open_form(spec: FormSpec, show: Callable[[Any], Any], qtbot: QtBot) -> Open:
    """Return a function that shows a form in a place that scrolls."""

    def make(values: dict[str, Any] | None = None, *args: Any, width: int = 640) -> FormView:
        form = FormView(spec, values, *args)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(form)
        area.resize(width, 900)
        show(area)
        area.activateWindow()
        qtbot.waitUntil(area.isActiveWindow)
        order_tabs(form)
        return form

    return make


def row(form: FormView, name: str) -> QWidget:
    found = form.findChild(QWidget, f"field-{name}")
    assert isinstance(found, QWidget)
    return found


def line(form: FormView, name: str) -> QLineEdit:
    found = row(form, name).findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def is_kept(form: FormView, name: str) -> bool:
    """Say whether a stored secret stays as it is."""
    field = row(form, name)
    assert isinstance(field, SecretField)
    return field.is_stored


def texts(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def unfold(form: FormView) -> None:
    for header in form.findChildren(QToolButton):
        if header.objectName().startswith("section-") and "folded" in header.accessibleName():
            header.click()


# Which fields there are


def test_every_kind_of_field_is_shown_and_gives_its_value_back(open_form: Open) -> None:
    values = {
        "address": "https://x.example/a",
        "team": "core",
        "sign_in": "robot",
        "robot": "writes-notes",
        "note": "one\ntwo",
        "level": "fatal",
        "pages": 99_999_999_999,
        "paths": ["a/b", "c"],
        "mirrors": "m",
        "description": "d",
        "documents": "all",
        "ca_certificate": "text",
        "client_certificate": "",
        "insecure_skip_verify": True,
    }
    form = open_form(values)
    assert form.values() == values
    assert form.secrets() == {}
    assert not form.is_changed
    unfold(form)
    assert len(form.findChildren(QComboBox)) == 1
    for each in form.findChildren(QWidget):
        if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert name_of(each), each
    assert name_of(line(form, "address")) == "Address & port"


def test_fields_appear_and_disappear_without_losing_what_was_typed(open_form: Open) -> None:
    form = open_form()
    assert not row(form, "robot").isVisible()
    find(form, QRadioButton, "Sign-in: Robot").click()
    QTest.keyClicks(line(form, "robot"), "writes-notes")
    QTest.keyClicks(line(form, "phrase"), "open sesame")
    assert row(form, "note").isVisible()
    assert form.secrets() == {"phrase": "open sesame"}
    find(form, QRadioButton, "Sign-in: Not needed").click()
    assert not {"robot", "note"} & form.values().keys()
    assert form.secrets() == {}
    find(form, QRadioButton, "Sign-in: Robot").click()
    assert form.values()["robot"] == "writes-notes"
    assert form.secrets() == {"phrase": "open sesame"}


def test_sections_fold_say_what_is_set_and_never_hide_what_is_needed(open_form: Open) -> None:
    form = open_form({"documents": "all", "insecure_skip_verify": True})
    assert row(form, "mirrors").isVisible()
    assert not row(form, "documents").isVisible()
    folded = texts(form)
    assert "Documents: Of every version" in folded
    assert "Skip TLS verification: on" in folded
    assert "Level, Pages, Paths" in folded
    unfold(form)
    assert row(form, "documents").isVisible()
    assert "anybody on the way can read" in texts(form)


def test_tab_goes_through_the_form_in_the_order_in_which_it_is_read(
    open_form: Open, qtbot: QtBot
) -> None:
    form = open_form()
    line(form, "address").setFocus()
    seen = []
    for _ in range(5):
        QTest.keyClick(form.window().focusWidget(), Qt.Key.Key_Tab)
        seen.append(name_of(form.window().focusWidget()))
    assert seen == ["Team", "Sign-in: Not needed", "Depth, folded", "Needed, shown", "Mirror"]
    chosen = find(form, QRadioButton, "Sign-in: Not needed")
    chosen.setFocus()
    QTest.keyClick(chosen, Qt.Key.Key_Right)
    assert form.values()["sign_in"] == "robot"
    assert name_of(form.window().focusWidget()) == "Sign-in: Robot"


def test_a_narrow_form_stays_within_its_width(open_form: Open) -> None:
    form = open_form({"sign_in": "robot"}, width=320)
    unfold(form)
    assert form.width() <= 320
    for each in form.findChildren(QWidget):
        if each.isVisible():
            right = each.mapTo(form, each.rect().topRight()).x()
            assert right <= form.width(), (each, each.objectName())


# What is wrong


def test_problems_wait_until_they_disturb_nobody(open_form: Open) -> None:
    form = open_form()
    problems = [Problem("address", "Address is missing.", "Enter it."), Problem("team", "No.")]
    form.show_problems(problems)
    assert "missing" not in texts(form)
    QTest.keyClicks(line(form, "team"), "x")
    form.show_problems(problems)
    # What was typed is told at once, what is only missing is not.
    assert "No." in texts(form)
    assert "missing" not in texts(form)
    assert form.submit() is False
    assert "Address is missing." in texts(form)
    assert form.window().focusWidget() is line(form, "address")
    assert "Address is missing. Enter it." in line(form, "address").accessibleDescription()
    form.show_problems(())
    assert "missing" not in texts(form)
    assert form.submit() is True


def test_a_problem_in_a_folded_section_is_unfolded(open_form: Open) -> None:
    form = open_form()
    form.show_problems([Problem("pages", "Pages has to be a whole number.")])
    assert form.submit() is False
    assert row(form, "pages").isVisible()
    assert form.window().focusWidget() is line(form, "pages")


def test_a_problem_of_no_field_stands_above_all(open_form: Open) -> None:
    form = open_form()
    form.show_problems([Problem("", "The plugin failed.", "Report it.")])
    assert "The plugin failed. Report it." in texts(form)
    assert form.submit() is False


# Kinds of fields


def test_a_stored_secret_is_never_shown_and_stays_unless_it_is_changed(open_form: Open) -> None:
    form = open_form({"sign_in": "robot"}, ["phrase"])
    form.say_stored(["phrase"], "stored in the keyring")
    assert "stored in the keyring" in texts(row(form, "phrase"))
    assert not line(form, "phrase").isVisible()
    assert is_kept(form, "phrase")
    find(form, QPushButton, "Change Phrase").click()
    assert line(form, "phrase").text() == ""
    QTest.keyClicks(line(form, "phrase"), "new")
    assert form.secrets() == {"phrase": "new"}
    assert not is_kept(form, "phrase")
    find(form, QPushButton, "Keep the stored one").click()
    assert form.secrets() == {}
    assert is_kept(form, "phrase")
    form.set_dropped(["phrase"])
    assert line(form, "phrase").isVisible()
    assert not is_kept(form, "phrase")
    assert "dropped" in texts(row(form, "phrase"))
    form.set_dropped([])
    assert is_kept(form, "phrase")


def test_a_secret_is_revealed_only_while_it_is_typed(open_form: Open) -> None:
    form = open_form({"sign_in": "robot"})
    entry, eye = line(form, "phrase"), find(row(form, "phrase"), QToolButton, "Show Phrase")
    assert entry.echoMode() == QLineEdit.EchoMode.Password
    assert not eye.isEnabled()
    QTest.keyClicks(entry, "abc")
    eye.click()
    assert entry.echoMode() == QLineEdit.EchoMode.Normal
    assert name_of(eye) == "Hide Phrase"
    entry.clear()
    assert entry.echoMode() == QLineEdit.EchoMode.Password


def test_a_secret_of_several_lines_keeps_them(
    open_form: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = open_form({"sign_in": "robot"})
    entry = line(form, "phrase")
    QGuiApplication.clipboard().setText("first\nsecond\n")
    entry.paste()
    assert form.secrets() == {"phrase": "first\nsecond\n"}
    assert "2 lines entered" in texts(row(form, "phrase"))
    file = tmp_path / "password.txt"
    file.write_text("from a file\n", "utf-8")
    chosen = staticmethod(lambda *_: (str(file), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", chosen)
    find(form, QToolButton, "Read Phrase from a file…").click()
    assert form.secrets() == {"phrase": "from a file"}


def test_a_list_takes_lines_and_commas_and_names_nothing_twice(open_form: Open) -> None:
    form = open_form()
    unfold(form)
    entry = row(form, "paths").findChild(QPlainTextEdit)
    assert isinstance(entry, QPlainTextEdit)
    pasted = QMimeData()
    pasted.setText("a, b\n\n c,a")
    pasted.setHtml("<b>a</b>")
    entry.insertFromMimeData(pasted)
    assert form.values()["paths"] == ["a", "b", "c"]
    entry.setFocus()
    QTest.keyClick(entry, Qt.Key.Key_Tab)
    assert entry.toPlainText() == "a\nb\nc"


def test_a_number_that_is_none_is_left_for_the_judge(open_form: Open) -> None:
    form = open_form()
    unfold(form)
    entry = line(form, "pages")
    QTest.keyClick(entry, Qt.Key.Key_Up)
    assert form.values()["pages"] == 11
    entry.setText("many")
    assert form.values()["pages"] == "many"
    entry.setText("")
    assert form.values()["pages"] is None


def test_a_certificate_is_said_in_plain_words(open_form: Open, tmp_path: Path) -> None:
    authority = Authority()
    pem = authority.certificate
    form = open_form()
    unfold(form)
    field = row(form, "ca_certificate")
    entry = field.findChild(QPlainTextEdit)
    assert isinstance(entry, QPlainTextEdit)
    file = tmp_path / "ca.der"
    file.write_bytes(ssl.PEM_cert_to_DER_cert(pem))
    entry.insertFromMimeData(_dropped(file))
    said = texts(field)
    assert "Signed by itself, valid until" in said
    assert "SHA-256" in said
    assert ssl.PEM_cert_to_DER_cert(form.values()["ca_certificate"]) == file.read_bytes()
    assert not entry.isVisible()
    find(field, QPushButton, "CA certificate: remove it").click()
    assert form.values()["ca_certificate"] == ""
    assert entry.isVisible()
    entry.insertFromMimeData(_dropped(tmp_path / "nothing-there"))
    assert "nothing-there is not a file." in texts(field)


def _dropped(path: Path) -> QMimeData:
    made = QMimeData()
    made.setUrls([QUrl.fromLocalFile(str(path))])
    return made


def test_locked_fields_can_be_read_but_not_changed(open_form: Open, spec: FormSpec) -> None:
    locked = {field.name for field in spec.fields if field.name != "sign_in"}
    form = open_form({"address": "https://x.example"}, (), locked)
    unfold(form)
    QTest.keyClicks(line(form, "address"), "more")
    assert form.values()["address"] == "https://x.example"
    assert not find(form, QCheckBox, "Skip TLS verification").isEnabled()
    form.focus_first()
    focused = form.window().focusWidget()
    assert isinstance(focused, QAbstractButton)
    assert name_of(focused) == "Sign-in: Not needed"


# Names and guesses


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://charts.bitnami.com/bitnami", "bitnami"),
        ("https://kubernetes.github.io/ingress-nginx", "ingress-nginx"),
        ("https://charts.jetstack.io", "jetstack"),
        ("https://feed.example.co.uk/charts/stable", "example"),
        ("http://127.0.0.1:8080/charts", "127.0.0.1"),
        ("https://[::1]:8443/", "::1"),
        ("https://[broken", ""),
        ("no address", ""),
    ],
)
def test_a_name_is_proposed_from_what_tells_addresses_apart(address: str, name: str) -> None:
    assert proposed_name(address, (), ["feed"]) == name


def test_a_proposed_name_is_free() -> None:
    assert free_name("Team", ["team", "Team 2"]) == "Team 3"


def test_a_type_is_taken_only_where_the_address_speaks_for_one() -> None:
    assert best_guess([("a", 0.9), ("b", 0.8)]) == "a"
    assert best_guess([("a", 0.3)]) == "a"
    assert best_guess([("a", 0.3), ("b", 0.25)]) == ""
    assert best_guess([]) == ""
