"""Fixtures of the window's tests: a session on a scripted or a real program, a window around it.

They run under Qt's offscreen platform, in a process of their own: `dev.py test gui`.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from desktop.app import App, build
from registrykit.testing.servers import HelmSite
from tests.charts import Charts
from tests.gui.finding import find as find
from tests.gui.finding import name_of as name_of
from tests.scripted import Bench, FakeClock, open_bench

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from desktop.ui.session import Session
    from desktop.ui.theme import Theme
    from desktop.ui.window import MainWindow

T = TypeVar("T")
HERE = Path(__file__).parent
FOR_THREADS = 10.0
"""Seconds that a thread of ours may take to end after a test."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out where their plugin is: Qt stays out of every other process."""
    return None if config.pluginmanager.hasplugin("pytestqt.plugin") else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a warning of Qt fail the test in which it comes."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            # The offscreen platform says so of every window that has a least size.
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints"))


# What is left behind


def _settle() -> None:
    """Let what was given up be deleted."""
    from PySide6.QtCore import QCoreApplication, QEvent

    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()


def left_behind() -> list[str]:
    """Return what a test must not leave: windows, timers that run, threads of Qt and of ours."""
    import shiboken6
    from PySide6.QtCore import QThread, QTimer
    from PySide6.QtWidgets import QApplication

    _settle()
    found = [f"a window: {widget!r}" for widget in QApplication.topLevelWidgets()]
    for each in gc.get_objects():
        if isinstance(each, QTimer) and shiboken6.isValid(each) and each.isActive():
            found.append(f"a timer that runs: {each!r} of {each.parent()!r}")
        elif isinstance(each, QThread) and shiboken6.isValid(each) and each.isRunning():
            current = QThread.currentThread()
            if each is not current and each != current:
                found.append(f"a thread: {each!r}")
    over = time.monotonic() + FOR_THREADS
    while time.monotonic() < over:
        ours = [t.name for t in threading.enumerate() if t.name.startswith(("work-", "ask-"))]
        if not ours:
            break
        time.sleep(0.01)
    else:
        found += [f"a thread: {name}" for name in ours]
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(theme: Theme) -> Iterator[None]:
    yield
    assert left_behind() == []


# The window


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Make the application of these tests in the style of the program."""
    from desktop.ui.start import STYLE

    return ["tests", *STYLE]


@pytest.fixture(scope="session")
def theme(qapp: Any) -> Theme:
    """The program's own look, light."""
    from desktop.ui.theme import Theme

    # As in the program: a widget is never destroyed beside the thread that it lives on.
    gc.disable()
    found = Theme(qapp)
    found.set_appearance("light")
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A program with one scripted registry; its time is a real one, its workers play."""
    made = open_bench(tmp_path / "data", clock=FakeClock(time.time()))
    yield made
    made.app.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A real program on a fresh data directory, with real workers and without a keyring."""
    made = build(
        tmp_path / "data", writable=True, environ={"REGISTRY_DESKTOP_KEYRING": "none"}, proxy="none"
    )
    made.plugins.all()
    yield made
    made.close()


@pytest.fixture
def troubles() -> list[Exception]:
    """Errors that reached no place on a page; what a test leaves in here fails it."""
    return []


@pytest.fixture
def open_session(troubles: list[Exception], theme: Theme) -> Iterator[Callable[..., Session]]:
    """Return a function from a program to a session with it; `attach=False` is only a glance."""
    from desktop.store.database import FILE, Database
    from desktop.ui.session import Session
    from desktop.ui.tasks import Tasks

    opened: list[tuple[Session, Tasks]] = []

    def make(app: App, *, attach: bool = True) -> Session:
        tasks = Tasks(troubles.append)
        glance = None
        if not attach:
            glance = Database(app.data_dir / FILE, writable=False)
            glance.open()
        session = Session(app.data_dir, glance, tasks)
        session.troubled.connect(troubles.append)
        if attach:
            session.attach(app)
        opened.append((session, tasks))
        return session

    yield make
    for session, tasks in opened:
        tasks.close()
        session.close()
        session.deleteLater()
        tasks.deleteLater()
    assert troubles == []


@pytest.fixture
def session(bench: Bench, open_session: Callable[..., Session]) -> Session:
    """A session with the scripted program."""
    return open_session(bench.app)


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Callable[[T], T]]:
    """Return a function that shows a widget; it is closed and deleted after the test."""
    shown: list[QWidget] = []

    def make(widget: Any) -> Any:
        shown.append(widget)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    yield make
    for widget in shown:
        widget.close()
        widget.deleteLater()


@pytest.fixture
def open_window(show: Callable[[Any], Any]) -> Callable[[Session], MainWindow]:
    """Return a function from a session to the window that shows it."""
    from desktop.ui.window import MainWindow

    def make(session: Session) -> MainWindow:
        window: MainWindow = show(MainWindow(session))
        return window

    return make


@pytest.fixture
def window(session: Session, open_window: Callable[[Session], MainWindow]) -> MainWindow:
    """The window on the scripted program."""
    return open_window(session)


# Real registries


@pytest.fixture
def helm_site() -> Iterator[HelmSite]:
    """A Helm repository on loopback: two charts with three versions each."""
    charts = Charts()
    for name in ("nginx", "redis"):
        charts.add(name, "1.0.0", "1.1.0", "2.0.0")
    with HelmSite(charts.index, charts.files, base="/charts") as site:
        yield site
