"""The process of a worker: its pipes, what it said last, and its end."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from registrykit import frames
from registrykit.errors import PluginFault, RegistryError

_AHEAD = 8
"""Frames that are read before somebody takes them; the pipe holds a faster worker back."""
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


class Process:
    """Another process that speaks `registrykit.frames`; raises PluginFault if it cannot start."""

    def __init__(self, command: Sequence[str]) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # Else pydantic asks every installed distribution for plugins, and loads what it finds.
        environment["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
        try:
            self._process = subprocess.Popen(
                command,
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
        self.ready = False
        """Whether its first frame was read."""
        self._frames: queue.Queue[frames.ToHost | RegistryError | None] = queue.Queue(_AHEAD)
        self._closing = threading.Event()
        self._write_lock = threading.Lock()
        self._tail: list[str] = []
        self._threads = [
            threading.Thread(target=self._listen, name="worker-frames", daemon=True),
            threading.Thread(target=self._drain, name="worker-stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.poll()

    def read(self, seconds: float) -> frames.ToHost | RegistryError | None:
        """Return the next frame, why it cannot be read, or None at the end.

        Raises queue.Empty where nothing came in `seconds`.
        """
        return self._frames.get(timeout=seconds)

    def send(self, frame: frames.ToWorker) -> None:
        # A worker that died shows in what is read; writing to it is no error of its own.
        with suppress(OSError, ValueError), self._write_lock:
            stream = _stream(self._process.stdin)
            stream.write(frames.pack(frame))
            stream.flush()

    def kill(self) -> None:
        """End the process, and what it has started, at once."""
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let the process end, or end it; leaves no process, thread or pipe behind."""
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

    def ending(self) -> tuple[str, str]:
        """Return how the process ended, and its last words."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        code = self._process.returncode
        if code is not None and code < 0:
            try:
                how = f"it was ended by {signal.Signals(-code).name}"
            except ValueError:
                how = f"it was ended by signal {-code}"
        else:
            how = f"it ended with exit code {code}"
        return how, next((line for line in reversed(self._tail) if line), "")[:300]

    # The threads

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


def _stream(stream: IO[bytes] | None) -> Any:
    assert stream is not None
    return stream
