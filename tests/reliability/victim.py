"""Synchronizes in a loop until it is killed: `victim.py DATA_DIR [broken]`.

Reads generations from standard input, one a line, forks for each, and the child synchronizes the
scripted registry at that generation; it prints its process id first. With `broken` a prefix is no
longer stored in one transaction, so that the test can show that it would notice.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlmodel  # noqa: F401  imported before the fork, so that each child starts at once

from desktop.app import build
from desktop.engine.calls import Job
from desktop.engine.sync import Parts, synchronize
from desktop.engine.workers import Workers
from desktop.store import registries as stored
from desktop.store.database import Database, Transaction
from registrykit.sync import Settings

WORKER = [sys.executable, str(Path(__file__).with_name("scripted_worker.py"))]


class _Nobody:
    def attach(self, worker: object) -> None:
        return None


def synchronize_once(data_dir: Path, generation: int, pause: int) -> None:
    app = build(
        data_dir,
        writable=True,
        environ={"REGISTRY_DESKTOP_KEYRING": "none"},
        workers=Workers(WORKER),
        safe_mode=True,
    )
    (registry,) = stored.registries(app.db)
    job = Job(
        "registrykit-scripted",
        "1.0",
        "scripted",
        {"generation": generation, "pause": pause},
        settings=Settings(documents="on-demand"),
    )
    parts = Parts(app.db, app.clock, app.bus, app.workers)
    run = synchronize(parts, registry, lambda: job, _Nobody(), accept_held=True)
    print(f"ended {run.id} {run.outcome} {run.message}", flush=True)
    app.close()


@contextmanager
def _write_without_a_transaction(self: Database) -> Iterator[Transaction]:
    with self._lock:
        assert self._writer is not None
        yield _Slow(self._writer)


class _Slow(Transaction):
    """Gives a kill the time to fall between two statements."""

    def sql(self, statement: str, parameters: Any = ()) -> Any:
        time.sleep(0.002)
        return super().sql(statement, parameters)


def main() -> None:
    data_dir, pause = Path(sys.argv[1]), 5
    if "broken" in sys.argv[2:]:
        Database.write = _write_without_a_transaction  # type: ignore[method-assign]
    assert threading.active_count() == 1
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                synchronize_once(data_dir, int(line), pause)
                os._exit(0)
            except BaseException as error:
                print(f"raised {type(error).__name__}: {error}", flush=True)
                os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("over", flush=True)


if __name__ == "__main__":
    main()
