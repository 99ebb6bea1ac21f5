"""Work beside the window: where it runs, who hears of it, and who no longer does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Qt, QThread
from pytestqt.qtbot import QtBot

from desktop.ui.tasks import Latest, Tasks


@pytest.fixture
def tasks(troubles: list[Exception]) -> Iterator[Tasks]:
    made = Tasks(troubles.append, work=2, ask=1)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def owner() -> QObject:
    return QObject()


def test_work_runs_elsewhere_and_its_result_arrives_here(
    qtbot: QtBot, tasks: Tasks, owner: QObject
) -> None:
    arrived: list[tuple[str, str, bool]] = []

    def done(worked: str) -> None:
        here = QThread.currentThread() == owner.thread()
        arrived.append((worked, threading.current_thread().name, here))

    tasks.run(owner, lambda: threading.current_thread().name, done)
    tasks.ask(owner, lambda: threading.current_thread().name, done)
    qtbot.waitUntil(lambda: len(arrived) == 2)
    main = threading.main_thread().name
    assert sorted(arrived) == [("ask-1", main, True), ("work-1", main, True)]


def test_an_error_goes_to_who_wants_it_else_to_everybody(
    qtbot: QtBot, tasks: Tasks, owner: QObject, troubles: list[Exception]
) -> None:
    wanted: list[Exception] = []
    tasks.run(owner, lambda: 1 // 0, failed=wanted.append)
    qtbot.waitUntil(lambda: len(wanted) == 1)
    assert troubles == []
    tasks.run(owner, lambda: 1 // 0)
    qtbot.waitUntil(lambda: len(troubles) == 1)
    assert isinstance(troubles.pop(), ZeroDivisionError)


def test_a_question_does_not_wait_behind_work(qtbot: QtBot, tasks: Tasks, owner: QObject) -> None:
    go, arrived = threading.Event(), list[str]()
    for _ in range(5):
        tasks.run(owner, go.wait, lambda _: arrived.append("work"))
    tasks.ask(owner, lambda: "answer", arrived.append)
    qtbot.waitUntil(lambda: arrived == ["answer"])
    go.set()
    qtbot.waitUntil(lambda: len(arrived) == 6)


def test_who_is_gone_or_dropped_its_task_hears_nothing(
    qtbot: QtBot, tasks: Tasks, owner: QObject
) -> None:
    go, arrived = threading.Event(), list[str]()
    gone = QObject()
    tasks.run(gone, go.wait, lambda _: arrived.append("gone"))
    dropped = tasks.run(owner, go.wait, lambda _: arrived.append("dropped"))
    gone.deleteLater()
    dropped.drop()
    qtbot.waitSignal(gone.destroyed, timeout=1000, raising=False).wait()
    go.set()
    tasks.run(owner, lambda: None, lambda _: arrived.append("kept"))
    qtbot.waitUntil(lambda: arrived == ["kept"])


def test_a_dropped_task_that_has_not_begun_never_begins(
    qtbot: QtBot, tasks: Tasks, owner: QObject
) -> None:
    go, begun = threading.Event(), list[str]()
    tasks.ask(owner, go.wait, lambda _: None)
    tasks.ask(owner, lambda: begun.append("dropped"), lambda _: None).drop()
    over: list[None] = []
    tasks.ask(owner, lambda: None, over.append)
    go.set()
    qtbot.waitUntil(lambda: over == [None])
    assert begun == []


def test_only_the_newest_of_several_is_delivered(
    qtbot: QtBot, tasks: Tasks, owner: QObject
) -> None:
    latest, arrived, go = Latest(), list[int](), threading.Event()

    def slow(number: int) -> int:
        go.wait(10)
        return number

    for number in range(5):
        latest.of(tasks.ask(owner, lambda number=number: slow(number), arrived.append))  # type: ignore[misc]
    go.set()
    qtbot.waitUntil(lambda: arrived == [4])


def test_a_stream_arrives_piece_by_piece_and_in_order(
    qtbot: QtBot, tasks: Tasks, owner: QObject
) -> None:
    arrived: list[int] = []
    over: list[bool] = []
    next_one = threading.Semaphore(0)

    def work() -> Iterator[int]:
        for number in range(4):
            next_one.acquire(timeout=10)
            yield number

    tasks.stream(owner, work, arrived.append, lambda: over.append(True))
    for number in range(4):
        assert over == []
        next_one.release()
        qtbot.waitUntil(lambda number=number: arrived == list(range(number + 1)))  # type: ignore[misc]
    qtbot.waitUntil(lambda: over == [True])


def test_a_stream_that_nobody_wants_ends(qtbot: QtBot, tasks: Tasks, owner: QObject) -> None:
    ended = threading.Event()
    arrived: list[int] = []

    def work() -> Iterator[int]:
        try:
            number = 0
            while True:
                number += 1
                yield number
        finally:
            ended.set()

    task = tasks.stream(owner, work, arrived.append, lambda: None)
    qtbot.waitUntil(lambda: len(arrived) > 0)
    task.drop()
    assert ended.wait(10)
    counted = len(arrived)
    tasks.run(owner, lambda: None, lambda _: arrived.append(0))
    qtbot.waitUntil(lambda: arrived[-1:] == [0])
    assert len(arrived) == counted + 1


def test_what_is_closed_takes_no_more_work(tasks: Tasks, owner: QObject) -> None:
    tasks.close()
    tasks.run(owner, lambda: pytest.fail("it ran"))


def test_nothing_is_sent_to_a_window_that_has_ended(tasks: Tasks, owner: QObject) -> None:
    """Qt may be gone by then: sending would crash the program."""
    begun, go_on = threading.Event(), threading.Event()
    sent: list[object] = []
    tasks._arrived.connect(sent.append, Qt.ConnectionType.DirectConnection)
    workers: list[threading.Thread] = []

    def work() -> None:
        workers.append(threading.current_thread())
        begun.set()
        go_on.wait(10)

    tasks.run(owner, work, lambda _none: pytest.fail("it was told"))
    assert begun.wait(10)
    tasks.close()
    go_on.set()
    workers[0].join(10)
    assert not workers[0].is_alive()
    assert sent == []
