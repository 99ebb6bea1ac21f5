"""What happened, told to whoever listens: front ends, tests, later plugins that observe."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunStarted:
    registry_id: str
    run_id: int


@dataclass(frozen=True)
class RunProgressed:
    """`total` is None where it is not known; `phase` is `listing` or `documents`."""

    registry_id: str
    phase: str
    done: int
    total: int | None
    unit: str


@dataclass(frozen=True)
class PrefixStored:
    """What lies at or under the prefix can be read from the catalog now."""

    registry_id: str
    prefix: str


@dataclass(frozen=True)
class RunEnded:
    registry_id: str
    run_id: int
    outcome: str


@dataclass(frozen=True)
class RegistryChanged:
    """A registry was added, edited, removed, restored, hidden or shown."""

    registry_id: str


@dataclass(frozen=True)
class JobChanged:
    """`activity` is idle, queued, syncing or cancelling."""

    registry_id: str
    activity: str


@dataclass(frozen=True)
class SettingsChanged:
    """Settings have other values now; `names` are those of `desktop.engine.settings`."""

    names: tuple[str, ...]


Event = (
    RunStarted
    | RunProgressed
    | PrefixStored
    | RunEnded
    | RegistryChanged
    | JobChanged
    | SettingsChanged
)
Listener = Callable[[Event], None]


class Bus:
    """Pass events on; a listener that raises is logged and does not disturb the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every event, on the thread that publishes; returns the way out."""
        with self._lock:
            self._listeners.append(listener)

        def leave() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return leave

    def publish(self, event: Event) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener failed on %s", type(event).__name__)
