"""What is expected of Qt's binding itself, because the program depends on it all day."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton

TIMES = 300


class Bell(QObject):
    rung = Signal(object)


def test_emitting_and_clicking_lose_no_references() -> None:
    # A binding that gave away references of None and True ended Python 3.11 after a while.
    button, bell = QPushButton("x"), Bell()
    button.clicked.connect(lambda: None)
    bell.rung.connect(lambda _: None)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(TIMES):
        button.click()
        bell.rung.emit("x")
    after = sys.getrefcount(None), sys.getrefcount(True)
    button.deleteLater()
    assert all(abs(b - a) < TIMES / 2 for a, b in zip(before, after, strict=True))
