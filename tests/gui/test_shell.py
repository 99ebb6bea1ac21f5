"""The first picture, and the program that takes its place in the same window."""

from __future__ import annotations

import operator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop.ui.main import Program
from desktop.ui.shell import Glance, Shell
from desktop.ui.start import Options, Start
from desktop.ui.window import MainWindow


def finish(start: Start) -> None:
    start.end()
    program = start._program
    if program is not None:
        window, program.window = program.window, None
        if window is not None:
            window.session.deleteLater()
        program.theme.deleteLater()
        program.deleteLater()
    start.shell.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def picture(shell: Shell) -> QImage:
    return shell.grab().toImage()


def test_the_program_takes_the_place_of_the_first_picture(
    qapp: Any, qtbot: QtBot, tmp_path: Path, theme: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_DESKTOP_KEYRING", "none")
    start = Start(qapp, Options(tmp_path / "data"))
    start.glance()
    assert isinstance(start.shell.centralWidget(), Glance)
    qtbot.waitUntil(lambda: isinstance(start.shell.centralWidget(), MainWindow))
    program = start._program
    assert program is not None
    window = program.window
    assert window is not None
    assert window.window() is start.shell
    qtbot.waitUntil(lambda: window.session.is_ready, timeout=20_000)
    with qtbot.waitSignal(window.leaving):
        start.shell.close()
    assert window.session.prefs.value("geometry") is not None
    finish(start)


def test_the_names_are_in_the_first_picture_of_the_list_alone(qtbot: QtBot, theme: object) -> None:
    pictures = []
    for rows, page in (
        ([("Team charts", "Helm")], "registries"),
        ([], "registries"),
        ([("Team charts", "Helm")], "home"),
        ([], "home"),
    ):
        painted: list[bool] = []
        glance = Glance(rows, page, dark=False, painted=partial(painted.append, True))
        shell = Shell(glance)
        shell.show()
        qtbot.waitUntil(partial(operator.eq, painted, [True]))
        pictures.append(picture(shell))
        shell.deleteLater()
    named, empty, home, same = pictures
    assert named != empty
    assert home == same


def test_a_program_that_cannot_start_ends_the_process_with_its_error(
    qapp: Any, qtbot: QtBot, tmp_path: Path, theme: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Program) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(Program, "start", refuse)
    start = Start(qapp, Options(tmp_path / "data"))
    start.glance()
    assert qapp.exec() == 1
    assert isinstance(start.failed, RuntimeError)
    finish(start)
