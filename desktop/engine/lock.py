"""One program for each data directory: a lock that ends with the process, and who holds it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from desktop.engine.clock import Clock, rfc3339
from registrykit.errors import RegistryError

_WAIT = 1.0
"""Somebody who only looks whether the lock is taken holds it for a moment."""


class DataInUse(RegistryError):
    """Another program has the data directory open for writing."""

    default_code = "data-in-use"
    default_remedy = "Close the other program, or choose another data directory with --data-dir."


class DataLock:
    """The lock of a data directory. It cannot be left behind: the system drops it with us."""

    def __init__(self, data_dir: Path) -> None:
        # Whoever closes the program may be another thread than the one that opened it.
        self._lock = FileLock(data_dir / "lock", timeout=_WAIT, thread_local=False)
        self._holder = data_dir / "lock.json"

    def acquire(self, clock: Clock) -> None:
        """Take the lock; raises DataInUse naming the holder."""
        try:
            self._lock.acquire()
        except Timeout:
            raise DataInUse("The data is in use by another program.", cause=self.holder()) from None
        self._holder.write_text(
            json.dumps({"pid": os.getpid(), "since": rfc3339(clock.now())}), "utf-8"
        )

    def holder(self) -> str:
        """Say who holds the lock, as far as it wrote that down."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(self._holder.read_text("utf-8"))
            return f"Registry Desktop has it open (process {found['pid']}, since {found['since']})"
        return "its holder did not say who it is"

    @property
    def taken(self) -> bool:
        """Say whether some program, this one included, holds the lock now."""
        if self._lock.is_locked:
            return True
        try:
            with self._lock.acquire(timeout=0):
                return False
        except (Timeout, OSError):
            return True

    def release(self) -> None:
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()
