"""Each specimen in a real worker: the call ends, the process dies or can be killed, and the host
refuses what is not of the protocol. Nothing is worse than one lost job.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.events import Complete, Found
from registrykit.frames import Batch, Logged
from registrykit.testing.processes import Outcome, WorkerProcess

if TYPE_CHECKING:
    from tests.hostile.conftest import Install

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="exit codes are POSIX signals")


def describe(hostile: Install, name: str, deadline: float = 10.0) -> Outcome:
    home = hostile(name)
    with WorkerProcess.of_distribution(home.distributions[0], home.python) as worker:
        outcome = worker.call("describe", deadline=deadline)
    assert not worker.alive
    return outcome


def run(hostile: Install, site: Any, name: str, method: str = "sync", **named: Any) -> Outcome:
    home = hostile(name)
    with WorkerProcess.of_distribution(home.distributions[0], home.python) as worker:
        outcome = worker.call(method, home.distributions[0], site.config, **named)
    assert not worker.alive
    return outcome


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("raises_on_import", "RuntimeError"),
        ("syntax_error", "SyntaxError"),
        ("misses_a_module", "ModuleNotFoundError"),
        ("exits_on_import", "SystemExit"),
        ("returns_text", "TypeError"),
        ("unknown_hook", "PluginValidationError"),
        ("raises_in_hook", "Outrage"),
        ("unknown_field", "TypeError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_a_fault(hostile: Install, name: str, error: str) -> None:
    outcome = describe(hostile, name)
    assert outcome.end == "failed", outcome.told
    assert outcome.failure is not None
    assert outcome.failure.kind == "plugin-fault"
    assert outcome.failure.message == f"The plugin failed with {error}."
    assert outcome.failure.remedy


def test_the_field_that_cannot_be_shown_is_named(hostile: Install) -> None:
    failure = describe(hostile, "unknown_field").failure
    assert failure is not None
    assert "'ratio'" in failure.cause


@needs_signals
@pytest.mark.parametrize(
    ("name", "returncode"), [("dies_on_import", 3), ("segfaults_on_import", -11)]
)
def test_a_plugin_that_ends_the_process_ends_only_that(
    hostile: Install, name: str, returncode: int
) -> None:
    outcome = describe(hostile, name)
    assert (outcome.end, outcome.returncode) == ("died", returncode)


def test_an_import_that_never_ends_can_be_killed(hostile: Install) -> None:
    outcome = describe(hostile, "hangs_on_import", deadline=1.0)
    assert outcome.end == "timed-out"
    assert outcome.returncode is not None


def test_a_first_party_id_is_for_the_host_to_refuse(hostile: Install) -> None:
    """The worker knows one distribution only; it says plainly what that registers."""
    assert [kind.id for kind in describe(hostile, "takes_an_id").types] == ["helm"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("exits_in_sync", "plugin-fault", "SystemExit"),
        ("raises_in_sync", "plugin-fault", "failed with"),
        ("yields_dict", "plugin-fault", "TypeError"),
        ("raises_after_complete", "plugin-fault", "RuntimeError"),
        ("unsendable_fact", "plugin-fault", "cannot be sent"),
        ("giant_event", "too-much-at-once", "8 MiB at once"),
        ("remembers_everything", "memory-too-large", "wants to remember"),
        pytest.param(
            "eats_memory",
            "out-of-memory",
            "ran out of memory",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's"),
        ),
    ],
)
def test_a_sync_that_breaks_the_rules_is_a_fault(
    hostile: Install, site: Any, name: str, code: str, said: str
) -> None:
    outcome = run(hostile, site, name)
    assert outcome.end == "failed", outcome.told
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.code) == ("plugin-fault", code)
    assert said in outcome.failure.message


@needs_signals
@pytest.mark.parametrize(
    ("name", "returncodes"),
    [
        ("dies_in_sync", {7}),
        ("segfaults_in_sync", {-11}),
        ("interrupts_in_sync", {1, -2, 130}),
    ],
)
def test_a_sync_that_ends_the_process_ends_only_that(
    hostile: Install, site: Any, name: str, returncodes: set[int]
) -> None:
    outcome = run(hostile, site, name)
    assert outcome.end == "died"
    assert outcome.returncode in returncodes


@pytest.mark.parametrize(
    ("name", "wrong_type"), [("wrong_fields", True), ("writes_to_the_pipe", False)]
)
def test_garbage_is_refused_by_the_host(
    hostile: Install, site: Any, name: str, wrong_type: bool
) -> None:
    outcome = run(hostile, site, name)
    assert outcome.end == "garbage"
    assert outcome.fault is not None
    assert outcome.fault.code == "garbage"
    assert outcome.wrong_type == wrong_type


@pytest.mark.parametrize("name", ["hangs_in_sync", "spins_in_sync"])
def test_a_sync_that_ignores_cancel_can_be_killed(hostile: Install, site: Any, name: str) -> None:
    outcome = run(
        hostile,
        site,
        name,
        cancel_when=lambda frame: isinstance(frame, Logged),
        cancel_grace=1.0,
    )
    assert outcome.cancelled_after is not None
    assert outcome.end == "timed-out"
    assert outcome.returncode is not None


def test_a_flood_is_cancelled_at_any_moment(hostile: Install, site: Any) -> None:
    outcome = run(hostile, site, "floods", cancel_when=lambda frame: isinstance(frame, Batch))
    assert outcome.end == "failed", outcome.told
    assert outcome.failure is not None
    assert outcome.failure.kind == "cancelled"
    assert all(isinstance(event, Found) for event in outcome.events)


def test_a_flood_waits_for_the_host(hostile: Install, site: Any) -> None:
    """A host that does not acknowledge is sent a window of batches, and no more."""
    home = hostile("floods")
    with WorkerProcess.of_distribution(home.distributions[0], home.python) as worker:
        frames = worker.unanswered("sync", home.distributions[0], site.config, seconds=2.0)
    assert sum(isinstance(frame, Batch) for frame in frames) == 4


def test_a_flood_of_log_lines_can_be_killed(hostile: Install, site: Any) -> None:
    seen = 0

    def many(frame: object) -> bool:
        nonlocal seen
        seen += isinstance(frame, Logged)
        return seen > 100

    outcome = run(hostile, site, "floods_the_log", cancel_when=many, cancel_grace=1.0)
    assert outcome.end == "timed-out"
    assert len(outcome.log) <= 1000


@pytest.mark.parametrize("name", ["prints", "closes_output", "leaves_threads", "moves_house"])
def test_what_a_plugin_does_to_its_process_does_not_reach_the_wire(
    hostile: Install, site: Any, name: str
) -> None:
    outcome = run(hostile, site, name)
    assert outcome.end == "finished", outcome.told
    assert sum(isinstance(event, Found) for event in outcome.events) == 3
    assert any(isinstance(event, Complete) for event in outcome.events)


def test_a_control_that_keeps_the_contract_finishes(hostile: Install, site: Any) -> None:
    outcome = run(hostile, site, "sound")
    assert outcome.end == "finished", outcome.told
    assert sum(isinstance(event, Found) for event in outcome.events) == 3
    assert [asked.path for asked in site.log] == ["/listing.json"]
