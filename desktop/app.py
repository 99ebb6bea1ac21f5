"""The program put together: engine and store, without a front end."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from desktop import logs, paths
from desktop.engine import defaults, environments, review, state
from desktop.engine.bus import Bus
from desktop.engine.clock import Clock, SystemClock
from desktop.engine.details import Details
from desktop.engine.environments import Environments
from desktop.engine.jobs import Job, Jobs
from desktop.engine.lock import DataLock
from desktop.engine.network import Network, system_network
from desktop.engine.plugins import Plugins
from desktop.engine.registries import Registries
from desktop.engine.schedule import Scheduler, next_run
from desktop.engine.sync import Parts, synchronize
from desktop.engine.vault import Keyring, Vault, system_keyring
from desktop.engine.workers import Workers
from desktop.store import plugins as stored_plugins
from desktop.store import registries as stored
from desktop.store import runs
from desktop.store.database import FILE, Database
from desktop.store.plugins import PluginRow
from desktop.store.values import RegistryRow, RunRow


@dataclass
class App:
    """Everything that a front end works with; `close` it at the end."""

    data_dir: Path
    writable: bool
    db: Database
    clock: Clock
    bus: Bus
    workers: Workers
    plugins: Plugins
    vault: Vault
    network: Callable[[], Network]
    environments: Environments
    registries: Registries
    details: Details
    lock: DataLock
    _jobs: Jobs | None = None
    _stop_log: Callable[[], None] | None = None

    @property
    def jobs(self) -> Jobs:
        """The queue of jobs; its threads start with the first use."""
        if self._jobs is None:
            self._jobs = Jobs(self.bus)
        return self._jobs

    def synchronize(
        self,
        registry: RegistryRow,
        *,
        full: bool = False,
        accept_held: bool = False,
        restart: bool = False,
    ) -> Job[RunRow]:
        """Queue a synchronization; an error that keeps it from starting is in the run too."""
        parts = Parts(self.db, self.clock, self.bus, self.workers, self.workers.mask)

        def work(job: Job[RunRow]) -> RunRow:
            row = self.registries.get(registry.id)
            return synchronize(
                parts,
                row,
                lambda: self.registries.job(row, full=full),
                job,
                full=full,
                accept_held=accept_held,
            )

        submit = self.jobs.restart if restart else self.jobs.submit
        return submit(registry.id, work)

    def scheduler(self) -> Scheduler:
        """Return the schedule over every environment of this data directory."""

        def registries() -> list[RegistryRow]:
            # Without a network nothing is due: it would only fail, and be tried again.
            return [] if self.network().offline else stored.registries(self.db)

        return Scheduler(registries, self.jobs.busy, self.synchronize)

    def next_run(self, registry: RegistryRow) -> float | None:
        return next_run(registry, self.clock.now())

    def due(self, registry: RegistryRow) -> bool:
        moment = self.next_run(registry)
        return moment is not None and moment <= self.clock.now()

    def activity(self, registry: RegistryRow) -> str:
        """Return idle, queued, syncing or cancelling, of this program or of the one that writes."""
        if self.writable:
            return self._jobs.activity(registry.id) if self._jobs else "idle"
        if registry.id in runs.unfinished(self.db) and self.lock.taken:
            return "syncing"
        return "idle"

    def conditions(self, registry: RegistryRow) -> list[str]:
        found = self.plugins.descriptions().get(registry.type)
        plugin_state = "active" if found else ""
        if not found:
            for plugin in self.plugins.all():
                if any(description.id == registry.type for description in plugin.types):
                    plugin_state = plugin.state
        default = defaults.by_key(registry.default_id) if registry.default_id else None
        return state.conditions(
            registry,
            self.clock.now(),
            plugin_state=plugin_state,
            needs_credentials=default is not None and default.access == "credentials",
        )

    def accept(self, registry: RegistryRow) -> RunRow:
        return review.accept(self.db, self.clock, self.bus, registry)

    def discard(self, registry: RegistryRow) -> RunRow:
        return review.discard(self.db, self.clock, self.bus, registry)

    def close(self) -> None:
        """End jobs, close the store, and give the data directory free."""
        if self._jobs is not None:
            self._jobs.close()
        self.db.close()
        if self._stop_log is not None:
            self._stop_log()
        self.lock.release()


def build(
    data_dir: Path,
    *,
    writable: bool,
    offline: bool = False,
    proxy: str = "",
    safe_mode: bool = False,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    workers: Workers | None = None,
    find_keyring: Callable[[], Keyring | None] = system_keyring,
) -> App:
    """Open a data directory; a fresh one gets its first environment, whoever asks.

    Raises DataInUse where another program writes, and WrongData for data that is not ours.
    """
    clock = clock or SystemClock()
    environ = os.environ if environ is None else environ
    path = data_dir / FILE
    if not writable and not path.exists():
        build(data_dir, writable=True, clock=clock, environ=environ, safe_mode=True).close()
    paths.prepare(data_dir)
    lock = DataLock(data_dir)
    db = Database(path, writable=writable)
    if writable:
        lock.acquire(clock)
    try:
        db.open()
        if writable:
            _prepare(db, clock)
        app = _assemble(
            data_dir,
            db,
            lock,
            clock,
            environ,
            workers or Workers(),
            find_keyring,
            offline=offline,
            proxy=proxy,
            safe_mode=safe_mode,
        )
        if writable:
            app._stop_log = logs.start(data_dir, lambda: app.vault.handed_out)
            app.registries.purge()
    except BaseException:
        db.close()
        lock.release()
        raise
    return app


def _prepare(db: Database, clock: Clock) -> None:
    """Bring the store up to date: what a kill left behind, and the shipped defaults."""
    now = clock.now()
    existing = stored.environments(db)
    with db.write() as tx:
        runs.mark_interrupted(tx, now)
        if not existing:
            environments.create_first(tx, now)
        for environment in existing:
            defaults.install(tx, db, environment, now)


def _assemble(
    data_dir: Path,
    db: Database,
    lock: DataLock,
    clock: Clock,
    environ: Mapping[str, str],
    workers: Workers,
    find_keyring: Callable[[], Keyring | None],
    *,
    offline: bool,
    proxy: str,
    safe_mode: bool,
) -> App:
    def remember(row: PluginRow) -> None:
        if db.writable:
            with db.write() as tx:
                stored_plugins.save_plugin(tx, row)

    bus = Bus()
    plugins = Plugins(workers, lambda: stored_plugins.plugins(db), remember, safe_mode=safe_mode)
    vault = Vault(environ, lambda: stored.registries(db), find_keyring)
    workers.mask = lambda text: logs.masked(text, vault.handed_out)
    chosen = proxy or str(stored.settings(db).get("proxy", "system"))

    @functools.cache
    def network() -> Network:
        return system_network(environ, offline=offline, proxy=chosen)

    return App(
        data_dir=data_dir,
        writable=db.writable,
        db=db,
        clock=clock,
        bus=bus,
        workers=workers,
        plugins=plugins,
        vault=vault,
        network=network,
        environments=Environments(db, clock, vault),
        registries=Registries(db, clock, bus, plugins, vault, workers, network),
        details=Details(db, clock, workers),
        lock=lock,
    )
