"""What the contract judges: one look at a registry type in real worker processes.

Each look is taken once for a test class and judged by many tests, so that every test can name one
clause and a type that breaks one clause fails one test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from registrykit.artifacts import Artifact, Version
from registrykit.events import Found, Note
from registrykit.frames import Logged, ToHost
from registrykit.registry import RegistryType
from registrykit.sync import Settings
from registrykit.testing.catalog import Changes, MiniCatalog
from registrykit.testing.child import PROBE, STALLED
from registrykit.testing.processes import Outcome, WorkerProcess

CANCEL_SECONDS = 2.0


@dataclass(frozen=True)
class Served:
    """A registry that runs on loopback for one test.

    `stop` ends it, so that its port refuses connections. `change` alters what it holds: something
    is added, something else goes. `expect` are the (path, version) pairs that it holds at first.
    `environ` are variables that lead `elsewhere` to what another tool knows, with its password.
    """

    config: Mapping[str, Any]
    stop: Callable[[], None]
    change: Callable[[], None] | None = None
    expect: Collection[tuple[str, str]] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What to look at, and how long to wait for one call."""

    registry_type: type[RegistryType[Any]]
    deadline: float
    has_documents: bool
    can_save: bool


@dataclass
class Inspection:
    """What the type says without a network, and what its import did."""

    served: Served
    outcome: Outcome
    notes: dict[str, Any]
    check: Outcome

    def result(self, method: str) -> Any:
        return self.notes["pure"][method].get("result")

    def error(self, method: str) -> str:
        return str(self.notes["pure"][method].get("error", ""))

    def tried(self, method: str) -> list[str]:
        return list(self.notes["pure"][method]["tried"])


@dataclass
class Synced:
    """A first synchronization and what followed in the same and in later processes."""

    served: Served
    first: Outcome
    catalog: MiniCatalog = field(default_factory=MiniCatalog)
    state: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[Artifact, Version]] = field(default_factory=list)
    details: Outcome | None = None
    saved: Outcome | None = None
    second: Outcome | None = None
    second_changes: Changes = field(default_factory=Changes)
    third: Outcome | None = None
    third_changes: Changes = field(default_factory=Changes)
    fresh: MiniCatalog | None = None

    @property
    def outcomes(self) -> list[Outcome]:
        found = (self.first, self.details, self.saved, self.second, self.third)
        return [outcome for outcome in found if outcome is not None]


@dataclass(frozen=True)
class Dead:
    """A synchronization and a check of a registry that has gone."""

    sync: Outcome
    check: Outcome


def inspect(plan: Plan, served: Served) -> Inspection:
    """Ask what needs no network, and then run the connection check."""
    values = {
        "values": json.dumps(dict(served.config)),
        "environ": json.dumps(dict(served.environ)),
    }
    with _workers(plan) as call:
        outcome = call("sync", PROBE, values)
        check = call("check", plan.registry_type.id, served.config)
    return Inspection(served, outcome, _notes(outcome), check)


def synchronize(plan: Plan, served: Served) -> Synced:
    """Synchronize, ask for documents and bytes, then synchronize again from new processes."""
    type_id, config = plan.registry_type.id, served.config
    with _workers(plan) as call:
        synced = Synced(served, call("sync", type_id, config))
        if synced.first.end != "finished":
            return synced
        synced.state = _notes(call("sync", PROBE))
        synced.catalog.apply(synced.first.events)
        found = [event for event in synced.first.events if isinstance(event, Found)]
        synced.asked = [(event.artifact, event.version) for event in found[:3]]
        if plan.has_documents and synced.asked:
            synced.details = call("details", type_id, config, items=synced.asked)
        if plan.can_save and synced.asked:
            synced.saved = call("save", type_id, config, items=synced.asked[:1])
    synced.second, synced.second_changes = _again(plan, served, synced.catalog)
    if served.change is not None and synced.second.end == "finished":
        served.change()
        synced.third, synced.third_changes = _again(plan, served, synced.catalog)
        synced.fresh = MiniCatalog()
        _again(plan, served, synced.fresh, Settings(full=True))
    return synced


def cancel(plan: Plan, served: Served) -> Outcome:
    """Synchronize against a registry that never answers, and cancel once it is waited for."""

    def waits(frame: ToHost) -> bool:
        return isinstance(frame, Logged) and frame.message == STALLED

    with _workers(plan, stalled=True) as call:
        return call(
            "sync",
            plan.registry_type.id,
            served.config,
            cancel_when=waits,
            cancel_grace=2 * CANCEL_SECONDS,
        )


def outlive(plan: Plan, served: Served) -> Dead:
    """Synchronize and check after the registry has gone."""
    served.stop()
    with _workers(plan) as call:
        synced = call("sync", plan.registry_type.id, served.config)
        return Dead(synced, call("check", plan.registry_type.id, served.config))


def _again(
    plan: Plan, served: Served, catalog: MiniCatalog, settings: Settings | None = None
) -> tuple[Outcome, Changes]:
    """Synchronize in a new process, so that nothing but the catalog remembers the last run."""
    with _workers(plan) as call:
        outcome = call(
            "sync", plan.registry_type.id, served.config, settings=settings, stored=catalog
        )
    if outcome.end != "finished":
        return outcome, Changes()
    return outcome, catalog.apply(outcome.events)


@contextmanager
def _workers(plan: Plan, *, stalled: bool = False) -> Iterator[Callable[..., Outcome]]:
    """Give `WorkerProcess.call` for one process, or a new one where the last was killed."""
    with ExitStack() as open_workers:
        workers: list[WorkerProcess] = []

        def call(method: str, type_id: str, *arguments: Any, **named: Any) -> Outcome:
            if not workers or not workers[-1].alive:
                worker = WorkerProcess.of_class(plan.registry_type, stalled=stalled)
                workers.append(open_workers.enter_context(worker))
            return workers[-1].call(
                method,
                type_id,
                *arguments,
                # What a fixture gives has today's shape; nothing of it is to be migrated.
                config_version=plan.registry_type.config_version,
                deadline=plan.deadline,
                **named,
            )

        yield call


def _notes(outcome: Outcome) -> dict[str, Any]:
    return {
        event.code: json.loads(event.message) for event in outcome.events if isinstance(event, Note)
    }
