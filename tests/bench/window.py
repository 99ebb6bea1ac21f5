"""The real window on a data directory, inside a benchmark's own process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Before Qt is imported: nobody should see these windows, and nobody's keyring is asked.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["REGISTRY_DESKTOP_KEYRING"] = "none"

from PySide6.QtCore import QCoreApplication, QEventLoop
from PySide6.QtWidgets import QApplication

from desktop.ui.main import Program
from desktop.ui.start import STYLE, Options
from desktop.ui.window import MainWindow

PATIENCE = 300.0


@contextmanager
def open_window(data_dir: Path) -> Iterator[MainWindow]:
    """Run the program on a data directory until it is ready; end it afterwards."""
    (data_dir / "window.ini").write_text("[General]\npage=home\nwelcomed=true\n")
    application = QApplication.instance() or QApplication([__name__, *STYLE])
    assert isinstance(application, QApplication)
    program = Program(application, Options(data_dir))
    program.start()
    window = program.window
    assert window is not None
    try:
        wait(lambda: window.session.is_ready)
        program._schedule.stop()  # the estate's registries exist nowhere
        yield window
    finally:
        program.end()


def run_events(milliseconds: int = 20) -> None:
    QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, milliseconds)


def wait(condition: Callable[[], object]) -> None:
    """Let the event loop run until something is so."""
    over = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > over:
            raise TimeoutError("what the benchmark waits for did not come")
        run_events()
        time.sleep(0.001)
