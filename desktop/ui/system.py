"""What reaches the program from outside its window: signals of the system, and messages of Qt."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QSocketNotifier,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)

NO_DISPLAY = 4
"""The exit code where Qt cannot show anything."""
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
}
_log = logging.getLogger(__name__)


class QtMessages:
    """Writes what Qt says into the log; use it as a context manager around everything of Qt.

    Qt ends the process where it cannot show a window. That is told in our own words first.
    """

    def __init__(self) -> None:
        self._said: list[str] = []
        self._is_shown = False

    def __enter__(self) -> QtMessages:
        qInstallMessageHandler(self._heard)
        return self

    def __exit__(self, *_error: object) -> None:
        qInstallMessageHandler(None)

    def shown(self) -> None:
        """From now on Qt has a screen."""
        self._is_shown = True
        for text in self._said:
            _log.warning("Qt: %s", text)
        self._said.clear()

    def _heard(self, kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if kind == QtMsgType.QtFatalMsg:
            self._end(text)
        elif self._is_shown:
            _log.log(_LEVELS[kind], "Qt: %s", text)
        elif kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg):
            self._said.append(text)

    def _end(self, text: str) -> None:
        if self._is_shown:
            _log.critical("Qt: %s", text)
            logging.shutdown()
            return  # Qt aborts now
        # Qt guesses at a missing library even where the display is what is missing.
        said = [each for each in self._said if "connect to display" in each] or self._said
        why = "; ".join(said) or text
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(
                "The window cannot be shown.\n"
                f"  Why: {' '.join(why.split())}\n"
                "  What to do: Check the display and install the library that is named, if one is;"
                " the commands work without a window, see: registry-desktop --help\n"
            )
            sys.stderr.flush()
        # Qt would abort here, which leaves a crash report of the system and no exit code.
        os._exit(NO_DISPLAY)


class Interrupts:
    """Ends the event loop on Ctrl+C and on the system's wish; use it as a context manager.

    Python sees a signal only when it runs, which it does not while Qt waits: the system writes
    the signal's number to a pipe that Qt listens to.
    """

    def __init__(self, quit_loop: Callable[[], None]) -> None:
        self._quit = quit_loop
        self.received = 0
        """The number of the signal that ended the program; 0 without one."""

    def __enter__(self) -> Interrupts:
        ours, theirs = self._pair()
        self._notifier = QSocketNotifier(ours, QSocketNotifier.Type.Read)
        # The handler itself runs because Python does.
        self._notifier.activated.connect(lambda: self._drain())
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        wanted = [getattr(signal, name) for name in names if hasattr(signal, name)]
        self._before = {number: signal.signal(number, self._caught) for number in wanted}
        self._waker = signal.set_wakeup_fd(theirs)
        return self

    def __exit__(self, *_error: object) -> None:
        signal.set_wakeup_fd(self._waker)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._notifier.deleteLater()
        QCoreApplication.sendPostedEvents(self._notifier)
        for close in self._closing:
            close()

    def _pair(self) -> tuple[int, int]:
        """Open what Qt listens to and what the system writes to; neither of them blocks."""
        self._drain: Callable[[], object]
        self._closing: list[Callable[[], object]]
        if sys.platform == "win32":
            import socket  # a pipe cannot be listened to there

            receiver, sender = socket.socketpair()
            for each in (receiver, sender):
                each.setblocking(False)
            self._drain, self._closing = lambda: receiver.recv(64), [receiver.close, sender.close]
            return receiver.fileno(), sender.fileno()
        ours, theirs = os.pipe()
        for descriptor in (ours, theirs):
            os.set_blocking(descriptor, False)
        self._drain = lambda: os.read(ours, 64)
        self._closing = [lambda: os.close(ours), lambda: os.close(theirs)]
        return ours, theirs

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        if self.received:
            # Asked twice: somebody is in a hurry.
            os._exit(128 + number)
        self.received = number
        # By way of the loop, which may not have begun yet.
        QTimer.singleShot(0, self._quit)
