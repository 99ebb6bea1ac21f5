"""Waiting for jobs: progress on standard error, and Ctrl-C that cancels them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from desktop.app import App
from desktop.cli.output import Output, clean
from desktop.engine import words
from desktop.engine.bus import Event, RunEnded, RunProgressed, RunStarted, SettingsChanged
from desktop.engine.jobs import Job
from desktop.store.values import RegistryRow, RunRow

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

R = TypeVar("R")
_LOOK_SECONDS = 0.2
"""How often the wait is left, so that Ctrl-C is noticed on every system."""
_LINE_SECONDS = 10.0
"""How often a registry gets a line of progress where there is no terminal."""


@dataclass(frozen=True)
class Ended:
    """How synchronizations ended; `cancelled` if the user stopped them."""

    runs: tuple[RunRow, ...]
    cancelled: bool


def synchronize(
    app: App,
    out: Output,
    registries: Sequence[RegistryRow],
    *,
    full: bool = False,
    accept_held: bool = False,
) -> Ended:
    """Synchronize registries beside each other and wait for all of them."""
    with _progress(app, out, registries):
        jobs = [
            app.synchronize(registry, full=full, accept_held=accept_held) for registry in registries
        ]
        cancelled = wait(app, out, jobs)
    # What never began has no run.
    found = [job.future.result() for job in jobs if not job.future.cancelled()]
    return Ended(tuple(found), cancelled)


def result(app: App, out: Output, registry_id: str, work: Callable[[Job[R]], R]) -> R:
    """Run something for a registry as a job and return its result; Ctrl-C cancels it."""
    job = app.jobs.submit(registry_id, work)
    if wait(app, out, [job]):
        raise KeyboardInterrupt
    return job.future.result()


def wait(app: App, out: Output, jobs: Sequence[Job[Any]]) -> bool:
    """Wait until every job has ended; Ctrl-C cancels them all. Says whether that happened."""
    try:
        _wait(jobs)
    except KeyboardInterrupt:
        out.note("Cancelling; what was stored stays.")
        for job in jobs:
            if not job.future.done():
                app.jobs.cancel(job.registry_id)
        _wait(jobs)
        return True
    return False


def _wait(jobs: Sequence[Job[Any]]) -> None:
    for job in jobs:
        while not job.future.done():
            try:
                job.future.exception(_LOOK_SECONDS)
            except (TimeoutError, CancelledError):
                continue


@contextmanager
def _progress(app: App, out: Output, registries: Sequence[RegistryRow]) -> Iterator[None]:
    """Show what runs for as long as the block lasts."""
    names = {row.id: clean(row.name) for row in registries}
    if out.as_json or sys.stderr is None or not sys.stderr.isatty():
        leave = app.bus.subscribe(_Lines(app, out, names))
        try:
            yield
        finally:
            leave()
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    progress = Progress(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[said]}", markup=False),
        console=out.console(errors=True),
        transient=True,
    )
    with progress:
        leave = app.bus.subscribe(_Bars(progress, names))
        try:
            yield
        finally:
            leave()


class _Bars:
    """One bar for each registry that runs; called on the threads of the jobs."""

    def __init__(self, progress: Progress, names: Mapping[str, str]) -> None:
        self._progress = progress
        self._names = names
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, SettingsChanged) or event.registry_id not in self._names:
            return
        name = self._names[event.registry_id]
        if isinstance(event, RunStarted):
            self._tasks[event.registry_id] = self._progress.add_task(name, total=None, said="")
            return
        task = self._tasks.get(event.registry_id)
        if task is None:
            return
        if isinstance(event, RunProgressed):
            self._progress.update(task, completed=event.done, total=event.total, said=_said(event))
        elif isinstance(event, RunEnded):
            self._progress.update(task, completed=1, total=1, said=event.outcome)


class _Lines:
    """A line when a registry begins and ends, and now and then between; for logs and pipes."""

    def __init__(self, app: App, out: Output, names: Mapping[str, str]) -> None:
        self._app = app
        self._out = out
        self._names = names
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, SettingsChanged) or event.registry_id not in self._names:
            return
        name = self._names[event.registry_id]
        with self._lock:
            if isinstance(event, RunStarted):
                self._last[event.registry_id] = time.monotonic()
                self._out.note(f"{name}: synchronizing")
            elif isinstance(event, RunEnded):
                self._out.note(f"{name}: {event.outcome}")
            elif isinstance(event, RunProgressed) and self._is_time(event.registry_id):
                self._out.note(f"{name}: {_said(event)}")

    def _is_time(self, registry_id: str) -> bool:
        now = time.monotonic()
        if now - self._last.get(registry_id, 0.0) < _LINE_SECONDS:
            return False
        self._last[registry_id] = now
        return True


def _said(event: RunProgressed) -> str:
    unit = clean(event.unit) or ("documents" if event.phase == "documents" else "")
    return words.amount(event.done, event.total, unit)
