"""Worker processes: one for each job, loading one plugin, killed when they do not obey.

The host parses nothing of what a registry sent: it takes typed frames (`registrykit.frames`).
"""

from __future__ import annotations

import logging
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any

import msgspec

from desktop.engine.calls import Job, Missing, Traffic, call_of
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
_KNOWN_ROWS = 1000
_AHEAD = 8
"""Frames that are read before somebody takes them; the pipe holds a faster worker back."""
_LOG_LINES = 200
_ENVIRONMENT = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "WINDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_APART: dict[str, Any] = (
    {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    if sys.platform == "win32"
    else {"process_group": 0}
)
_log = logging.getLogger(__name__)


class Workers:
    """Start workers with the right command and a clean environment."""

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

    def start(self, plugin: str) -> Worker:
        """Start a worker; `plugin` names it in messages. Raises PluginFault if it cannot start."""
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                close_fds=True,
                # Ctrl-C in a terminal is for the host, which then cancels in good order.
                **_APART,
            )
        except OSError as error:
            raise PluginFault(
                "The worker process could not be started.",
                cause=str(error),
                remedy="Check the installation of the program.",
            ) from None
        return Worker(process, plugin, self.mask)


class Worker:
    """The other process, as the host sees it. Use it in a `with` block."""

    def __init__(
        self, process: subprocess.Popen[bytes], plugin: str, mask: Callable[[str], str] = str
    ) -> None:
        self._process = process
        self._mask = mask
        self._plugin = plugin
        self._frames: queue.Queue[frames.ToHost | RegistryError | None] = queue.Queue(_AHEAD)
        self._closing = threading.Event()
        self._write_lock = threading.Lock()
        self._cancelled = threading.Event()
        self._tail: list[str] = []
        self._logged = 0
        self._ready = False
        self._threads = [
            threading.Thread(target=self._listen, name="worker-frames", daemon=True),
            threading.Thread(target=self._drain, name="worker-stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

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
        for frame in self._call(call, NothingStored(), Traffic(), silence=seconds):
            if isinstance(frame, frames.Described):
                return frame.types
        return ()

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
                self.kill()
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
                self._send(frames.Ack())

    def details(
        self, job: Job, items: Iterable[tuple[Artifact, Version]], traffic: Traffic
    ) -> Iterator[int | Missing | list[SyncEvent]]:
        """Yield documents, and after those of an item its index, or why it has none."""
        call = call_of("details", job, tuple(items))
        for frame in self._call(call, NothingStored(), traffic):
            if isinstance(frame, frames.Batch):
                yield frames.unbatch(frame)
                self._send(frames.Ack())
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
                self._send(frames.Ack())
            elif isinstance(frame, frames.Saved):
                yield frame.name

    def cancel(self) -> None:
        """End the running call; what does not end within two seconds is killed."""
        if self._cancelled.is_set():
            return
        self._cancelled.set()
        killer = threading.Timer(KILL_AFTER, self.kill)
        killer.daemon = True
        killer.start()
        self._send(frames.Cancel())

    def kill(self) -> None:
        """End the process, and what it has started, at once."""
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let the worker end, or end it; leaves no process, thread or pipe behind."""
        self._closing.set()
        with suppress(OSError), self._write_lock:
            _stream(self._process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        # Also when it has ended: what it started would hold the pipes open.
        self.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(5)
        for stream, thread in zip(
            (self._process.stdout, self._process.stderr), self._threads, strict=True
        ):
            if not thread.is_alive():
                _stream(stream).close()

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
        if not self._ready:
            first = self._next(min(START_SECONDS, silence))
            if not isinstance(first, frames.Ready) or first.protocol != frames.PROTOCOL:
                raise self._fault("The worker speaks another protocol.", code="garbage")
            self._ready = True
        self._send(call)
        while True:
            frame = self._next(silence, ends)
            if isinstance(frame, frames.Finished):
                if self._cancelled.is_set():
                    raise Cancelled("Cancelled.")
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
                self._send(frames.Remembered(stored.memory(frame.prefix)))
            elif isinstance(frame, frames.Logged):
                self._log(frame.level, frame.message)
            else:
                yield frame

    def _next(self, silence: float, ends: float = math.inf) -> frames.ToHost:
        try:
            left = max(ends - time.monotonic(), 0.0)
            frame = self._frames.get(timeout=min(silence, left))
        except queue.Empty:
            self.kill()
            raise self._fault(
                f"The plugin did not answer within {silence:.0f} seconds.", code="no-answer"
            ) from None
        if frame is None:
            raise self._death()
        if isinstance(frame, RegistryError):
            self.kill()
            raise self._fault(str(frame), cause=frame.cause, code=frame.code)
        return frame

    def _answer_known(self, rows: Iterator[Known]) -> None:
        part: list[Known] = []
        for row in rows:
            part.append(row)
            if len(part) == _KNOWN_ROWS:
                self._send(frames.KnownRows(tuple(part), last=False))
                part = []
        self._send(frames.KnownRows(tuple(part), last=True))

    def _send(self, frame: frames.ToWorker) -> None:
        # A worker that died shows in what is read; writing to it is no error of its own.
        with suppress(OSError, ValueError), self._write_lock:
            stream = _stream(self._process.stdin)
            stream.write(frames.pack(frame))
            stream.flush()

    def _listen(self) -> None:
        stream = _stream(self._process.stdout)
        try:
            while (frame := frames.read_to_host(stream)) is not None:
                self._hand_over(frame)
        except RegistryError as error:
            self._hand_over(error)
        except (OSError, ValueError):
            pass
        self._hand_over(None)

    def _hand_over(self, frame: frames.ToHost | RegistryError | None) -> None:
        """Wait until there is room; once the worker is closed nobody takes anything."""
        while not self._closing.is_set():
            with suppress(queue.Full):
                self._frames.put(frame, timeout=0.1)
                return

    def _drain(self) -> None:
        """Keep the pipe empty; the last lines help to say why a worker died."""
        stream = _stream(self._process.stderr)
        with suppress(OSError, ValueError):
            while line := stream.readline(4096):
                self._tail = [*self._tail[-19:], line.decode("utf-8", "replace").rstrip()]

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
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        if self._cancelled.is_set():
            return Cancelled("Cancelled.")
        code = self._process.returncode
        if code is not None and code < 0:
            try:
                how = f"it was ended by {signal.Signals(-code).name}"
            except ValueError:
                how = f"it was ended by signal {-code}"
        else:
            how = f"it ended with exit code {code}"
        said = next((line for line in reversed(self._tail) if line), "")
        return self._fault(
            "The plugin's process ended in the middle of its work.",
            cause=f"{how}; its last words: {self._mask(said[:300])}" if said else how,
            code="worker-died",
        )


def _stream(stream: IO[bytes] | None) -> Any:
    assert stream is not None
    return stream
