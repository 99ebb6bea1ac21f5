"""A worker process and the host's end of its pipes, as thin as a test needs it."""

from __future__ import annotations

import inspect
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast

import msgspec

from registrykit.artifacts import Artifact, Version
from registrykit.description import TypeDescription
from registrykit.elsewhere import KnownElsewhere
from registrykit.errors import PluginFault
from registrykit.events import Check, SyncEvent
from registrykit.frames import (
    Ack,
    AskKnown,
    AskMemory,
    Batch,
    Bytes,
    Call,
    Cancel,
    Checked,
    Described,
    Failed,
    Fetched,
    Finished,
    KnownRows,
    Logged,
    Missing,
    Ready,
    Remembered,
    Saved,
    ToHost,
    ToWorker,
    Traffic,
    pack,
    read_to_host,
    unbatch,
)
from registrykit.registry import RegistryType
from registrykit.sync import NothingStored, Settings, Stored

End = Literal["finished", "failed", "died", "garbage", "timed-out", "endless"]
"""How a call ended: `garbage` was refused, `endless` yielded more than was asked to take."""

_CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from registrykit.testing.child import serve_class; serve_class(sys.argv[2:])"
)
_CLEAN_ENVIRONMENT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "LANG", "TZ")


@dataclass
class Outcome:
    """Everything that one call sent, and how it ended."""

    end: End = "finished"
    events: list[SyncEvent] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    fetched: list[int] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    types: tuple[TypeDescription, ...] = ()
    known: list[KnownElsewhere] = field(default_factory=list)
    content: bytes = b""
    name: str | None = None
    log: list[Logged] = field(default_factory=list)
    traffic: Traffic = field(default_factory=lambda: Traffic(0, 0))
    failure: Failed | None = None
    fault: PluginFault | None = None
    returncode: int | None = None
    stderr: str = ""
    seconds: float = 0.0
    cancelled_after: float | None = None

    @property
    def wrong_type(self) -> bool:
        """Whether what was refused was well-formed, but of a type that the protocol has not."""
        cause = self.fault.__context__ if self.fault else None
        return isinstance(cause, msgspec.ValidationError)

    @property
    def told(self) -> str:
        """How the call ended, in words."""
        if self.failure is not None:
            cause = f" ({self.failure.cause})" if self.failure.cause else ""
            return f"{self.failure.message}{cause}"
        if self.fault is not None:
            return f"{self.fault} ({self.fault.cause})"
        if self.end == "died":
            last = self.stderr.strip().rpartition("\n")[2]
            return f"The process ended with {self.returncode}. {last}".rstrip()
        if self.end == "timed-out":
            return f"It had not ended after {self.seconds:.1f} seconds and was killed."
        if self.end == "endless":
            return f"It had yielded {len(self.events):,} events and was killed."
        return "It ended."


class WorkerProcess:
    """One worker; a call that does not end in time, or sends garbage, kills it."""

    def __init__(self, command: Sequence[str], *, distribution: str = "") -> None:
        self.distribution = distribution
        handle, path = tempfile.mkstemp(prefix="worker-", suffix=".log")
        self._stderr = Path(path)
        self._frames: queue.Queue[ToHost | PluginFault | None] = queue.Queue(maxsize=64)
        self._closing = threading.Event()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=handle,
            env={name: os.environ[name] for name in _CLEAN_ENVIRONMENT if name in os.environ},
        )
        os.close(handle)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def of_distribution(
        cls, distribution: str, python: str | Path = sys.executable
    ) -> WorkerProcess:
        """Start the worker as the program does, for a plugin that is installed for `python`."""
        command = [str(python), "-I", "-m", "registrykit.worker"]
        return cls(command, distribution=distribution)

    @classmethod
    def of_class(
        cls, registry_type: type[RegistryType[Any]], *, stalled: bool = False
    ) -> WorkerProcess:
        """Start a worker for a class that need not be installed, only importable here.

        With `stalled` its connections are made, but never answered.
        """
        path = [entry or str(Path.cwd()) for entry in sys.path]
        module, file = registry_type.__module__, _file_of(registry_type)
        command = [sys.executable, "-I", "-c", _CHILD, json.dumps(path), module, file]
        command.append(registry_type.__qualname__)
        return cls([*command, "stalled"] if stalled else command)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def call(
        self,
        method: str,
        type_id: str = "",
        config: Mapping[str, Any] | None = None,
        *,
        config_version: int = 1,
        settings: Settings | None = None,
        items: Sequence[tuple[Artifact, Version]] = (),
        stored: Stored | None = None,
        environ: Mapping[str, str] | None = None,
        deadline: float = 30.0,
        most_events: int = 100_000,
        cancel_when: Callable[[ToHost], bool] | None = None,
        cancel_grace: float = 2.0,
    ) -> Outcome:
        """Run one method to its end; never raises for what the plugin does.

        The call is cancelled at the first frame for which `cancel_when` holds, and then has
        `cancel_grace` seconds.
        """
        outcome = Outcome()
        stored = NothingStored() if stored is None else stored
        started = time.monotonic()
        until = started + deadline
        self.send(
            Call(
                method,
                self.distribution,
                type_id,
                dict(config or {}),
                config_version,
                settings or Settings(),
                tuple(items),
                dict(environ or {}),
            )
        )
        while True:
            frame = self._next(until)
            if isinstance(frame, str):
                outcome.end = frame
                break
            if isinstance(frame, PluginFault):
                outcome.end, outcome.fault = "garbage", frame
                break
            try:
                ended = self._take(frame, outcome, stored)
            except PluginFault as fault:
                outcome.end, outcome.fault = "garbage", fault
                break
            if ended:
                break
            if len(outcome.events) > most_events:
                outcome.end = "endless"
                break
            if cancel_when and outcome.cancelled_after is None and cancel_when(frame):
                self.send(Cancel())
                outcome.cancelled_after = time.monotonic() - started
                until = time.monotonic() + cancel_grace
        outcome.seconds = time.monotonic() - started
        if outcome.end not in ("finished", "failed"):
            self.close()
        outcome.returncode = self.process.poll()
        outcome.stderr = self.stderr
        return outcome

    def send(self, frame: ToWorker) -> None:
        """Send one frame; a worker that is gone is noticed by what it no longer answers."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(pack(frame))
            self.process.stdin.flush()
        except OSError:
            return

    def unanswered(
        self,
        method: str,
        type_id: str,
        config: Mapping[str, Any],
        *,
        config_version: int = 1,
        seconds: float,
    ) -> list[ToHost]:
        """Call a method, answer nothing, and return what was sent until `seconds` of silence."""
        self.send(Call(method, self.distribution, type_id, dict(config), config_version))
        frames: list[ToHost] = []
        while not isinstance(frame := self.receive(seconds), (str, PluginFault)):
            frames.append(frame)
        return frames

    def receive(self, seconds: float = 10.0) -> ToHost | PluginFault | End:
        """Return the next frame, what was refused, or `died` or `timed-out`."""
        return self._next(time.monotonic() + seconds)

    @property
    def stderr(self) -> str:
        """What the process has written to its standard error so far (at most 64 KiB)."""
        with self._stderr.open("rb") as written:
            return written.read(64 * 1024).decode("utf-8", "replace")

    def close(self) -> None:
        """Kill the process and release its pipes."""
        self._closing.set()
        if self.alive:
            self.process.kill()
        self.process.wait()
        self._reader.join(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except OSError:
                    continue

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._stderr.unlink(missing_ok=True)

    def _read(self) -> None:
        assert self.process.stdout is not None
        frame: ToHost | PluginFault | None
        while True:
            try:
                frame = read_to_host(cast(Any, self.process.stdout))
            except PluginFault as fault:
                frame = fault
            except (OSError, ValueError):
                frame = None
            while True:
                try:
                    self._frames.put(frame, timeout=0.05)
                    break
                except queue.Full:
                    if self._closing.is_set():
                        return
            if frame is None or isinstance(frame, PluginFault):
                return

    def _next(self, until: float) -> ToHost | PluginFault | End:
        try:
            frame = self._frames.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return "timed-out"
        if frame is None:
            self.process.wait()
            return "died"
        return frame

    def _take(self, frame: ToHost, outcome: Outcome, stored: Stored) -> bool:
        """Take one frame in; returns whether it ends the call."""
        if isinstance(frame, Batch):
            outcome.events.extend(unbatch(frame))
            self.send(Ack())
        elif isinstance(frame, AskKnown):
            self._answer_known(frame.prefix, stored)
        elif isinstance(frame, AskMemory):
            self.send(Remembered(stored.memory(frame.prefix)))
        elif isinstance(frame, Bytes):
            outcome.content += frame.content
            self.send(Ack())
        elif isinstance(frame, Checked):
            outcome.checks.append(frame.check)
        elif isinstance(frame, Missing):
            outcome.missing.append(frame)
        elif isinstance(frame, Fetched):
            outcome.fetched.append(frame.index)
        elif isinstance(frame, Saved):
            outcome.name = frame.name
        elif isinstance(frame, Described):
            outcome.types = frame.types
        elif isinstance(frame, KnownElsewhere):
            outcome.known.append(frame)
        elif isinstance(frame, Logged):
            outcome.log.append(frame)
            del outcome.log[:-1000]
        elif isinstance(frame, Traffic):
            outcome.traffic = frame
        elif isinstance(frame, Failed):
            outcome.end, outcome.failure = "failed", frame
            return True
        elif not isinstance(frame, Ready):
            return isinstance(frame, Finished)
        return False

    def _answer_known(self, prefix: str, stored: Stored) -> None:
        rows = list(stored.known(prefix))
        while len(rows) > 1000:
            self.send(KnownRows(tuple(rows[:1000]), last=False))
            del rows[:1000]
        self.send(KnownRows(tuple(rows), last=True))


def _file_of(registry_type: type[RegistryType[Any]]) -> str:
    try:
        return inspect.getfile(registry_type)
    except (OSError, TypeError):
        return ""
