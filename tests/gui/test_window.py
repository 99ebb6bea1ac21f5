"""The window itself: five places, the way back, keys, and what is told."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from desktop.ui.destination import Destination
from desktop.ui.navigation import PLACES
from desktop.ui.parts.page import Page
from desktop.ui.session import Session
from desktop.ui.shell import Shell
from desktop.ui.window import MainWindow
from registrykit.errors import Unreachable
from tests.gui.conftest import find
from tests.scripted import Bench


class Recorder(Page):
    """A page that only writes down what it is asked."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.asked: list[object] = []

    def go(self, to: Destination) -> None:
        self.asked.append(to)

    def focus_filter(self) -> None:
        self.asked.append("filter")

    def refresh(self) -> None:
        self.asked.append("refresh")


@pytest.fixture
def window(
    monkeypatch: pytest.MonkeyPatch,
    session: Session,
    open_window: Callable[[Session], MainWindow],
    qtbot: QtBot,
) -> MainWindow:
    """The window with recording pages instead of its own."""
    pages = {name: (__name__, "Recorder") for name, _ in PLACES}
    monkeypatch.setattr("desktop.ui.window._PAGES", pages)
    made = open_window(session)
    made.go(Destination("home"))
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def page(window: MainWindow) -> Recorder:
    (found,) = [each for each in window.findChildren(Recorder) if each.isVisible()]
    return found


def place(window: MainWindow) -> str:
    """Return which button of the navigation is down."""
    buttons = window.navigation.findChildren(QToolButton)
    (down,) = [button.accessibleName() for button in buttons if button.isChecked()]
    return down


def test_the_navigation_goes_to_each_place_by_mouse_and_by_key(
    qtbot: QtBot, window: MainWindow
) -> None:
    for number, (name, title) in enumerate(PLACES, 1):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert (place(window), page(window).asked[-1]) == (title, Destination(name))  # type: ignore[arg-type]
    for name, title in PLACES:
        qtbot.mouseClick(find(window, QToolButton, title), Qt.MouseButton.LeftButton)
        assert (place(window), page(window).asked[-1]) == (title, Destination(name))  # type: ignore[arg-type]


def test_back_and_forward_follow_the_way_that_was_gone(qtbot: QtBot, window: MainWindow) -> None:
    there = Destination("registries", "r1", "changes")
    for to in (there, there, Destination("changes")):
        window.session.go(to)

    def travel(key: Qt.Key) -> object:
        qtbot.keyClick(window, key, Qt.KeyboardModifier.AltModifier)
        return page(window).asked[-1]

    assert travel(Qt.Key.Key_Left) == there
    assert travel(Qt.Key.Key_Left) == Destination("home")
    assert travel(Qt.Key.Key_Left) == Destination("home"), "there is nothing before it"
    assert travel(Qt.Key.Key_Right) == there
    window.session.go(Destination("settings"))
    assert travel(Qt.Key.Key_Right) == Destination("settings"), "the old way forward is gone"
    assert travel(Qt.Key.Key_Left) == there


def test_typing_a_search_is_one_step_of_the_way(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.focusObject() is window.header.search
    qtbot.keyClicks(window.header.search, "cert")
    texts = [to.text for to in page(window).asked if isinstance(to, Destination)]
    assert texts == ["c", "ce", "cer", "cert"]
    assert place(window) == "Catalog"
    qtbot.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert place(window) == "Home"
    assert window.header.search.text() == ""


def test_keys_reach_the_page(qtbot: QtBot, window: MainWindow) -> None:
    page(window).asked.clear()
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page(window).asked == ["refresh", "refresh", "filter"]
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert page(window).asked == [Destination("registries", adding=True)]


def test_a_notice_offers_the_way_back_once(qtbot: QtBot, window: MainWindow) -> None:
    undone: list[str] = []
    window.session.offer_undo("Team was removed.", lambda: undone.append("team"))
    qtbot.mouseClick(find(window.notices, QPushButton, "Undo"), Qt.MouseButton.LeftButton)
    assert undone == ["team"]
    assert not window.notices.isVisible()
    window.session.offer_undo("Lab was removed.", lambda: undone.append("lab"))
    qtbot.keySequence(window, QKeySequence(QKeySequence.StandardKey.Undo))
    assert undone == ["team", "lab"]
    qtbot.keySequence(window, QKeySequence(QKeySequence.StandardKey.Undo))
    assert undone == ["team", "lab"]


def test_an_error_without_a_place_is_told_with_its_details(
    qtbot: QtBot, window: MainWindow, troubles: list[Exception]
) -> None:
    window.session.report(
        Unreachable("charts.example is silent.", cause="no route", remedy="Try again later.")
    )
    troubles.clear()
    assert "charts.example is silent. Try again later." in window.notices.accessibleName()
    copy = find(window.notices, QPushButton, "Copy details")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert "No route" in QGuiApplication.clipboard().text()


def test_what_runs_is_counted_at_the_top(qtbot: QtBot, window: MainWindow, bench: Bench) -> None:
    assert not window.header.jobs.isVisible()
    going = True
    job = bench.app.jobs.submit(bench.registry_id, lambda _job: wait(lambda: not going))
    qtbot.waitUntil(window.header.jobs.isVisible)
    assert window.header.jobs.accessibleName() == "1 registry syncing"
    going = False
    job.future.result(10)
    qtbot.waitUntil(lambda: not window.header.jobs.isVisible())


def wait(over: Callable[[], bool]) -> None:
    while not over():
        time.sleep(0.005)


def test_a_cover_lies_over_everything_until_it_is_taken_away(
    qtbot: QtBot, window: MainWindow
) -> None:
    cover = QPushButton("First of all")
    window.cover(cover)
    assert cover.isVisible()
    assert not window.navigation.isVisible()
    with qtbot.waitSignal(cover.destroyed):
        window.cover(None)
    assert window.navigation.isVisible()


def test_place_and_size_are_remembered(
    qtbot: QtBot,
    window: MainWindow,
    session: Session,
    show: Callable[[Shell], Shell],
) -> None:
    window.resize(780, 520)
    window.go(Destination("registries", "r7"))
    with qtbot.waitSignal(window.leaving):
        window.close()
    assert session.prefs.value("page") == "registries"
    assert session.prefs.value("registry") == "r7"
    shell = show(Shell())
    shell.restore(session.prefs)
    assert shell.size() == window.size()


def test_who_works_on_a_page_keeps_the_keyboard_when_the_way_is_written_down(
    qtbot: QtBot, window: MainWindow
) -> None:
    here = page(window)
    field = QLineEdit(here)
    field.show()
    field.setFocus()
    window.go(Destination("home", tab="another"))
    assert field.hasFocus()
    window.go(Destination("changes"))
    assert not field.hasFocus()


def test_undo_gives_the_keyboard_back(qtbot: QtBot, window: MainWindow) -> None:
    window.header.search.setFocus()
    window.session.offer_undo("Team charts was removed.", lambda: None)
    undo = find(window.notices, QPushButton, "Undo")
    undo.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(undo, Qt.Key.Key_Space)
    assert window.header.search.hasFocus()


def test_the_undo_key_presses_nothing_but_undo(
    qtbot: QtBot, window: MainWindow, troubles: list[Exception]
) -> None:
    QGuiApplication.clipboard().setText("before")
    window.session.report(Unreachable("The host cannot be reached."))
    troubles.clear()
    qtbot.keySequence(window, QKeySequence(QKeySequence.StandardKey.Undo))
    assert QGuiApplication.clipboard().text() == "before"
