"""Which jobs share a worker process, and which never do."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.engine import workers as module
from desktop.engine.calls import Job, Traffic
from desktop.engine.workers import Worker, Workers
from registrykit.errors import Cancelled, NotFound
from registrykit.sync import NothingStored

# A type whose process notes who it is; what it leaves behind is up to its configuration.
WORKER = """
import contextlib, sys, threading, time
from typing import Annotated
import registrykit.plugins, registrykit.worker
from registrykit import Check, Complete, NotFound, RegistryConfig, RegistryType, Ui

class Config(RegistryConfig):
    token: Annotated[str, Ui("Token")] = ""
    leaves: Annotated[str, Ui("What it leaves behind")] = ""

LEFT = []

class Type(RegistryType[Config]):
    id = "acme"
    title = "Acme"
    Config = Config

    def endpoint(self, config):
        return "https://acme.example"

    def elsewhere(self, environ):
        return ()

    def check(self, ctx):
        yield Check("sign-in", "ok")

    def sync(self, ctx):
        if ctx.config.leaves == "a thread":
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        elif ctx.config.leaves == "memory":
            LEFT.append(bytearray(200_000_000))
        elif ctx.config.leaves == "open files":
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
            with contextlib.suppress(OSError):
                while True:
                    LEFT.append(open(__file__))
        elif ctx.config.leaves == "an error":
            raise NotFound("It is not there.")
        elif ctx.config.leaves == "nothing yet":
            ctx.cancel.wait(60)
        yield Complete("")

registrykit.plugins.load_types = lambda name: [Type()]
registrykit.worker.main()
"""


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    made = Workers([sys.executable, str(script)])
    yield made
    made.close()


def job(token: str = "one", leaves: str = "", **changed: str) -> Job:
    given = {"distribution": "acme", "version": "1.0", "type_id": "acme", **changed}
    return Job(**given, config={"token": token, "leaves": leaves})  # type: ignore[arg-type]


def check(worker: Worker, todo: Job) -> None:
    assert [stage.verdict for stage in worker.check(todo)] == ["ok"]


def sync(worker: Worker, todo: Job) -> None:
    list(worker.sync(todo, NothingStored(), Traffic()))


def done(workers: Workers, todo: Job, act: Callable[[Worker, Job], None] = check) -> int:
    """Do a job, and return the id of the process that did it."""
    with workers.start("acme 1.0", todo) as worker:
        act(worker, todo)
        return worker.pid


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_jobs_of_one_registry_share_a_process(workers: Workers) -> None:
    first = done(workers, job())
    assert done(workers, job(), sync) == first
    assert done(workers, job()) == first
    workers.close()
    assert ended(first)
    assert done(workers, job()) != first


@pytest.mark.parametrize(
    "other",
    [job("two"), job(version="1.1"), job(distribution="acme-plus"), job(type_id="other")],
    ids=["secret", "version", "plugin", "type"],
)
def test_another_registry_never_gets_it(workers: Workers, other: Job) -> None:
    first = done(workers, job())
    with workers.start("acme", other) as worker:
        assert worker.pid != first
    assert done(workers, job()) == first


def test_one_that_only_loaded_the_plugin_takes_any_registry_of_it_but_only_one(
    workers: Workers,
) -> None:
    def describe(worker: Worker, todo: Job) -> None:
        assert [kind.id for kind in worker.describe("acme", seconds=20)] == ["acme"]

    first = done(workers, Job("acme", "1.0", "", {}), describe)
    assert done(workers, job("one")) == first
    assert done(workers, job("two")) != first
    assert done(workers, job("one")) == first


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only there can it be seen")


@pytest.mark.parametrize(
    "leaves",
    ["a thread", pytest.param("memory", marks=LINUX), pytest.param("open files", marks=LINUX)],
)
def test_what_left_something_behind_ends(workers: Workers, leaves: str) -> None:
    assert ended(done(workers, job(leaves=leaves), sync))


def test_what_failed_ends(workers: Workers) -> None:
    todo = job(leaves="an error")
    with workers.start("acme 1.0", todo) as worker, pytest.raises(NotFound):
        sync(worker, todo)
    assert ended(worker.pid)


def test_what_was_asked_without_a_job_ends(workers: Workers) -> None:
    first = done(workers, job())
    with workers.start("acme 1.0") as worker:
        assert list(worker.elsewhere("acme", "acme", {}, seconds=20)) == []
        assert worker.pid != first
    assert ended(worker.pid)


def test_a_job_that_was_given_up_ends_its_process(workers: Workers) -> None:
    todo = job()
    with workers.start("acme 1.0", todo) as worker:
        next(worker.check(todo))
    assert ended(worker.pid)


def test_a_cancel_that_comes_late_does_not_meet_the_next_job(workers: Workers) -> None:
    with workers.start("acme 1.0", job()) as earlier:
        check(earlier, job())
    with workers.start("acme 1.0", job()) as worker:
        assert worker.pid == earlier.pid
        earlier.cancel()
        earlier.close()
        check(worker, job())
        sync(worker, job())


def test_a_cancelled_job_ends_its_process(workers: Workers) -> None:
    todo = job(leaves="nothing yet")
    with workers.start("acme 1.0", todo) as worker:
        threading.Timer(0.5, worker.cancel).start()
        with pytest.raises(Cancelled):
            sync(worker, todo)
    assert ended(worker.pid)


def test_one_that_worked_while_the_plugins_changed_ends(workers: Workers) -> None:
    with workers.start("acme 1.0", job()) as worker:
        check(worker, job())
        workers.close()
    assert ended(worker.pid)


def test_rest_ends(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.1)
    first = done(workers, job())
    until = time.monotonic() + 20
    while not ended(first):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert done(workers, job()) != first


def test_one_that_died_while_it_rested_is_replaced(workers: Workers) -> None:
    first = done(workers, job())
    os.kill(first, 9)
    workers._resting[0].process._process.wait()
    assert done(workers, job()) != first


def test_only_so_many_rest(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RESTING", 1)
    first, second = done(workers, job("one")), done(workers, job("two"))
    assert ended(second)
    assert done(workers, job("one")) == first
