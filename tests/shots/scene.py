"""A program that is put into a state and photographed; everything waits for what it expects."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop.demo import estate as demo_estate
from desktop.ui.destination import Destination, PageName
from desktop.ui.main import Program
from desktop.ui.session import Session
from desktop.ui.start import Options
from desktop.ui.window import MainWindow
from tests.gui.finding import find

W = TypeVar("W", bound=QWidget)
PATIENCE = 60.0
SETTLE_MILLISECONDS = 350
"""What a picture waits for after everything else, such as lists that come a moment later."""
ANSWERED_MILLISECONDS = 60


class Scene:
    """One run of the program on a data directory of its own; `end` it."""

    def __init__(self, application: QApplication, size: QSize, appearance: str) -> None:
        self._application = application
        self._size = size
        self._appearance = appearance
        self._scratch = tempfile.TemporaryDirectory(prefix="registry-desktop-shots-")
        self.folder = Path(self._scratch.name)
        self.program: Program | None = None
        self.estate: demo_estate.Estate | None = None

    # Opening and ending

    def open(self, data: str, prepare: Callable[[Path], None]) -> None:
        """Start the program anew: with the demo, or on data that `prepare` puts into a folder."""
        self.end()
        self._scratch = tempfile.TemporaryDirectory(prefix="registry-desktop-shots-")
        self.folder = Path(self._scratch.name)
        if data == "demo":
            self._open_demo()
        else:
            prepare(self.folder)
            self._start(Options(self.folder))

    def _open_demo(self) -> None:
        """Open the demo and wait until its first visit is over."""
        made: list[demo_estate.Estate] = []

        class Remembered(demo_estate.Estate):
            def __init__(self) -> None:
                super().__init__()
                made.append(self)

        usual, demo_estate.Estate = demo_estate.Estate, Remembered  # type: ignore[misc]
        try:
            self._start(Options(self.folder / "own", demo=True, demo_dir=self.folder / "demo"))
        finally:
            demo_estate.Estate = usual  # type: ignore[misc]
        (self.estate,) = made
        self.wait(lambda: self.session.is_ready, "the demo")

        def visited() -> bool:
            rows = self.session.app.registries.visible()
            # A second run comes for all of them; the last outcome of some says that it is over.
            over = {row.last_outcome for row in rows}
            added = sum(row.default_id is None for row in rows)
            idle = not self.session.app.activities()
            return added == len(made[0].registries) and "held" in over and idle

        self.wait(visited, "the end of the demo's first visit")

    def _start(self, options: Options) -> None:
        program = Program(self._application, options)
        self.program = program
        program.theme.set_appearance(self._appearance)
        program.start()
        program.theme.set_appearance(self._appearance)
        program.shell.resize(self._size)
        self.wait(self.window.isVisible, "the window")

    def end(self) -> None:
        """End the program and remove what it left."""
        if self.program is not None:
            window = self.window
            self.program.end()
            window.deleteLater()
            self.program.shell.deleteLater()
            self.program.theme.deleteLater()
            self.program.deleteLater()
            self.program = None
            self._application.processEvents()
        self._scratch.cleanup()

    # What there is

    @property
    def window(self) -> MainWindow:
        assert self.program is not None
        assert self.program.window is not None
        return self.program.window

    @property
    def session(self) -> Session:
        return self.window.session

    def registry(self, name: str) -> str:
        """Return the id of a registry; its environment is looked at from now on."""
        app = self.session.app
        found = next(row for row in app.registries.visible(hidden=True) if row.name == name)
        here = self.session.environment
        if here is None or here.id != found.environment_id:
            environment = app.environments.find(found.environment_id)
            self.session.look_at(environment, app.environments.tenants(environment)[0])
            self.settle()
        return found.id

    def find(self, kind: type[W], name: str = "", *, under: QWidget | None = None) -> W:
        """Wait for a widget, and return it."""
        found: list[W] = []

        def there() -> bool:
            try:
                found[:] = [find(under or self.window, kind, name)]
            except AssertionError:
                return False
            return True

        try:
            self.wait(there, f"{kind.__name__} {name}")
        except AssertionError:
            return find(under or self.window, kind, name)  # says what there is instead
        return found[0]

    # What is done

    def go(self, page: PageName, registry: str = "", tab: str = "", **more: Any) -> None:
        """Go somewhere; a registry is given by its name."""
        self.window.notices.hide()
        key = self.registry(registry) if registry else ""
        self.session.go(Destination(page, key, tab, **more))
        self.settle()

    def press(self, kind: type[QWidget], name: str) -> None:
        """Click a widget."""
        QTest.mouseClick(self.find(kind, name), Qt.MouseButton.LeftButton)
        self.settle()

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so; raises AssertionError after a minute."""
        over = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > over:
                raise AssertionError(f"{what} did not come")
            QTest.qWait(20)

    def settle(self) -> None:
        """Wait a little, and then until every question to the store was answered."""
        QTest.qWait(SETTLE_MILLISECONDS)
        if self.program is not None and self.program.window is not None:
            asked = self.session.tasks._ask
            self.wait(lambda: asked._queue.empty() and asked._idle == asked._threads, "answers")
            QTest.qWait(ANSWERED_MILLISECONDS)

    def picture(self, path: Path) -> None:
        """Save what the window shows, with popups above it."""
        from PySide6.QtGui import QPainter

        self.settle()
        top = self.window.window()
        picture = top.grab()
        painter = QPainter(picture)
        for popup in QApplication.topLevelWidgets():
            if popup is not top and popup.isVisible():
                place = top.mapFromGlobal(popup.mapToGlobal(popup.rect().topLeft()))
                painter.drawPixmap(place, popup.grab())
        painter.end()
        assert picture.save(str(path)), path
