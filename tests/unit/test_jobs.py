"""Jobs: one queue for each registry, several registries beside each other, and how they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from desktop.engine.bus import Bus, Event, JobChanged
from desktop.engine.jobs import Job, Jobs


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs(Bus(), at_once=3)
    yield made
    made.close()


class FakeWorker:
    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        self.cancelled.set()


def test_a_registry_has_one_job_at_a_time_and_others_run_beside_it(jobs: Jobs) -> None:
    gate, running, most = threading.Event(), set[str](), []
    lock = threading.Lock()

    def work(job: Job[str]) -> str:
        with lock:
            assert job.registry_id not in running
            running.add(job.registry_id)
            most.append(len(running))
        gate.wait(5)
        with lock:
            running.discard(job.registry_id)
        return job.registry_id

    made = [jobs.submit(name, work) for name in ("a", "a", "b", "c")]
    while len(most) < 3:
        threading.Event().wait(0.01)
    assert jobs.activity("a") == "syncing"
    gate.set()
    assert [job.future.result(5) for job in made] == ["a", "a", "b", "c"]
    assert max(most) == 3
    assert jobs.activity("a") == "idle"


def test_cancel_reaches_the_worker_and_drops_what_waits(jobs: Jobs) -> None:
    worker, attached = FakeWorker(), threading.Event()

    def work(job: Job[str]) -> str:
        job.attach(worker)  # type: ignore[arg-type]
        attached.set()
        assert worker.cancelled.wait(5)
        return "cancelled"

    first = jobs.submit("a", work)
    attached.wait(5)
    second = jobs.submit("a", work)
    jobs.cancel("a")
    assert first.future.result(5) == "cancelled"
    with pytest.raises(CancelledError):
        second.future.result(5)


def test_a_worker_that_is_attached_too_late_is_cancelled_at_once() -> None:
    worker = FakeWorker()
    job: Job[None] = Job("a", lambda _job: None)
    job.cancel()
    job.attach(worker)  # type: ignore[arg-type]
    assert worker.cancelled.is_set()


def test_restart_ends_the_old_run_before_the_new_one_begins(jobs: Jobs) -> None:
    worker, attached = FakeWorker(), threading.Event()
    order: list[str] = []

    def old(job: Job[None]) -> None:
        job.attach(worker)  # type: ignore[arg-type]
        attached.set()
        worker.cancelled.wait(5)
        order.append("old ended")

    jobs.submit("a", old)
    attached.wait(5)
    again = jobs.restart("a", lambda _job: order.append("new began"))
    again.future.result(5)
    assert order == ["old ended", "new began"]


def test_an_error_is_the_jobs_result_and_the_thread_goes_on(jobs: Jobs) -> None:
    def fail(_job: Job[None]) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        jobs.submit("a", fail).future.result(5)
    assert jobs.submit("a", lambda _job: 7).future.result(5) == 7


def test_a_listener_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus, heard = Bus(), list[Event]()

    def fail(_event: Event) -> None:
        raise ValueError("no")

    bus.subscribe(fail)
    leave = bus.subscribe(heard.append)
    bus.publish(JobChanged("a", "idle"))
    leave()
    bus.publish(JobChanged("b", "idle"))
    assert heard == [JobChanged("a", "idle")]
    assert "a listener failed" in caplog.text
