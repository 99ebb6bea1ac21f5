"""From the command to the first picture: as little as possible is imported on the way.

PySide6, this module and `shell` are all that it takes; `desktop.ui.main` comes behind the picture.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from desktop.paths import resource
from desktop.ui.shell import Glance, Shell
from desktop.ui.system import Interrupts, QtMessages

if TYPE_CHECKING:
    from desktop.ui.main import Program

STYLE = ("-style", "fusion")


@dataclass(frozen=True)
class Options:
    """What the command line decided for this run of the program."""

    data_dir: Path
    demo: bool = False
    demo_dir: Path | None = None
    """Where the demo keeps its data; otherwise in a temporary place, removed at the end."""
    offline: bool = False
    proxy: str = ""
    safe_mode: bool = False


def run(options: Options) -> int:
    """Show the window and return the exit code when it was closed."""
    with QtMessages() as messages:
        application = QApplication([*sys.argv[:1], *STYLE])
        messages.shown()
        application.setApplicationName("registry-desktop")
        application.setDesktopFileName("registry-desktop")
        application.setWindowIcon(QIcon(str(resource("app/registry-desktop-256.png"))))
        start = Start(application, options)
        with Interrupts(application.quit) as interrupts:
            try:
                start.glance()
                code = application.exec()
            finally:
                start.end()
    if start.failed is not None:
        raise start.failed
    return 128 + interrupts.received if interrupts.received else code


class Start:
    """Shows the first picture, and then the program."""

    def __init__(self, application: QApplication, options: Options) -> None:
        self._application = application
        self._options = options
        self._program: Program | None = None
        self.failed: BaseException | None = None
        self.shell = Shell()

    def glance(self) -> None:
        """Show what can be known at once; the program follows when it has been painted."""
        options = self._options
        prefs = preferences(options.data_dir)
        rows: list[tuple[str, str]] = []
        page = ""
        if not options.demo:
            from desktop.store.glance import glance

            rows = glance(options.data_dir, str(prefs.value("environment", "")))
            page = str(prefs.value("page", "home"))
        chosen = str(prefs.value("appearance", "system"))
        system = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        dark = chosen == "dark" or (chosen == "system" and system)
        self.shell.restore(prefs)
        self.shell.setCentralWidget(Glance(rows, page, dark=dark, painted=self._begin))
        self.shell.show()

    def _begin(self) -> None:
        try:
            from desktop.ui.main import Program

            self._program = Program(self._application, self._options, self.shell)
            self._program.start()
        except BaseException as error:
            # Raised in a slot it would be written down and forgotten.
            self.failed = error
            self._application.exit(1)

    def end(self) -> None:
        if self._program is not None:
            self._program.end()


def preferences(data_dir: Path) -> QSettings:
    """Return what the window remembers of itself in a data directory."""
    return QSettings(str(data_dir / "window.ini"), QSettings.Format.IniFormat)
