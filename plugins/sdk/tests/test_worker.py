"""The real worker process, driven by frames."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registrykit import Artifact, Complete, Document, Found, Known, Note, Progress, Version
from registrykit.description import describe
from registrykit.elsewhere import KnownElsewhere
from registrykit.frames import (
    CHUNK,
    MAX_EVENTS,
    MAX_MEMORY,
    PROTOCOL,
    WINDOW,
    Ack,
    AskMemory,
    Batch,
    Bytes,
    Call,
    Cancel,
    Failed,
    Listed,
    Logged,
    Ready,
    ToHost,
    Traffic,
)
from registrykit.sync import Settings
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.child import load_class
from registrykit.testing.processes import Outcome, WorkerProcess

FILE = Path(__file__).parent / "registries" / "talkative.py"
Talkative = load_class("talkative", str(FILE), "Talkative")


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess.of_class(Talkative) as process:
        yield process


def sync(worker: WorkerProcess, act: str, number: int = 3, **named: Any) -> Outcome:
    config = {"act": act, "number": number}
    return worker.call("sync", "talkative", config, config_version=3, **named)


def notes(outcome: Outcome) -> dict[str, str]:
    return {event.code: event.message for event in outcome.events if isinstance(event, Note)}


def test_it_says_its_protocol_first_and_then_waits(worker: WorkerProcess) -> None:
    assert worker.receive() == Ready(PROTOCOL)
    assert worker.receive(0.2) == "timed-out"


def test_it_describes_its_types(worker: WorkerProcess) -> None:
    outcome = worker.call("describe")
    assert outcome.types[0] == describe(Talkative())


def test_events_arrive_in_order_and_calls_follow_each_other(worker: WorkerProcess) -> None:
    for _ in range(2):
        outcome = sync(worker, "list", 2500)
        assert outcome.end == "finished", outcome.told
        found = [event for event in outcome.events if isinstance(event, Found)]
        assert [event.version.version for event in found] == [f"{n}.0.0" for n in range(2500)]
        assert [event.artifact.path for event in found[:3]] == ["even", "odd", "even"]
        assert outcome.events[-1] == Complete("", memory={"number": 2500})
        assert outcome.traffic == Traffic(0, 0)


def test_a_batch_holds_its_artifacts_once_and_no_more_events_than_allowed(
    worker: WorkerProcess,
) -> None:
    config = {"act": "list", "number": 1500}
    frames = worker.unanswered("sync", "talkative", config, config_version=3, seconds=0.5)
    sent = [frame for frame in frames if isinstance(frame, Batch)]
    assert [len(batch.rows) for batch in sent] == [MAX_EVENTS, 501]
    assert [artifact.path for artifact in sent[0].artifacts] == ["even", "odd"]
    assert {row.artifact for row in sent[0].rows if isinstance(row, Listed)} == {0, 1}


def test_each_acknowledgement_lets_one_batch_through(worker: WorkerProcess) -> None:
    config = {"act": "list", "number": 10_000}

    def waiting() -> int:
        count = 0
        while not isinstance(frame := worker.receive(0.5), str):
            count += isinstance(frame, Batch)
        return count

    worker.send(Call("sync", type_id="talkative", config=config, config_version=3))
    assert waiting() == WINDOW
    worker.send(Ack())
    assert waiting() == 1
    worker.send(Ack())
    worker.send(Ack())
    assert waiting() == 2


def test_progress_is_seen_while_the_call_runs(worker: WorkerProcess) -> None:
    outcome = sync(worker, "linger", cancel_when=lambda frame: isinstance(frame, Batch))
    assert any(isinstance(event, Progress) for event in outcome.events)


def test_cancel_ends_the_call_and_the_generator_cleans_up(worker: WorkerProcess) -> None:
    outcome = sync(worker, "linger", cancel_when=lambda frame: isinstance(frame, Batch))
    assert outcome.end == "failed", outcome.told
    assert outcome.failure is not None
    assert outcome.failure.kind == "cancelled"
    assert [line.message for line in outcome.log] == ["cleaned up"]


def test_cancel_is_not_held_up_by_a_host_that_is_behind(worker: WorkerProcess) -> None:
    """The worker waits for an acknowledgement that never comes, and is cancelled meanwhile."""
    config = {"act": "list", "number": 50_000}
    worker.unanswered("sync", "talkative", config, config_version=3, seconds=0.5)
    worker.send(Cancel())
    frames: list[ToHost] = []
    while not isinstance(frame := worker.receive(4.0), (str, Failed)):
        assert not isinstance(frame, Exception)
        frames.append(frame)
    assert isinstance(frame, Failed), frame
    assert frame.kind == "cancelled"


def test_what_is_stored_is_asked_of_the_host(worker: WorkerProcess) -> None:
    catalog = MiniCatalog()
    artifacts = [Artifact("package", "a/b"), Artifact("package", "other")]
    found = [Found(one, Version(f"{n}")) for one in artifacts for n in range(2500)]
    catalog.apply([*found, Complete(""), Complete("a", memory={"etag": "x"})])
    outcome = sync(worker, "ask", stored=catalog, settings=Settings(completed=("b",)))
    told = notes(outcome)
    assert len(json.loads(told["known"])) == 2500
    assert json.loads(told["memory"]) == {"etag": "x"}
    assert json.loads(told["completed"]) == [False, True]
    assert told["policy"] == "latest"


def test_a_full_run_is_told_no_memory(worker: WorkerProcess) -> None:
    asked: list[ToHost] = []
    catalog = MiniCatalog()
    catalog.memories["a"] = {"etag": "x"}

    def watch(frame: ToHost) -> bool:
        if isinstance(frame, AskMemory):
            asked.append(frame)
        return False

    full = Settings(full=True, documents="all")
    outcome = sync(worker, "ask", stored=catalog, settings=full, cancel_when=watch)
    told = notes(outcome)
    assert (told["memory"], told["policy"]) == ("{}", "all")
    assert asked == []


def test_the_plugin_logs_to_the_host(worker: WorkerProcess) -> None:
    outcome = sync(worker, "log")
    assert outcome.log == [
        Logged(logging.WARNING, "1 lines"),
        Logged(logging.ERROR, "x" * 2000),
    ]


def test_an_error_arrives_with_all_its_parts(worker: WorkerProcess) -> None:
    failure = sync(worker, "fail").failure
    assert failure is not None
    assert (failure.kind, failure.code, failure.message) == ("throttled", "slow", "Slow down.")
    assert (failure.cause, failure.remedy, failure.retry_after) == ("too much", "Wait.", 7.0)


def test_what_was_complete_before_an_error_arrives(worker: WorkerProcess) -> None:
    outcome = sync(worker, "break_off")
    assert outcome.failure is not None
    assert outcome.failure.kind == "unreachable"
    assert [type(event) for event in outcome.events] == [Found, Complete]


def test_a_completed_prefix_is_sent_while_a_slow_crawl_goes_on(worker: WorkerProcess) -> None:
    outcome = sync(worker, "crawl", cancel_when=lambda frame: isinstance(frame, Batch))
    assert outcome.failure is not None
    assert outcome.failure.kind == "cancelled"
    assert Complete("r0") in outcome.events


def test_old_values_are_migrated_in_the_worker(worker: WorkerProcess) -> None:
    values = {"action": "list"}
    outcome = worker.call("sync", "talkative", values, config_version=2)
    assert sum(isinstance(event, Found) for event in outcome.events) == 2


def test_a_refused_configuration_does_not_show_what_was_entered(worker: WorkerProcess) -> None:
    config = {"act": "list", "number": "canary-secret", "token": ["canary-secret"]}
    outcome = worker.call("sync", "talkative", config, config_version=3)
    assert outcome.failure is not None
    assert outcome.failure.kind == "bad-config"
    assert "number" in outcome.failure.cause
    assert "token" in outcome.failure.cause
    assert "canary" not in repr(outcome)


def test_memory_may_be_as_large_as_promised(worker: WorkerProcess) -> None:
    assert sync(worker, "remember", MAX_MEMORY - 1000).end == "finished"
    failure = sync(worker, "remember", MAX_MEMORY).failure
    assert failure is not None
    assert failure.code == "memory-too-large"


def test_a_check_reports_its_stages(worker: WorkerProcess) -> None:
    outcome = worker.call("check", "talkative", config_version=3)
    assert [(check.stage, check.verdict) for check in outcome.checks] == [
        ("first", "ok"),
        ("second", "warning"),
    ]
    assert outcome.checks[1].seconds == 0.5


def elsewhere(worker: WorkerProcess, **environ: str) -> Outcome:
    return worker.call("elsewhere", "talkative", environ=environ)


def test_what_is_known_elsewhere_arrives(worker: WorkerProcess) -> None:
    outcome = elsewhere(worker, TALKATIVE="two")
    assert outcome.end == "finished", outcome.told
    one, two = outcome.known
    assert one == KnownElsewhere(
        "Rumor", "~/rumors", "one", {"number": 7}, {"token": "canary-token"}
    )
    assert two.name == "two"
    assert "canary" not in repr(outcome)


def test_a_type_sees_what_it_is_told_and_not_the_environment(worker: WorkerProcess) -> None:
    outcome = elsewhere(worker, OTHER="x")
    assert outcome.known[1].name == "OTHER"


def test_an_error_keeps_what_was_found_elsewhere_before_it(worker: WorkerProcess) -> None:
    outcome = elsewhere(worker, TALKATIVE="fail")
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.cause) == ("not-found", "404")
    assert len(outcome.known) == 1


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("dict", "elsewhere() yielded dict, expected KnownElsewhere"),
        ("large", "8 MiB at once"),
    ],
)
def test_what_is_no_registry_is_a_fault_of_the_plugin(
    worker: WorkerProcess, act: str, said: str
) -> None:
    outcome = elsewhere(worker, TALKATIVE=act)
    assert outcome.failure is not None
    assert outcome.failure.kind == "plugin-fault"
    assert said in outcome.told
    assert len(outcome.known) == 1


@pytest.mark.parametrize("act", ["float", "nested"])
def test_values_that_no_form_has_are_refused_on_arrival(worker: WorkerProcess, act: str) -> None:
    outcome = elsewhere(worker, TALKATIVE=act)
    assert outcome.end == "garbage"
    assert outcome.wrong_type


def test_documents_come_for_each_version_or_are_missing(worker: WorkerProcess) -> None:
    asked = [(Artifact("package", path), Version("1")) for path in ("a", "missing", "b")]
    outcome = worker.call("details", "talkative", config_version=3, items=asked)
    assert outcome.end == "finished", outcome.told
    documents = [event for event in outcome.events if isinstance(event, Document)]
    assert [(one.ref.path, one.name) for one in documents] == [
        ("a", "readme"),
        ("a", "values"),
        ("b", "readme"),
        ("b", "values"),
    ]
    assert outcome.fetched == [0, 2]
    assert [(one.index, one.reason, one.code) for one in outcome.missing] == [
        (1, "There is no file. (404)", "not-found")
    ]


def test_what_is_saved_comes_in_pieces(worker: WorkerProcess) -> None:
    config = {"number": 700}
    items = [(Artifact("package", "a"), Version("1"))]
    pieces: list[int] = []

    def measure(frame: ToHost) -> bool:
        if isinstance(frame, Bytes):
            pieces.append(len(frame.content))
        return False

    outcome = worker.call(
        "save", "talkative", config, config_version=3, items=items, cancel_when=measure
    )
    assert outcome.name == "a.bin"
    assert outcome.content == b"".join(bytes([n % 256]) * 1000 for n in range(700))
    assert pieces == [CHUNK, CHUNK, 700_000 - 2 * CHUNK]


def test_standard_input_is_empty_for_the_plugin(worker: WorkerProcess) -> None:
    assert notes(sync(worker, "read_input")) == {"input": "''"}


@pytest.mark.parametrize(
    ("method", "type_id", "said"),
    [("sync", "another", "no type 'another'"), ("dance", "talkative", "no method 'dance'")],
)
def test_what_is_not_there_cannot_be_called(
    worker: WorkerProcess, method: str, type_id: str, said: str
) -> None:
    failure = worker.call(method, type_id, config_version=3).failure
    assert failure is not None
    assert failure.kind == "plugin-fault"
    assert said in failure.message


def test_a_worker_whose_host_is_gone_ends_whatever_it_does(worker: WorkerProcess) -> None:
    config = {"act": "hang"}
    worker.send(Call("sync", type_id="talkative", config=config, config_version=3))
    while not isinstance(worker.receive(), Logged):
        assert worker.alive
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(10) == 0


def test_known_rows_keep_their_fields(worker: WorkerProcess) -> None:
    catalog = MiniCatalog()
    version = Version("1", tag="t", digest="sha256:" + "0" * 64)
    catalog.apply([Found(Artifact("package", "a"), version), Complete("")])
    assert list(catalog.known("a")) == [Known("a", "1", "t", version.digest)]
    assert json.loads(notes(sync(worker, "ask", stored=catalog))["known"]) == [["a", "1"]]
