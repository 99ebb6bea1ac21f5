"""How the contract speaks: which clause an outcome breaks, and a failure in plain words."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from registrykit.testing.observing import Inspection, Synced
from registrykit.testing.processes import Outcome


def broken(message: str, remedy: str) -> NoReturn:
    """Fail the test with what is wrong and what the author can change; without a traceback."""
    pytest.fail(f"{message}\n  What to change: {remedy}", pytrace=False)


def unjudged(reason: str) -> NoReturn:
    """Skip the test: what it judges never happened, and another test says why."""
    pytest.skip(reason)


def clause_of(outcome: Outcome) -> str:
    """Return the name of the test that a synchronization which did not finish has to fail."""
    code = outcome.failure.code if outcome.failure else ""
    cause = outcome.failure.cause if outcome.failure else ""
    message = outcome.failure.message if outcome.failure else ""
    if outcome.end == "finished":
        return ""
    if outcome.end == "garbage":
        wrong = "test_sync_yields_events_only"
        return wrong if outcome.wrong_type else "test_output_stays_off_the_wire"
    if code == "memory-too-large":
        return "test_memory_is_small"
    if code == "too-much-at-once":
        return "test_events_are_small"
    if cause.startswith("sync() yielded") or "cannot be sent" in message:
        return "test_sync_yields_events_only"
    return "test_sync_finishes"


def judge(synced: Synced, clause: str = "", remedy: str = "") -> None:
    """Return if the first synchronization finished; else fail the clause at fault, skip others."""
    culprit = clause_of(synced.first)
    if not culprit:
        return
    if culprit == clause:
        broken(f"The first synchronization did not finish. {synced.first.told}", remedy)
    else:
        unjudged(f"The first synchronization did not finish: see {culprit}.")


def pure(inspection: Inspection, method: str, remedy: str) -> Any:
    """Return what a pure method gave; fail where it raised on its own account."""
    if inspection.outcome.end != "finished" or "pure" not in inspection.notes:
        broken(
            f"The pure methods could not be called. {inspection.outcome.told}",
            "Let the type be made without arguments, let the configuration that the fixture "
            "`registry` gives be valid, and let no pure method end the process.",
        )
    if inspection.tried(method):
        unjudged(f"{method}() uses the network: see test_pure_methods_need_no_network.")
    if error := inspection.error(method):
        broken(f"{method}() raised {error}.", remedy)
    return inspection.result(method)
