"""Worker processes: each loads one plugin, and is killed when it does not obey.

A worker whose job ended well rests for a moment, in case that the same registry has another one. No
worker ever sees the configuration, and the secrets in it, of two registries.

The host parses nothing of what a registry sent: it takes typed frames (`registrykit.frames`).
"""

from __future__ import annotations

import logging
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from desktop.engine.calls import Job, Missing, Traffic, call_of
from desktop.engine.process import Process
from registrykit import frames
from registrykit.artifacts import Artifact, Version
from registrykit.description import TypeDescription
from registrykit.elsewhere import LARGEST_KNOWN, MOST_KNOWN, KnownElsewhere
from registrykit.errors import Cancelled, PluginFault, RegistryError, rebuild
from registrykit.events import Check, Known, SyncEvent
from registrykit.sync import NothingStored, Stored

KILL_AFTER = 2.0
SILENCE = 30 * 60.0
"""A worker that says nothing for this long is ended."""
CHECK_SILENCE = 3 * 60.0
START_SECONDS = 30.0
REST_SECONDS = 20.0
MOST_RESTING = 8
_KNOWN_ROWS = 1000
_LOG_LINES = 200
_log = logging.getLogger(__name__)


class _Resting(NamedTuple):
    job: Job
    process: Process
    timer: threading.Timer


class Workers:
    """Start workers with the right command and a clean environment; `close` it at the end."""

    def __init__(self, command: Iterable[str] | None = None) -> None:
        self.mask: Callable[[str], str] = str
        """Takes secrets out of what a worker says about errors."""
        if command is None:
            frozen = getattr(sys, "frozen", False)
            command = (
                [sys.executable, "--worker"]
                if frozen
                else [sys.executable, "-I", "-m", "registrykit.worker"]
            )
        self._command = list(command)
        self._lock = threading.Lock()
        self._resting: list[_Resting] = []

    def start(self, plugin: str, job: Job | None = None) -> Worker:
        """Start a worker, or take one that rests; `plugin` names it in messages.

        With a `job` it may be one that did a job for the same registry, and may rest after this
        one; without it is new, and ends. Raises PluginFault if it cannot start.
        """
        if job is None:
            return Worker(Process(self._command), plugin, self.mask)
        rest = partial(self._rest, self._resting, job)
        return Worker(self._rested(job) or Process(self._command), plugin, self.mask, rest)

    def close(self) -> None:
        """End all workers that rest, also because the plugins may be others now."""
        with self._lock:
            # Those that still work look for the list that was there when they began.
            gone, self._resting = self._resting, []
        for resting in gone:
            resting.timer.cancel()
            resting.process.close()
            resting.timer.join()

    def _rested(self, job: Job) -> Process | None:
        with self._lock:
            fitting = [resting for resting in self._resting if job.follows(resting.job)]
            if not fitting:
                return None
            # One that has seen no registry yet fits others too.
            resting = max(fitting, key=lambda resting: bool(resting.job.config))
            self._resting.remove(resting)
        resting.timer.cancel()
        if resting.process.returncode is None:
            return resting.process
        resting.process.close()
        return None

    def _rest(self, place: list[_Resting], job: Job, process: Process) -> bool:
        """Let a worker rest; says False where there is no room for it."""
        with self._lock:
            if place is not self._resting or len(place) == MOST_RESTING:
                return False
            timer = threading.Timer(REST_SECONDS, self._end, [process])
            timer.daemon = True
            place.append(_Resting(job, process, timer))
            timer.start()
        return True

    def _end(self, process: Process) -> None:
        with self._lock:
            found = next((r for r in self._resting if r.process is process), None)
            if found is None:
                return
            self._resting.remove(found)
        process.close()


class Worker:
    """The other process, as the host sees it during one job. Use it in a `with` block."""

    def __init__(
        self,
        process: Process,
        plugin: str,
        mask: Callable[[str], str] = str,
        rest: Callable[[Process], bool] | None = None,
    ) -> None:
        """`rest` is offered the process after a job that ended well, and says if it takes it."""
        self._process = process
        self._mask = mask
        self._plugin = plugin
        self._rest = rest
        self._lock = threading.Lock()
        self._closed = False
        self._cancelled = threading.Event()
        self._again = False
        self._logged = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    # What it can do

    def describe(self, distribution: str, *, seconds: float) -> tuple[TypeDescription, ...]:
        """Load the plugin there and return its types; ends the worker after `seconds`."""
        call = frames.Call("describe", distribution)
        types: tuple[TypeDescription, ...] = ()
        for frame in self._call(call, NothingStored(), Traffic(), silence=seconds):
            if isinstance(frame, frames.Described):
                types = frame.types
        return types

    def elsewhere(
        self, distribution: str, type_id: str, environ: Mapping[str, str], *, seconds: float
    ) -> Iterator[KnownElsewhere]:
        """Yield the registries that other tools know; ends the worker after `seconds`.

        Raises PluginFault where there are too many, or they are too large.
        """
        call = frames.Call("elsewhere", distribution, type_id, environ=dict(environ))
        taken = size = 0
        for frame in self._call(
            call, NothingStored(), Traffic(), silence=seconds, ends=time.monotonic() + seconds
        ):
            if not isinstance(frame, KnownElsewhere):
                continue
            taken += 1
            size += len(frames.pack(frame))
            if taken > MOST_KNOWN or size > LARGEST_KNOWN:
                self._process.kill()
                raise self._fault(
                    "The plugin found more registries than can be taken over.",
                    cause=f"at most {MOST_KNOWN:,}, with {LARGEST_KNOWN // 1024 // 1024} MiB",
                    code="too-much-at-once",
                )
            yield frame

    def check(self, job: Job) -> Iterator[Check]:
        for frame in self._call(
            call_of("check", job), NothingStored(), Traffic(), silence=CHECK_SILENCE
        ):
            if isinstance(frame, frames.Checked):
                check = frame.check
                yield msgspec.structs.replace(
                    check, message=self._mask(check.message), remedy=self._mask(check.remedy)
                )

    def sync(self, job: Job, stored: Stored, traffic: Traffic) -> Iterator[list[SyncEvent]]:
        """Yield the events in batches; the next is asked for when the last has been taken."""
        for frame in self._call(call_of("sync", job), stored, traffic):
            if isinstance(frame, frames.Batch):
                yield frames.unbatch(frame)
                self._process.send(frames.Ack())

    def details(
        self, job: Job, items: Iterable[tuple[Artifact, Version]], traffic: Traffic
    ) -> Iterator[int | Missing | list[SyncEvent]]:
        """Yield documents, and after those of an item its index, or why it has none."""
        call = call_of("details", job, tuple(items))
        for frame in self._call(call, NothingStored(), traffic):
            if isinstance(frame, frames.Batch):
                yield frames.unbatch(frame)
                self._process.send(frames.Ack())
            elif isinstance(frame, frames.Fetched):
                yield frame.index
            elif isinstance(frame, frames.Missing):
                yield Missing(frame.index, self._mask(frame.reason), frame.code)

    def save(self, job: Job, artifact: Artifact, version: Version) -> Iterator[bytes | str]:
        """Yield the bytes of the artifact, and at the end the name that the file should have."""
        for frame in self._call(
            call_of("save", job, ((artifact, version),)), NothingStored(), Traffic()
        ):
            if isinstance(frame, frames.Bytes):
                yield frame.content
                self._process.send(frames.Ack())
            elif isinstance(frame, frames.Saved):
                yield frame.name

    def cancel(self) -> None:
        """End the running call; what does not end within two seconds is killed."""
        with self._lock:
            # Once closed the process may work for somebody else.
            if self._closed or self._cancelled.is_set():
                return
            self._cancelled.set()
        killer = threading.Timer(KILL_AFTER, self._process.kill)
        killer.daemon = True
        killer.start()
        self._process.send(frames.Cancel())

    def close(self) -> None:
        """Let the worker rest, or end it, with its threads and pipes."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        well = self._again and not self._cancelled.is_set()
        if not (well and self._rest and self._rest(self._process)):
            self._process.close()

    # The protocol

    def _call(
        self,
        call: frames.Call,
        stored: Stored,
        traffic: Traffic,
        *,
        silence: float = SILENCE,
        ends: float = math.inf,
    ) -> Iterator[frames.ToHost]:
        self._again = False
        if not self._process.ready:
            first = self._next(min(START_SECONDS, silence))
            if not isinstance(first, frames.Ready) or first.protocol != frames.PROTOCOL:
                raise self._fault("The worker speaks another protocol.", code="garbage")
            self._process.ready = True
        self._process.send(call)
        while True:
            frame = self._next(silence, ends)
            if isinstance(frame, frames.Finished):
                if self._cancelled.is_set():
                    raise Cancelled("Cancelled.")
                self._again = frame.again
                return
            if isinstance(frame, frames.Failed):
                if self._cancelled.is_set():
                    raise Cancelled("Cancelled.")
                raise self._failed(frame)
            if isinstance(frame, frames.Traffic):
                traffic.requests += frame.requests
                traffic.bytes += frame.bytes
            elif isinstance(frame, frames.AskKnown):
                self._answer_known(stored.known(frame.prefix))
            elif isinstance(frame, frames.AskMemory):
                self._process.send(frames.Remembered(stored.memory(frame.prefix)))
            elif isinstance(frame, frames.Logged):
                self._log(frame.level, frame.message)
            else:
                yield frame

    def _next(self, silence: float, ends: float = math.inf) -> frames.ToHost:
        try:
            left = max(ends - time.monotonic(), 0.0)
            frame = self._process.read(min(silence, left))
        except queue.Empty:
            self._process.kill()
            raise self._fault(
                f"The plugin did not answer within {silence:.0f} seconds.", code="no-answer"
            ) from None
        if frame is None:
            raise self._death()
        if isinstance(frame, RegistryError):
            self._process.kill()
            raise self._fault(str(frame), cause=frame.cause, code=frame.code)
        return frame

    def _answer_known(self, rows: Iterator[Known]) -> None:
        part: list[Known] = []
        for row in rows:
            part.append(row)
            if len(part) == _KNOWN_ROWS:
                self._process.send(frames.KnownRows(tuple(part), last=False))
                part = []
        self._process.send(frames.KnownRows(tuple(part), last=True))

    def _log(self, level: int, message: str) -> None:
        self._logged += 1
        if self._logged <= _LOG_LINES:
            _log.log(min(max(level, logging.DEBUG), logging.ERROR), "%s: %s", self._plugin, message)
        elif self._logged == _LOG_LINES + 1:
            _log.warning("%s logs too much; the rest of this job is left out", self._plugin)

    # What went wrong

    def _fault(self, message: str, *, cause: str = "", code: str = "") -> PluginFault:
        return PluginFault(f"{self._plugin}: {message}", cause=cause, code=code)

    def _failed(self, frame: frames.Failed) -> RegistryError:
        error = rebuild(
            frame.kind,
            frame.code,
            self._mask(frame.message),
            self._mask(frame.cause),
            self._mask(frame.remedy),
            frame.retry_after,
        )
        if isinstance(error, PluginFault):
            return self._fault(str(error), cause=error.cause, code=error.code)
        return error

    def _death(self) -> RegistryError:
        how, said = self._process.ending()
        if self._cancelled.is_set():
            return Cancelled("Cancelled.")
        return self._fault(
            "The plugin's process ended in the middle of its work.",
            cause=f"{how}; its last words: {self._mask(said)}" if said else how,
            code="worker-died",
        )
