"""Garbage is collected where widgets live."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.ui.collecting import Collector


class Cycle:
    """Something that only the collector can take away; notes on which thread."""

    def __init__(self, told: list[threading.Thread]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: told.append(threading.current_thread()))


def test_cycles_end_on_the_thread_of_the_window(qtbot: QtBot, theme: object) -> None:
    owner, told = QObject(), list[threading.Thread]()
    collector = Collector(owner)
    enough = gc.get_threshold()[0] * 3
    made = threading.Thread(target=lambda: [Cycle(told) for _ in range(enough)])
    made.start()
    made.join()
    assert told == [], "Python itself has not collected on the other thread"
    qtbot.waitUntil(lambda: len(told) > 0)
    assert set(told) == {threading.main_thread()}
    collector.end()
    owner.deleteLater()
