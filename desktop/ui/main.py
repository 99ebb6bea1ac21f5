"""The program with its window, from the first picture to the end."""

from __future__ import annotations

import contextlib
import gc
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from desktop import logs, paths
from desktop.store.database import FILE, Database
from desktop.ui.collecting import Collector
from desktop.ui.destination import Destination, PageName
from desktop.ui.opening import Opening
from desktop.ui.session import Session
from desktop.ui.shell import Shell
from desktop.ui.start import Options, preferences
from desktop.ui.tasks import Tasks
from desktop.ui.theme import Theme
from desktop.ui.window import MainWindow
from registrykit.errors import RegistryError

if TYPE_CHECKING:
    from desktop.app import App

SCHEDULE_SECONDS = 60
_PAGES: tuple[PageName, ...] = ("home", "registries", "catalog", "changes", "settings")
_log = logging.getLogger(__name__)


class Program(QObject):
    """Holds the window, the session that it shows, and the program behind that."""

    def __init__(
        self, application: QApplication, options: Options, shell: Shell | None = None
    ) -> None:
        """`shell` shows the first picture already; without one there is none."""
        super().__init__(application)
        self.shell = shell or Shell()
        self.shell.closing.connect(self._close_window)
        self._application = application
        self._options = options
        self.theme = Theme(application, appearance(preferences(options.data_dir)))
        self._tasks = Tasks(self._report)
        self._opening: Opening | None = None
        self.window: MainWindow | None = None
        self._tick: Callable[[], object] | None = None
        self._schedule = QTimer(self)
        self._schedule.setInterval(SCHEDULE_SECONDS * 1000)
        self._schedule.timeout.connect(self._look_at_the_clock)
        self._collector = Collector(self)
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._crashed
        threading.excepthook = self._thread_crashed

    # Opening

    def start(self) -> None:
        """Show the window at once, and let the program arrive behind it."""
        if self._options.demo:
            self.open_demo(self._options.demo_dir)
        else:
            self.open_own()

    def open_own(self) -> None:
        """Open the user's data; a fresh place begins with the first run."""
        data_dir = self._options.data_dir
        glance: Database | None = Database(data_dir / FILE, writable=False)
        assert glance is not None
        try:
            glance.open()
            if not glance.exists or not glance.has_schema:
                glance = None
        except Exception as error:
            self._cannot_open(error)
            return
        session = self._show(Session(data_dir, glance, self._tasks))
        self.theme.set_appearance(appearance(session.prefs))
        if is_first_run(session):
            self._welcome(session)
        self._open(lambda held: self._build(held, data_dir))

    def open_demo(self, data_dir: Path | None = None) -> None:
        """Open the built-in estate in a place of its own; nothing of it is kept."""
        import shutil
        import tempfile

        from desktop.demo.estate import Estate, first_visit, require_fresh, settle

        folder = data_dir or Path(tempfile.mkdtemp(prefix="registry-desktop-demo-"))
        session = Session(folder, None, self._tasks)
        session.demo = True
        self._show(session)
        estate = Estate()

        def make(held: ExitStack) -> App:
            require_fresh(folder)
            held.enter_context(estate)
            # The passwords of the demo have no business in anybody's keyring.
            app = self._build(held, folder, environ={"REGISTRY_DESKTOP_KEYRING": "none"})
            settle(app, estate)
            return app

        def visit(opening: Opening, app: App) -> None:
            def failed(error: Exception) -> None:
                if not opening.given_up:
                    self._report(error)

            self._tasks.run(session, lambda: first_visit(app, estate, _log.info), failed=failed)

        opening = self._open(make, visit)
        if data_dir is None:
            opening.held.callback(shutil.rmtree, folder, ignore_errors=True)

    def _open(
        self,
        make: Callable[[ExitStack], App],
        then: Callable[[Opening, App], None] | None = None,
    ) -> Opening:
        """Make the program behind the window, in the place of the one before."""
        self._schedule.stop()
        opening = Opening(make, after=self._opening)
        self._opening = opening

        def opened(app: App) -> None:
            if opening is self._opening:
                self._opened(app)
                if then is not None:
                    then(opening, app)

        def failed(error: Exception) -> None:
            if opening is self._opening:
                self._cannot_open(error)

        # Importing what the program is made of would take its time from the first picture.
        assert self.window is not None
        self.window.when_painted(lambda: self._tasks.run(self, opening.run, opened, failed))
        return opening

    def _show(self, session: Session) -> Session:
        """Put a window around a session, in the place of the one before."""
        before = self.window
        self.window = MainWindow(session)
        self.window.banner.own_asked.connect(self.open_own)
        self.window.leaving.connect(self._application.quit)
        page = str(session.prefs.value("page", "home"))
        registry = str(session.prefs.value("registry", ""))
        first: PageName = next((name for name in _PAGES if name == page), "home")
        self.window.go(Destination(first, registry))
        if before is None and not self.shell.isVisible():
            self.shell.restore(session.prefs)
        self.shell.show_window(self.window)
        self.window.show()
        self.shell.show()
        if before is not None:
            before.leaving.disconnect()
            before.close()
            before.session.close()
            before.deleteLater()
        return session

    def _close_window(self) -> None:
        if self.window is not None:
            self.window.close()

    def _build(
        self, held: ExitStack, data_dir: Path, *, environ: Mapping[str, str] | None = None
    ) -> App:
        """Make the program behind the window; of data that is in use, one that only reads."""
        from desktop.app import build
        from desktop.engine.lock import DataInUse

        options = self._options

        def built(writable: bool) -> App:
            return build(
                data_dir,
                writable=writable,
                offline=options.offline,
                proxy=options.proxy,
                safe_mode=options.safe_mode,
                environ=environ,
            )

        try:
            app = built(True)
        except DataInUse:
            app = built(False)
        held.callback(app.close)
        # What plugins offer is asked here, where it may take a while.
        app.plugins.all()
        # What was imported stays: looking through it again and again would hold up the window.
        gc.freeze()
        return app

    def _opened(self, app: App) -> None:
        assert self.window is not None
        self.window.session.attach(app)
        self._tasks.run(self, app.tidy)
        if app.writable:
            scheduler = app.scheduler()
            self._tick = lambda: scheduler.tick(app.clock.now())
            self._schedule.start()

    def _look_at_the_clock(self) -> None:
        """Start what is due."""
        if self._tick is not None:
            self._tick()

    def _cannot_open(self, error: Exception) -> None:
        from desktop.ui.welcome.trouble import CannotOpen

        if not isinstance(error, (RegistryError, OSError)):
            self._write_down(error)

        if self.window is None:
            # The session has nothing to read; the window only says why.
            self._show(Session(self._options.data_dir, None, self._tasks))
        assert self.window is not None
        self.window.cover(CannotOpen(error, self.window.close))

    def _write_down(self, error: Exception) -> None:
        """Log why the program does not open; it has no log of its own then."""
        with contextlib.suppress(OSError):
            paths.prepare(self._options.data_dir)
            stop = logs.start(self._options.data_dir, tuple)
            logs.write_down(error, "the program cannot be opened")
            stop()

    # The first run

    def _welcome(self, session: Session) -> None:
        from desktop.ui.welcome.page import WelcomePage

        assert self.window is not None
        page = WelcomePage(session)
        page.demo_asked.connect(lambda: QTimer.singleShot(0, self.open_demo))
        page.done.connect(self._welcomed)
        self.window.cover(page)

    def _welcomed(self, to: Destination) -> None:
        assert self.window is not None
        self.window.session.prefs.setValue("welcomed", True)
        self.window.cover(None)
        self.window.go(to)

    # The end

    def end(self) -> None:
        """Let go of everything; jobs that run are cancelled and go on next time."""
        self._schedule.stop()
        if self.window is not None:
            self.window.leaving.disconnect()
            self.window.close()
            self.window.session.close()
        self._tasks.close()
        if self._opening is not None:
            self._opening.close()
        self._collector.end()
        sys.excepthook, threading.excepthook = self._hooks

    # Faults of our own

    def _report(self, error: Exception) -> None:
        logs.write_down(error, "a task failed")
        if self.window is not None:
            self.window.session.report(error)

    def _crashed(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """A slot failed: write it down, say so, and go on."""
        if not isinstance(error, Exception):
            self._hooks[0](kind, error, trace)
            return
        logs.write_down(error, "a part of the window failed")
        if self.window is not None:
            self.window.session.report(error)

    def _thread_crashed(self, args: threading.ExceptHookArgs) -> None:
        _log.error("a thread failed", exc_info=args.exc_value)


def appearance(prefs: QSettings) -> str:
    """Return `light`, `dark`, or `system`."""
    return str(prefs.value("appearance", "system"))


def is_first_run(session: Session) -> bool:
    """Say whether nobody has decided anything in this data directory yet."""
    if session.prefs.value("welcomed", False, bool):
        return False
    rows = session.registries(hidden=True)
    return all(row.default_id is not None and row.last_attempt is None for row in rows)
