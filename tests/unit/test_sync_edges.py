"""The edges of a synchronization: rollbacks upstream, resumed and held runs, workers that block."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.app import build
from desktop.engine import defaults
from desktop.engine.calls import Job, Traffic
from desktop.engine.workers import Workers
from desktop.store.search import search
from registrykit.artifacts import Version
from registrykit.errors import Cancelled, NotFound, Unreachable
from registrykit.events import Complete, Known, Unchanged
from registrykit.sync import NothingStored
from tests.scripted import Bench, FakeClock, found, open_bench

NO_KEYRING = {"REGISTRY_DESKTOP_KEYRING": "none"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = open_bench(tmp_path)
    yield opened
    opened.app.close()


def test_memory_does_not_vouch_for_what_a_failed_run_stored(bench: Bench) -> None:
    bench.sync(*found("x", "1.0.0"), Complete("", memory={"etag": "old"}))
    moved = Version("1.0.0", digest="sha256:bb")
    bench.sync(*found("x", moved), Complete("", memory={"etag": "new"}), Unreachable("gone"))
    row = bench.app.db.row("SELECT memory FROM memory")
    assert row is None or b"old" not in row[0]


def test_a_version_that_the_resumed_run_found_is_kept(bench: Bench) -> None:
    versions = [f"1.{minor}.0" for minor in range(10)]
    bench.sync(*found("x", *versions), Complete(""))
    bench.sync(*found("x", *versions[:9]), Complete(""), Cancelled("stop"))
    bench.sync(*found("x", *versions), Complete(""))
    assert versions[9] in bench.stored()["x"]


def test_accept_keeps_what_a_later_run_has_seen_again(bench: Bench) -> None:
    versions = [f"1.{minor}.0" for minor in range(100)]
    bench.sync(*found("x", *versions), Complete(""))
    assert bench.sync(*found("x", *versions[:50]), Complete("")).outcome == "held"
    bench.sync(*found("x", *versions), Complete(""), Unreachable("gone"))
    with suppress(NotFound):
        bench.app.accept(bench.registry)
    assert len(bench.stored()["x"]) == 100


def test_discarded_removals_are_not_applied_by_the_next_run(bench: Bench) -> None:
    versions = [f"1.{minor}.0" for minor in range(100)]
    bench.sync(*found("x", *versions), Complete("", {}, "2026-01-02T00:00:00Z"))
    older = (*found("x", *versions[:95]), Complete("", {}, "2025-01-02T00:00:00Z"))
    assert bench.sync(*older).outcome == "held"
    bench.app.discard(bench.registry)
    assert bench.sync(*older).outcome == "held"


def test_changed_keywords_are_searched(bench: Bench) -> None:
    bench.sync(*found("x", "1.0.0", keywords=("alpha",)), Complete(""))
    bench.sync(*found("x", "1.0.0", keywords=("bravo",)), Complete(""))
    assert search(bench.app.db, "bravo", [bench.registry_id]).total == 1


def test_a_number_that_no_column_holds_fails_the_run(bench: Bench) -> None:
    run = bench.sync(*found("x", Version("1.0.0", size=2**63)), Complete(""))
    assert run.outcome == "failed"


def test_unchanged_after_complete_removes_nothing(bench: Bench) -> None:
    team = found("t/a", *[f"1.{minor}.0" for minor in range(15)])
    bench.sync(*team, *found("u/b", *[f"1.{minor}.0" for minor in range(500)]), Complete(""))
    bench.sync(Complete("t"), Unchanged("t"), Unchanged("u"))
    assert "t/a" in bench.stored()


def test_a_new_default_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build(tmp_path, writable=True, clock=FakeClock(), environ=NO_KEYRING, safe_mode=True)
    app.environments.add("prod", "saas")
    before = {row.default_id: row.id for row in app.registries.visible() if row.default_id}
    app.close()
    old = defaults.shipped()
    new = replace(old[0], key="new", name="New", config={"endpoint": "https://new.example"})
    monkeypatch.setattr(defaults, "shipped", lambda: (new, *old))
    app = build(tmp_path, writable=True, clock=FakeClock(), environ=NO_KEYRING, safe_mode=True)
    after = {row.default_id: row.id for row in app.registries.visible() if row.default_id}
    app.close()
    assert {key: after.get(key) for key in before} == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_cancel_does_not_wait_for_a_worker_that_reads_nothing(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import sys, time\n"
        "from registrykit.frames import PROTOCOL, AskKnown, Ready, pack\n"
        "sys.stdout.buffer.write(pack(Ready(PROTOCOL)) + pack(AskKnown('')))\n"
        "sys.stdout.buffer.flush()\n"
        "time.sleep(60)\n"
    )

    class Full(NothingStored):
        def known(self, prefix: str) -> Iterator[Known]:
            asked.set()
            return (Known(f"p{n}", "1.0.0", "1.0.0", "sha256:" + "a" * 64) for n in range(50_000))

    asked = threading.Event()
    worker = Workers([sys.executable, "-I", str(script)]).start("hostile")
    ended: list[BaseException] = []

    def run() -> None:
        try:
            list(worker.sync(Job("p", "1", "t", {}), Full(), Traffic()))
        except BaseException as error:
            ended.append(error)

    runner = threading.Thread(target=run)
    runner.start()
    assert asked.wait(10)
    threading.Event().wait(0.5)  # until the pipe is full
    canceller = threading.Thread(target=worker.cancel)
    canceller.start()
    canceller.join(4)
    runner.join(2)
    stuck = canceller.is_alive() or runner.is_alive()
    worker._process.kill()
    canceller.join(10)
    runner.join(10)
    worker.close()
    assert not stuck
    assert isinstance(ended[0], Cancelled)


def test_what_a_worker_started_ends_with_it(tmp_path: Path) -> None:
    """A grandchild that holds the pipes open must not keep the program waiting."""
    script = tmp_path / "worker.py"
    script.write_text(
        "import subprocess, sys\n"
        "print(subprocess.Popen(['sleep', '60']).pid, file=open(sys.argv[1], 'w'), flush=True)\n"
        "import time; time.sleep(60)\n"
    )
    noted = tmp_path / "pid"
    worker = Workers([sys.executable, str(script), str(noted)]).start("test 1.0")
    while not noted.exists() or not noted.read_text().endswith("\n"):
        threading.Event().wait(0.01)
    child = Path("/proc", noted.read_text().strip(), "stat")
    closing = threading.Thread(target=worker.close, daemon=True)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()
    for _ in range(500):
        if not child.exists() or child.read_text().split(")")[1].split()[0] == "Z":
            return
        threading.Event().wait(0.01)
    pytest.fail("what the worker had started is still running")


def test_an_error_that_quotes_a_secret_is_stored_without_it(bench: Bench) -> None:
    from desktop.logs import masked

    words = "the server said: bad password hunter2-canary"
    bench.workers.next = Unreachable("No.", cause=words)
    from desktop.engine.sync import Parts, synchronize

    app = bench.app
    parts = Parts(
        app.db,
        app.clock,
        app.bus,
        app.workers,
        lambda text: masked(text, {"hunter2-canary"}),
    )
    job = Job("registrykit-scripted", "1.0", "scripted", {})

    class Nobody:
        def attach(self, worker: object) -> None:
            return None

    run = synchronize(parts, bench.registry, lambda: job, Nobody())
    assert "hunter2" not in run.cause + bench.registry.message
    assert "bad password" in run.cause


def test_a_password_does_not_follow_from_https_to_http() -> None:
    from desktop.engine.editing import stays
    from registrykit.urls import Origin

    safe, plain = Origin.of("https://h.example"), Origin.of("http://h.example")
    assert stays(frozenset({safe}), {safe})
    assert stays(frozenset({safe}), {plain})
    assert not stays(frozenset({plain}), {safe})
    assert not stays(frozenset({Origin.of("https://h.example:8443")}), {safe})
    assert not stays(frozenset({Origin.of("https://evil.example")}), {safe})
