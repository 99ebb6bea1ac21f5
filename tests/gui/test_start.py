"""How the program opens and ends: its own data, the demo, data of another program, faults."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import build
from desktop.store.database import FILE
from desktop.ui.main import Program
from desktop.ui.opening import Opening
from desktop.ui.parts.problem import Problem
from desktop.ui.session import Session
from desktop.ui.start import Options
from desktop.ui.window import MainWindow
from registrykit.errors import Cancelled
from tests.gui.conftest import find

Start = Callable[..., Program]


@pytest.fixture
def start(
    tmp_path: Path, qapp: Any, theme: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Return a function that starts the program in this process; it is ended after the test."""
    monkeypatch.setenv("REGISTRY_DESKTOP_KEYRING", "none")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    started: list[Program] = []

    def make(**options: Any) -> Program:
        program = Program(qapp, Options(tmp_path / "data", **options))
        started.append(program)
        program.start()
        return program

    yield make
    for program in started:
        if shiboken6.isValid(program):
            end(program)


def end(program: Program) -> None:
    """End a program as the end of its process does, and delete it."""
    program.end()
    window, program.window = program.window, None
    if window is not None:
        window.session.deleteLater()
        window.deleteLater()
    program.shell.deleteLater()
    program.theme.deleteLater()
    program.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def window_of(program: Program) -> MainWindow:
    assert program.window is not None
    return program.window


def session_of(program: Program) -> Session:
    return window_of(program).session


def click(qtbot: QtBot, program: Program, kind: type[QWidget], name: str) -> None:
    qtbot.mouseClick(find(window_of(program), kind, name), Qt.MouseButton.LeftButton)


def test_a_fresh_place_begins_with_the_first_run_and_only_once(qtbot: QtBot, start: Start) -> None:
    program = start()
    assert window_of(program).isVisible()
    assert not window_of(program).navigation.isVisible()
    qtbot.waitUntil(lambda: session_of(program).writable)
    click(qtbot, program, QPushButton, "start-empty")
    assert window_of(program).navigation.isVisible()
    end(program)
    again = start()
    assert window_of(again).navigation.isVisible()
    qtbot.waitUntil(lambda: session_of(again).writable)


def test_data_that_another_program_has_open_can_be_read(
    qtbot: QtBot, start: Start, tmp_path: Path
) -> None:
    other = build(tmp_path / "data", writable=True, environ={"REGISTRY_DESKTOP_KEYRING": "none"})
    try:
        program = start()
        qtbot.waitUntil(lambda: session_of(program).is_ready)
        assert not session_of(program).writable
        assert "Another Registry Desktop" in window_of(program).banner.accessibleName()
    finally:
        end(program)
        other.close()


def test_what_is_not_ours_is_left_alone_and_explained(
    qtbot: QtBot, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    strange = b"somebody else's notes" * 500
    (tmp_path / "data" / FILE).write_bytes(strange)
    program = start()
    find(window_of(program), QPushButton, "Close")
    assert not window_of(program).navigation.isVisible()
    assert (tmp_path / "data" / FILE).read_bytes() == strange


def test_the_demo_leads_to_ones_own_and_leaves_nothing(
    qtbot: QtBot, start: Start, tmp_path: Path
) -> None:
    program = start(demo=True)
    demo = session_of(program)

    def added() -> bool:
        return sum(row.default_id is None for row in demo.registries()) == 7

    qtbot.waitUntil(added, timeout=60_000)
    assert "Demo" in window_of(program).banner.accessibleName()
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    assert program._schedule.isActive(), "home and settings say what runs next"
    click(qtbot, program, QPushButton, "Set up my own")
    assert not session_of(program).demo
    qtbot.waitUntil(lambda: session_of(program).writable, timeout=20_000)
    assert session_of(program).app.data_dir == tmp_path / "data"
    qtbot.waitUntil(lambda: not list((tmp_path / "tmp").iterdir()))
    assert not window_of(program).notices.isVisible(), "leaving is no error"
    servers = [each.name for each in threading.enumerate() if "serve" in each.name.lower()]
    assert servers == []


def test_who_asks_for_the_demo_at_once_gets_the_demo(
    qtbot: QtBot, start: Start, tmp_path: Path
) -> None:
    program = start()
    program.open_demo()
    qtbot.waitUntil(lambda: session_of(program).is_ready, timeout=20_000)
    assert session_of(program).demo
    assert session_of(program).app.data_dir.parent == tmp_path / "tmp"
    # The lock of the data that was about to open is free again.
    build(tmp_path / "data", writable=True, environ={}).close()


def test_ending_while_it_opens_leaves_nothing_open(start: Start, tmp_path: Path) -> None:
    for demo in (False, True):
        end(start(demo=demo))
        build(tmp_path / "data", writable=True, environ={}).close()
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_crash_in_a_slot_is_told_and_written_down_and_the_program_lives(
    qtbot: QtBot, start: Start, tmp_path: Path
) -> None:
    program = start()
    qtbot.waitUntil(lambda: session_of(program).writable)
    window = window_of(program)
    QTimer.singleShot(0, lambda: 1 // 0)
    qtbot.waitUntil(window.notices.isVisible)
    assert "not foreseen" in window.notices.accessibleName()
    log = (tmp_path / "data/logs/registry-desktop.log").read_text()
    assert "ZeroDivisionError" in log
    assert __file__ in log
    click(qtbot, program, QPushButton, "start-empty")
    assert window.navigation.isVisible()


def test_why_it_does_not_open_is_in_the_log(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise ImportError("a part of the program is missing")

    monkeypatch.setattr("desktop.app.build", broken)
    program = start()

    def told() -> bool:
        buttons = window_of(program).findChildren(QPushButton)
        return any(each.isVisible() and each.text() == "Close" for each in buttons)

    qtbot.waitUntil(told)
    log = (tmp_path / "data/logs/registry-desktop.log").read_text()
    assert "a part of the program is missing" in log
    assert __file__ in log


def test_an_error_that_was_not_foreseen_is_written_down_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = ImportError("a part of the program is missing")
    for _ in range(2):
        assert "report it with the log file" in Problem.of(error).remedy
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    Problem.of(Cancelled("It was given up."))
    Problem.of(FileNotFoundError(2, "No such file", "notes"))
    assert len(caplog.records) == 1


def test_the_hooks_of_the_process_are_given_back(start: Start) -> None:
    before = (sys.excepthook, threading.excepthook)
    program = start()
    assert sys.excepthook != before[0]
    end(program)
    assert (sys.excepthook, threading.excepthook) == before


def test_an_opening_that_was_given_up_lets_go_of_what_it_made() -> None:
    closed: list[str] = []

    def make(held: Any) -> Any:
        held.callback(closed.append, "second")
        return "made"

    first = Opening(lambda held: held.callback(closed.append, "first"))  # type: ignore[arg-type, return-value]
    first.run()
    second = Opening(make, after=first)
    assert cast("object", second.run()) == "made"
    assert closed == ["first"], "what was open before is closed first"
    second.close()
    second.close()
    assert closed == ["first", "second"]
    with pytest.raises(Cancelled):
        second.run()
