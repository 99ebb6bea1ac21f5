"""How far the running synchronizations are, and when each was last heard of."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from desktop.engine.bus import (
    Event,
    JobChanged,
    PrefixStored,
    RunEnded,
    RunProgressed,
    RunStarted,
)
from desktop.engine.clock import Clock


@dataclass(frozen=True)
class Progress:
    """How far a run is; `heard` is when it last said something, in seconds since the epoch.

    `total` is None where it is not known, `unit` is a plural noun or `bytes`.
    """

    heard: float
    phase: str = "listing"
    done: int = 0
    total: int | None = None
    unit: str = ""

    @property
    def share(self) -> float | None:
        """How much is done, from 0.0 to 1.0; None where the total is not known."""
        return min(self.done / self.total, 1.0) if self.total else None


class Progresses:
    """Listen to the bus; the progress of every registry that synchronizes, by id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Progress] = {}

    def all(self) -> dict[str, Progress]:
        with self._lock:
            return dict(self._known)

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._set(event.registry_id, Progress(self._clock.now()))
        elif isinstance(event, RunProgressed):
            self._set(
                event.registry_id,
                Progress(self._clock.now(), event.phase, event.done, event.total, event.unit),
            )
        elif isinstance(event, PrefixStored):
            with self._lock:
                known = self._known.get(event.registry_id)
                if known is not None:
                    self._known[event.registry_id] = replace(known, heard=self._clock.now())
        elif isinstance(event, RunEnded) or (
            isinstance(event, JobChanged) and event.activity in ("idle", "queued")
        ):
            with self._lock:
                self._known.pop(event.registry_id, None)

    def _set(self, registry_id: str, progress: Progress) -> None:
        with self._lock:
            self._known[registry_id] = progress
