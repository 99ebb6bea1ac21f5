"""Work beside the window: runs on another thread, and its result arrives on the window's.

Nothing that may take longer than 50 ms runs on the window's thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

T = TypeVar("T")
Failed = Callable[[Exception], None]


class Task:
    """Something that runs; `drop` makes its owner hear nothing more of it."""

    def __init__(self, owner: QObject) -> None:
        self._owner = owner
        self.dropped = False

    @property
    def wanted(self) -> bool:
        return not self.dropped and shiboken6.isValid(self._owner)

    def drop(self) -> None:
        self.dropped = True


class Tasks(QObject):
    """Two lanes of threads: short questions to the store do not wait behind the network."""

    _arrived = Signal(object)

    def __init__(self, report: Failed, *, work: int = 8, ask: int = 2) -> None:
        """`report` gets every error that nobody else wanted."""
        super().__init__()
        self._report = report
        self._closed = False
        self._sending = threading.Lock()
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._work = _Lane("work", work)
        self._ask = _Lane("ask", ask)

    def run(
        self,
        owner: QObject,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Failed | None = None,
    ) -> Task:
        """Do something that may take long; `done` or `failed` is called on the window's thread.

        Neither is called once `owner` is gone or the task was dropped.
        """
        return self._start(self._work, owner, work, done, failed)

    def ask(
        self,
        owner: QObject,
        question: Callable[[], T],
        done: Callable[[T], None],
        failed: Failed | None = None,
    ) -> Task:
        """Ask the store something that may take more than a moment."""
        return self._start(self._ask, owner, question, done, failed)

    def stream(
        self,
        owner: QObject,
        work: Callable[[], Iterator[T]],
        each: Callable[[T], None],
        done: Callable[[], None],
        failed: Failed | None = None,
    ) -> Task:
        """Iterate somewhere else; `each` is called for every element as it comes."""
        task = Task(owner)

        def iterate() -> None:
            for element in work():
                if not task.wanted:
                    return
                self._send((task, each, element))

        def end(_: object) -> None:
            done()

        self._submit(self._work, task, iterate, end, failed)
        return task

    def close(self) -> None:
        """Take no more work; what runs ends by itself, not waited for, and is told to nobody."""
        with self._sending:
            self._closed = True
        self._work.close()
        self._ask.close()

    def _start(
        self,
        lane: _Lane,
        owner: QObject,
        work: Callable[[], T],
        done: Callable[[T], None] | None,
        failed: Failed | None,
    ) -> Task:
        task = Task(owner)
        self._submit(lane, task, work, done, failed)
        return task

    def _submit(
        self,
        lane: _Lane,
        task: Task,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None,
        failed: Failed | None,
    ) -> None:
        def run() -> None:
            if not task.wanted:
                return
            try:
                result = work()
            except Exception as error:
                self._send((task, failed or self._report, error))
            else:
                if done is not None:
                    self._send((task, done, result))

        lane.put(run)

    def _send(self, parcel: tuple[Task, Callable[[Any], None], Any]) -> None:
        # Qt is gone soon after `close`: nobody may be in the middle of this by then.
        with self._sending:
            if not self._closed and shiboken6.isValid(self):
                self._arrived.emit(parcel)

    def _deliver(self, parcel: tuple[Task, Callable[[Any], None], Any]) -> None:
        task, receive, what = parcel
        # What its receiver would read next may be closed already.
        if task.wanted and not self._closed:
            receive(what)


class Latest:
    """Keeps only the newest of several tasks: what was asked before is not delivered."""

    def __init__(self) -> None:
        self._task: Task | None = None

    def of(self, task: Task) -> Task:
        self.drop()
        self._task = task
        return task

    def drop(self) -> None:
        if self._task is not None:
            self._task.drop()


class _Lane:
    """A few threads that nobody has to wait for at the end."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def put(self, run: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._queue.put(run)
            if self._queue.qsize() > self._idle and self._threads < self._most:
                self._threads += 1
                name = f"{self._name}-{self._threads}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._queue.put(None)

    def _serve(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            run = self._queue.get()
            with self._lock:
                self._idle -= 1
            if run is None:
                return
            run()
