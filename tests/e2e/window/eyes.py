"""Runs the program, and answers what a screen reader would see of it on a local socket.

    python eyes.py SOCKET [ARGUMENT…]

One question and one answer a line, as JSON. Everything about the window is asked on its own
thread, so an answer is a moment of the program and never half of a change.
"""

from __future__ import annotations

import faulthandler
import json
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

MOST_CHILDREN = 600
STATES = (
    "focusable focused disabled checkable checked selected selectable expandable expanded collapsed"
    " editable readOnly passwordEdit hasPopup defaultButton busy modal offscreen searchEdit"
).split()
TAB_STOP = "tabStop"
"""A state of our own: the Tab key stops at this widget."""
PATIENCE = 60.0
"""Seconds that an answer may take: a busy window is another test's matter."""


def main() -> None:
    faulthandler.enable()
    path, *given = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    threading.Thread(target=_serve, args=(listener,), daemon=True).start()
    sys.argv = ["registry-desktop", *given]
    from desktop.__main__ import main as program

    sys.exit(program())


def _serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                asked = ANSWERS[json.loads(line)["ask"]]
                try:
                    answer: Any = {"answer": _on_its_thread(asked)}
                except Exception as error:
                    answer = {"error": f"{type(error).__name__}: {error}"}
                lines.write(json.dumps(answer) + "\n")
                lines.flush()


def _on_its_thread(call: Callable[[], Any]) -> Any:
    """Call a function on the thread of the window; raises what it raises."""
    answers: queue.Queue[tuple[bool, Any]] = queue.Queue()

    def run() -> None:
        try:
            answers.put((True, call()))
        except Exception as error:
            answers.put((False, error))

    _bell().emit(run)
    worked, answer = answers.get(timeout=PATIENCE)
    if not worked:
        raise answer
    return answer


_kept: list[Any] = []


def _bell() -> Any:
    """Return the `emit` of a signal whose functions run on the thread of the window."""
    if _kept:
        return _kept[0].rung
    while "PySide6.QtWidgets" not in sys.modules:
        time.sleep(0.01)
    from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
    from PySide6.QtGui import QAccessible

    while (application := QCoreApplication.instance()) is None:
        time.sleep(0.01)

    class Bell(QObject):
        rung = Signal(object)

        def run(self, call: Callable[[], None]) -> None:
            call()

    bell = Bell()
    bell.moveToThread(application.thread())
    bell.rung.connect(bell.run, Qt.ConnectionType.QueuedConnection)
    # Views forget cells that are gone only where they believe that somebody reads them.
    bell.rung.emit(lambda: QAccessible.setActive(True))
    _kept.append(bell)
    return bell.rung


def _active() -> dict[str, Any] | None:
    """Return which window should have the keyboard: the newest one that is modal, else the main."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication, QWidget

    popup: QWidget | None = QApplication.activePopupWidget()
    wanted: QWidget | None = QApplication.activeModalWidget()
    if wanted is None:
        windows = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
        plain = (Qt.WindowType.Window, Qt.WindowType.Dialog)
        owners = [each for each in windows if each.windowType() in plain]
        wanted = owners[-1] if owners else None
    if wanted is None:
        return None
    return {
        "id": int(wanted.winId()),
        "active": popup is not None or wanted.isActiveWindow(),
        "popup": popup is not None,
    }


def _focus() -> dict[str, Any] | None:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QAccessible, QGuiApplication

    focused: QObject | None = QGuiApplication.focusObject()
    interface = QAccessible.queryAccessibleInterface(focused) if focused is not None else None
    if interface is None:
        return None
    child = interface.focusChild()
    found = _seen(child if child is not None and child.isValid() else interface)
    return found | {"key": QAccessible.uniqueId(interface)}


def _tree() -> list[dict[str, Any]]:
    """Return every window that is visible, with everything visible in it."""
    from PySide6.QtGui import QAccessible
    from PySide6.QtWidgets import QApplication

    found = []
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            found.append(_branch(QAccessible.queryAccessibleInterface(window)))
    return found


def _branch(interface: Any) -> dict[str, Any]:
    found = _seen(interface)
    found["children"] = [_branch(child) for child in _children(interface)]
    return found


def _seen(interface: Any) -> dict[str, Any]:
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QAccessible
    from PySide6.QtWidgets import QWidget

    state, rect, it = interface.state(), interface.rect(), interface.object()
    window = interface.window()
    ratio = window.devicePixelRatio() if window is not None else 1.0
    states = [name for name in STATES if getattr(state, name)]
    if isinstance(it, QWidget):
        ratio = it.devicePixelRatioF()
        stops = bool(it.focusPolicy() & Qt.FocusPolicy.TabFocus) and it.focusProxy() is None
        if stops and it.isEnabled():
            states.append(TAB_STOP)
    return {
        "name": interface.text(QAccessible.Text.Name),
        "description": interface.text(QAccessible.Text.Description),
        "value": interface.text(QAccessible.Text.Value),
        "role": interface.role().name,
        "states": states,
        "key": QAccessible.uniqueId(interface),
        "object": it.objectName() if it is not None else "",
        "kind": it.metaObject().className() if it is not None else "",
        # In the pixels of the screen, as a mouse counts.
        "rect": [round(n * ratio) for n in (rect.x(), rect.y(), rect.width(), rect.height())],
    }


def _children(interface: Any) -> Iterator[Any]:
    from PySide6.QtWidgets import QAbstractItemView, QComboBox

    it = interface.object()
    if isinstance(it, QAbstractItemView):
        yield from _cells(it, interface)
        return
    if isinstance(it, QComboBox):
        return  # its list is a window of its own
    for number in range(min(interface.childCount(), MOST_CHILDREN)):
        child = interface.child(number)
        if child is not None and child.isValid() and not child.state().invisible:
            yield child


def _cells(view: Any, interface: Any) -> Iterator[Any]:
    """Return what is visible of a view, which may hold a million rows."""
    from PySide6.QtCore import QPoint

    port, y, count = view.viewport(), 1, 0
    while y < port.height() and count < MOST_CHILDREN:
        x, below = 1, y + 8
        while x < port.width():
            index = view.indexAt(QPoint(x, y))
            rect = view.visualRect(index)
            if not index.isValid() or rect.isEmpty():
                x += 16
                continue
            count += 1
            middle = port.mapToGlobal(rect.intersected(port.rect()).center())
            cell = interface.childAt(middle.x(), middle.y())
            if cell is not None and cell.isValid():
                yield cell
            x, below = rect.right() + 2, max(below, rect.bottom() + 2)
        y = below


ANSWERS: dict[str, Callable[[], Any]] = {"tree": _tree, "focus": _focus, "active": _active}

if __name__ == "__main__":
    main()
