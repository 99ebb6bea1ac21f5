"""From the engine's bus to Qt: events of any thread become signals of the window's.

Events are collected and told at most 20 times a second, each registry once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.engine.bus import (
    Bus,
    Event,
    JobChanged,
    PrefixStored,
    RegistryChanged,
    RunEnded,
    RunProgressed,
    RunStarted,
)

TELL_MILLISECONDS = 50


class Relay(QObject):
    """Tells what changed; listeners read the rest from the store."""

    registry_changed = Signal(str)
    """A registry was added, edited or removed, or its state is another one."""
    progressed = Signal(object)
    """A `RunProgressed`, the newest of its registry."""
    catalog_changed = Signal(str)
    """Something of this registry's artifacts can be read that could not before."""
    run_ended = Signal(object)
    other = Signal(object)
    """Events of a kind that concerns no registry."""
    _woken = Signal()

    def __init__(self, bus: Bus) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TELL_MILLISECONDS)
        self._timer.timeout.connect(self._tell)
        self._woken.connect(self._wake, Qt.ConnectionType.QueuedConnection)
        self._leave: Callable[[], None] | None = bus.subscribe(self._heard)

    def close(self) -> None:
        """Tell nothing more, not even what was heard already."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        self._timer.stop()

    def _heard(self, event: Event) -> None:
        with self._lock:
            self._events.append(event)
            first = len(self._events) == 1
        if first:
            self._woken.emit()

    def _wake(self) -> None:
        if self._leave is not None and not self._timer.isActive():
            self._timer.start()

    def _tell(self) -> None:
        with self._lock:
            events, self._events = self._events, []
        changed: dict[str, None] = {}
        stored: dict[str, None] = {}
        progress: dict[str, RunProgressed] = {}
        ended: list[RunEnded] = []
        others: list[Event] = []
        for event in events:
            if isinstance(event, RunProgressed):
                progress[event.registry_id] = event
            elif isinstance(event, PrefixStored):
                stored[event.registry_id] = None
            elif isinstance(event, (JobChanged, RegistryChanged, RunStarted, RunEnded)):
                changed[event.registry_id] = None
                if isinstance(event, RunEnded):
                    stored[event.registry_id] = None
                    progress.pop(event.registry_id, None)
                    ended.append(event)
            else:
                others.append(event)
        for registry in changed:
            self.registry_changed.emit(registry)
        for newest in progress.values():
            self.progressed.emit(newest)
        for registry in stored:
            self.catalog_changed.emit(registry)
        for end in ended:
            self.run_ended.emit(end)
        for other in others:
            self.other.emit(other)
