"""Cancelling: one token for a job, which also wakes blocked sockets."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from registrykit.errors import Cancelled


class CancelToken:
    """Say once that a job shall end; every thread of the job looks here.

    Sockets that are registered are shut down by `cancel`, so that a read which is blocked in
    another thread ends within a millisecond instead of at its time-out.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        """Set the token and shut every registered socket down; safe from any thread."""
        self._event.set()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise `Cancelled` if the token is set."""
        if self._event.is_set():
            raise Cancelled("Cancelled.")

    def wait(self, seconds: float) -> None:
        """Sleep, but end at once with `Cancelled` when the token is set."""
        if self._event.wait(seconds):
            raise Cancelled("Cancelled.")

    def register(self, sock: socket.socket) -> None:
        """Shut `sock` down on cancel; a token that is set already does so at once."""
        with self._lock:
            self._sockets.add(sock)
        if self._event.is_set():
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def forget(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(sock)
