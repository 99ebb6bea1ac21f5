"""A registry type without a network, and workers without a process, for tests of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from desktop.app import App, build
from desktop.engine.calls import Missing, Traffic
from desktop.store import registries as stored
from desktop.store.values import RegistryRow, RunRow
from registrykit import (
    Artifact,
    ArtifactKind,
    Complete,
    Document,
    Found,
    RegistryConfig,
    RegistryType,
    SyncEvent,
    Ui,
    Version,
)
from registrykit.sync import Context


class ScriptedConfig(RegistryConfig):
    generation: Annotated[int, Ui("Generation")] = 0
    pause: Annotated[int, Ui("Pause between prefixes", "In milliseconds.")] = 0


class ScriptedRegistry(RegistryType[ScriptedConfig]):
    """Holds what `content` says of its generation; every prefix is one team."""

    id = "scripted"
    title = "Scripted"
    Config = ScriptedConfig
    kinds: ClassVar = (ArtifactKind("chart", "Chart", "Charts"),)

    def endpoint(self, config: ScriptedConfig) -> str:
        return "https://scripted.example"

    def sync(self, ctx: Context[ScriptedConfig]) -> Iterator[SyncEvent]:
        for prefix, rows in content(ctx.config.generation).items():
            if ctx.completed(prefix):
                continue
            for path, versions in rows.items():
                artifact = Artifact("chart", path, description=f"from {prefix}")
                for version, digest in versions.items():
                    yield Found(artifact, Version(version, digest=digest))
            if ctx.config.pause:
                ctx.cancel.wait(ctx.config.pause / 1000)
            yield Complete(prefix, memory={"generation": ctx.config.generation})


def content(generation: int, prefixes: int = 14) -> dict[str, dict[str, dict[str, str]]]:
    """Return digests by prefix, path and version; every generation differs in every prefix."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for prefix in range(prefixes):
        team = f"team{prefix:02}"
        found[team] = {
            f"{team}/app{app}": {
                # Nine stay, of which one has other bytes; one goes and one comes.
                **{f"1.{minor}.0": f"sha256:{app:064x}" for minor in range(9)},
                "2.0.0": f"sha256:{generation:064x}",
                f"3.{generation}.0": f"sha256:{prefix:064x}",
            }
            for app in range(5)
        }
    return found


@dataclass
class ScriptedWorker:
    """Plays a worker: yields what a test wrote down."""

    events: Iterable[SyncEvent] | BaseException
    documents: dict[str, list[Document] | str]
    requests: int = 1
    calls: list[Any] = field(default_factory=list)

    def __enter__(self) -> ScriptedWorker:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def cancel(self) -> None:
        return None

    def sync(self, job: Any, stored: Any, traffic: Traffic) -> Iterator[list[SyncEvent]]:
        self.calls.append((job, stored))
        traffic.requests += self.requests
        if isinstance(self.events, BaseException):
            raise self.events
        for event in self.events:
            if isinstance(event, BaseException):
                raise event
            yield [event]

    def details(
        self, job: Any, items: Iterable[tuple[Artifact, Version]], traffic: Traffic
    ) -> Iterator[Any]:
        for index, (artifact, version) in enumerate(items):
            traffic.requests += 1
            found = self.documents.get(f"{artifact.path}@{version.version}", "not there")
            if isinstance(found, str):
                yield Missing(index, found, "not-found")
            else:
                yield found
                yield index


class ScriptedWorkers:
    """Plays the starter of workers; the test sets what the next one yields."""

    def __init__(self) -> None:
        self.next: Iterable[SyncEvent] | BaseException = ()
        self.documents: dict[str, list[Document] | str] = {}
        self.started: list[ScriptedWorker] = []

    def start(self, _plugin: str, _job: Any = None) -> ScriptedWorker:
        worker = ScriptedWorker(self.next, self.documents)
        self.started.append(worker)
        return worker

    def close(self) -> None:
        return None


class FakeClock:
    """A clock that only tests move."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


@dataclass
class Bench:
    """A program on a fresh data directory whose only registry is scripted."""

    app: App
    workers: ScriptedWorkers
    clock: FakeClock
    registry_id: str

    @property
    def registry(self) -> RegistryRow:
        return self.app.registries.get(self.registry_id)

    def sync(self, *events: Any, **options: Any) -> RunRow:
        """Run a synchronization in which the worker yields `events`."""
        from desktop.engine.calls import Job as WorkerJob
        from desktop.engine.sync import Parts, synchronize
        from registrykit.sync import Settings

        app = self.app
        self.workers.next = events
        full = bool(options.get("full"))
        job = WorkerJob(
            "registrykit-scripted",
            options.pop("plugin_version", "1.0"),
            "scripted",
            {},
            settings=Settings(
                documents=self.registry.config.get("documents", "latest"),
                full=full,
                offline=bool(options.pop("offline", False)),
            ),
        )
        parts = Parts(app.db, app.clock, app.bus, app.workers)
        return synchronize(parts, self.registry, lambda: job, _Nobody(), **options)

    def stored(self) -> dict[str, dict[str, str]]:
        """Return digests by path and version of what is present."""
        found: dict[str, dict[str, str]] = {}
        for row in self.app.db.rows(
            "SELECT a.path, v.version, v.digest FROM artifact a"
            " JOIN version v ON v.artifact_id = a.id WHERE v.state = 'present'"
        ):
            found.setdefault(row[0], {})[row[1]] = row[2]
        return found


class _Nobody:
    def attach(self, worker: object) -> None:
        return None


def open_bench(
    folder: Path, *, config: dict[str, Any] | None = None, clock: FakeClock | None = None
) -> Bench:
    clock = clock or FakeClock()
    workers = ScriptedWorkers()
    app = build(
        folder,
        writable=True,
        clock=clock,
        environ={"REGISTRY_DESKTOP_KEYRING": "none"},
        workers=workers,  # type: ignore[arg-type]
        safe_mode=True,
    )
    (environment,) = app.environments.all()
    (tenant,) = app.environments.tenants(environment)
    row = RegistryRow(
        "scripted00001",
        environment.id,
        "tenant",
        tenant.id,
        "Scripted",
        "scripted",
        "Scripted",
        clock.now(),
        plugin="registrykit-scripted",
        config={"documents": "on-demand", **(config or {})},
        endpoint="https://scripted.example",
    )
    with app.db.write() as tx:
        stored.save_registry(tx, row)
    return Bench(app, workers, clock, row.id)


def found(path: str, *versions: str | Version, **words: Any) -> list[Found]:
    """Return events for an artifact; a plain version gets a digest made of its own text."""
    artifact = Artifact("chart", path, **words)
    return [
        Found(artifact, v if isinstance(v, Version) else Version(v, digest=digest_for(v)))
        for v in versions
    ]


def digest_for(text: str) -> str:
    import hashlib

    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


Event = SyncEvent
Make = Callable[..., Bench]
