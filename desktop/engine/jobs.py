"""Jobs: what runs, what waits, and how to end it. One queue for each registry.

A registry never has two jobs at once; different registries run beside each other, a few at a time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

from desktop.engine.bus import Bus, JobChanged
from desktop.engine.clock import Clock, SystemClock
from desktop.engine.workers import Worker

R = TypeVar("R")


class Cancellable:
    """Something with a worker that another thread can end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def attach(self, worker: Worker) -> None:
        """Give the worker that `cancel` is to end."""
        with self._lock:
            self._worker = worker
            cancelled = self._cancelled
        if cancelled:
            worker.cancel()

    def cancel(self) -> None:
        """Ask it to end; a worker that does not obey within two seconds is killed."""
        with self._lock:
            self._cancelled = True
            worker = self._worker
        if worker is not None:
            worker.cancel()


class Job(Cancellable, Generic[R]):
    """Something that runs for a registry in the background; `future` holds its result."""

    def __init__(self, registry_id: str, work: Callable[[Job[R]], R]) -> None:
        super().__init__()
        self.registry_id = registry_id
        self.future: Future[R] = Future()
        self.started: float | None = None
        """When it began to run, in seconds since the epoch; None while it waits."""
        self._work = work

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._work(self)
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Active(NamedTuple):
    """What a registry is doing: queued, syncing or cancelling; `started` is None while queued."""

    registry_id: str
    activity: str
    started: float | None


class Jobs:
    """Run jobs on a few threads."""

    def __init__(self, bus: Bus, *, at_once: int = 4, clock: Clock | None = None) -> None:
        self._bus = bus
        self._clock = clock or SystemClock()
        self._condition = threading.Condition()
        self._waiting: deque[Job[object]] = deque()
        self._running: dict[str, Job[object]] = {}
        self._closing = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"job-{number}", daemon=True)
            for number in range(at_once)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, registry_id: str, work: Callable[[Job[R]], R]) -> Job[R]:
        """Queue work behind whatever the registry is doing already."""
        job: Job[R] = Job(registry_id, work)
        with self._condition:
            if self._closing:
                raise RuntimeError("the program is ending")
            self._waiting.append(job)  # type: ignore[arg-type]
            self._condition.notify()
        self._bus.publish(JobChanged(registry_id, self.activity(registry_id)))
        return job

    def activity(self, registry_id: str) -> str:
        """Return idle, queued, syncing or cancelling."""
        with self._condition:
            running = self._running.get(registry_id)
            if running is not None:
                return "cancelling" if running.cancelled else "syncing"
            waits = any(job.registry_id == registry_id for job in self._waiting)
            return "queued" if waits else "idle"

    def active(self) -> tuple[Active, ...]:
        """Return the registries that are not idle: first what runs, then what waits, as begun."""
        with self._condition:
            running = [
                Active(job.registry_id, "cancelling" if job.cancelled else "syncing", job.started)
                for job in self._running.values()
            ]
            taken = set(self._running)
            waiting = dict.fromkeys(
                job.registry_id for job in self._waiting if job.registry_id not in taken
            )
        return (*running, *(Active(registry_id, "queued", None) for registry_id in waiting))

    def busy(self, registry_id: str) -> bool:
        return self.activity(registry_id) != "idle"

    def cancel(self, registry_id: str) -> None:
        """Drop what waits for the registry and end what runs."""
        with self._condition:
            dropped = [job for job in self._waiting if job.registry_id == registry_id]
            for job in dropped:
                self._waiting.remove(job)
            running = self._running.get(registry_id)
        for job in dropped:
            job.future.cancel()
        if running is not None:
            running.cancel()
        self._bus.publish(JobChanged(registry_id, self.activity(registry_id)))

    def restart(self, registry_id: str, work: Callable[[Job[R]], R]) -> Job[R]:
        """End what the registry is doing and begin again."""
        self.cancel(registry_id)
        return self.submit(registry_id, work)

    def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        with self._condition:
            self._closing = True
            waiting, self._waiting = list(self._waiting), deque()
            running = list(self._running.values())
            self._condition.notify_all()
        for job in waiting:
            job.future.cancel()
        for job in running:
            job.cancel()
        for thread in self._threads:
            thread.join(30)

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            self._bus.publish(JobChanged(job.registry_id, "syncing"))
            try:
                job.run()
            finally:
                with self._condition:
                    del self._running[job.registry_id]
                    self._condition.notify_all()
                self._bus.publish(JobChanged(job.registry_id, self.activity(job.registry_id)))

    def _next(self) -> Job[object] | None:
        with self._condition:
            while not self._closing:
                for job in self._waiting:
                    if job.registry_id not in self._running:
                        self._waiting.remove(job)
                        self._running[job.registry_id] = job
                        job.started = self._clock.now()
                        return job
                self._condition.wait()
            return None
