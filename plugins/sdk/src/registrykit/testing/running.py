"""Running a registry type in a test, in-process, with the checks that the worker and host make.

run = collect(AcmeRegistry(), {"endpoint": server.url})
assert [found.version.version for found in run.found] == ["1.0.0"]

catalog = MiniCatalog()
catalog.apply(run.events)
again = collect(AcmeRegistry(), {"endpoint": server.url}, stored=catalog)
assert catalog.apply(again.events).nothing
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from registrykit.artifacts import Artifact, Version, lies_under
from registrykit.cancel import CancelToken
from registrykit.errors import RegistryError
from registrykit.events import Check, Document, Found, Known, SyncEvent
from registrykit.frames import MAX_EVENTS, Batch, Checked, batches, pack, read_to_host, unbatch
from registrykit.registry import RegistryConfig, RegistryType
from registrykit.sync import Settings, Stored, open_context
from registrykit.testing.catalog import Changes, Key, MiniCatalog
from registrykit.yielded import check_event, closing_events

__all__ = [
    "Changes",
    "Key",
    "MiniCatalog",
    "Run",
    "collect",
    "collect_bytes",
    "collect_checks",
    "collect_documents",
]

Connect = Callable[[str, int], socket.socket]
C = TypeVar("C", bound=RegistryConfig)


@dataclass(frozen=True)
class Run:
    """What a synchronization yielded, and what it cost."""

    events: tuple[SyncEvent, ...]
    requests: int
    bytes: int
    error: RegistryError | None = None

    @property
    def found(self) -> tuple[Found, ...]:
        return self.of(Found)

    @property
    def documents(self) -> tuple[Document, ...]:
        return self.of(Document)

    def of(self, kind: type[Event]) -> tuple[Event, ...]:
        """Return the events of one kind, in order."""
        return tuple(event for event in self.events if isinstance(event, kind))


Event = TypeVar("Event")


@dataclass(frozen=True)
class _Remembered:
    """What `collect` says is on the user's machine."""

    rows: tuple[Known, ...]
    memories: Mapping[str, dict[str, Any]]

    def known(self, prefix: str) -> Iterator[Known]:
        return (row for row in self.rows if lies_under(row.path, prefix))

    def memory(self, prefix: str) -> dict[str, Any] | None:
        return self.memories.get(prefix)


def collect(
    registry_type: RegistryType[C],
    values: Mapping[str, Any],
    *,
    settings: Settings | None = None,
    known: Iterable[Known] = (),
    memory: Mapping[str, dict[str, Any]] | None = None,
    stored: Stored | None = None,
    cancel: CancelToken | None = None,
    connect: Connect | None = None,
    raises: bool = True,
) -> Run:
    """Run `sync` to its end and return what it yielded, as the host would read it.

    `memory` maps prefixes to what is remembered for them; `stored` (a `MiniCatalog`) takes the
    place of `known` and `memory`. A `RegistryError` is raised, or with `raises=False` is the run's
    `error` beside what came before it.
    """
    events: list[SyncEvent] = []
    error: RegistryError | None = None
    if stored is None:
        stored = _Remembered(tuple(known), memory or {})
    with open_context(
        registry_type,
        values,
        settings=settings,
        stored=stored,
        cancel=cancel,
        connect=connect,
    ) as ctx:
        try:
            yielded = registry_type.sync(ctx)
            with closing_events(yielded):
                for event in yielded:
                    check_event(event)
                    events.append(event)
                    ctx.cancel.check()
        except RegistryError as caught:
            if raises:
                raise
            error = caught
        stats = ctx.http.stats
    return Run(tuple(_over_the_wire(events)), stats.requests, stats.bytes, error)


def collect_checks(
    registry_type: RegistryType[C],
    values: Mapping[str, Any],
    *,
    settings: Settings | None = None,
    connect: Connect | None = None,
) -> tuple[Check, ...]:
    """Run the connection check and return its stages."""
    with open_context(registry_type, values, settings=settings, connect=connect) as ctx:
        checks = tuple(registry_type.check(ctx))
    for check in checks:
        _same(Checked(check))
    return checks


def collect_documents(
    registry_type: RegistryType[C],
    values: Mapping[str, Any],
    artifact: Artifact,
    version: Version,
    *,
    settings: Settings | None = None,
    connect: Connect | None = None,
) -> tuple[Document, ...]:
    """Return the documents that `details` yields for one version."""
    with open_context(registry_type, values, settings=settings, connect=connect) as ctx:
        documents = list(registry_type.details(ctx, artifact, version))
    return tuple(event for event in _over_the_wire(documents) if isinstance(event, Document))


def collect_bytes(
    registry_type: RegistryType[C],
    values: Mapping[str, Any],
    artifact: Artifact,
    version: Version,
    *,
    settings: Settings | None = None,
    connect: Connect | None = None,
) -> tuple[str, bytes]:
    """Return the file name and the content that `save` gives for one version."""
    stream = io.BytesIO()
    with open_context(registry_type, values, settings=settings, connect=connect) as ctx:
        name = registry_type.save(ctx, artifact, version, stream)
    return name, stream.getvalue()


def _over_the_wire(events: Iterable[SyncEvent]) -> Iterator[SyncEvent]:
    """Yield the events as the host decodes them, which checks the type of every field."""
    waiting = list(events)
    for start in range(0, len(waiting), MAX_EVENTS):
        for packed in batches(waiting[start : start + MAX_EVENTS]):
            frame = read_to_host(io.BytesIO(packed))
            assert isinstance(frame, Batch)
            yield from unbatch(frame)


def _same(frame: Checked) -> None:
    read_to_host(io.BytesIO(pack(frame)))
