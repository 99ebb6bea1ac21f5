"""What is stored, and changing it: in order, beside the window's thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, Signal

from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.engine.settings import Settings

Change = tuple[Callable[[], Any], Callable[[Any], None], Callable[[Exception], None]]


def stored_settings(session: Session) -> Settings:
    """Return the settings of the data directory, as far as they can be read yet."""
    from desktop.engine.bus import Bus
    from desktop.engine.clock import SystemClock
    from desktop.engine.settings import Settings, SettingsStore

    if session.is_ready:
        return session.app.settings.read()
    if session.db is None:
        return Settings()
    return SettingsStore(session.db, SystemClock(), Bus()).read()


def why_locked(session: Session) -> str:
    """Say why nothing can be changed; empty where it can."""
    if session.writable:
        return ""
    if not session.is_ready:
        return QCoreApplication.translate("Settings", "The program is still starting.")
    return QCoreApplication.translate(
        "Settings",
        "Another Registry Desktop has this data open, so nothing can be changed here.",
    )


class Saving(QObject):
    """Makes changes one after the other, in the order in which somebody made them."""

    idle = Signal()
    """Everything asked for was made, or failed."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: deque[Change] = deque()
        self.busy = False

    def make(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Do `work` somewhere else, then call `done` or `failed` here."""
        self._waiting.append((work, done, failed))
        if not self.busy:
            self._next()

    def _next(self) -> None:
        self.busy = bool(self._waiting)
        if not self._waiting:
            self.idle.emit()
            return
        work, done, failed = self._waiting.popleft()

        def made(result: Any) -> None:
            done(result)
            self._next()

        def not_made(error: Exception) -> None:
            failed(error)
            self._next()

        self._session.tasks.run(self, work, made, not_made)
