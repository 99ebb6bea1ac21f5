"""The program put together: engine and store, without a front end."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop import logs, paths
from desktop.engine import attention, defaults, environments, looked, review, state, words
from desktop.engine.attention import Attention, Coming
from desktop.engine.bus import Bus
from desktop.engine.clock import Clock, SystemClock
from desktop.engine.details import Details
from desktop.engine.elsewhere import Elsewhere
from desktop.engine.environments import Environments
from desktop.engine.jobs import Job, Jobs
from desktop.engine.lock import DataLock
from desktop.engine.network import Network, system_network
from desktop.engine.plugins import Plugins
from desktop.engine.progress import Progresses
from desktop.engine.registries import Registries
from desktop.engine.schedule import Scheduler, next_run
from desktop.engine.settings import Settings, SettingsStore
from desktop.engine.sync import Parts, synchronize
from desktop.engine.vault import Keyring, Vault, system_keyring
from desktop.engine.workers import Workers
from desktop.store import plugins as stored_plugins
from desktop.store import registries as stored
from desktop.store import runs
from desktop.store.database import FILE, Database
from desktop.store.plugins import PluginRow
from desktop.store.values import AuditRow, RegistryRow, RunRow


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
    elsewhere: Elsewhere
    details: Details
    lock: DataLock
    settings: SettingsStore
    progress: Progresses
    _jobs: Jobs | None = None
    _stop_log: Callable[[], None] | None = None

    @property
    def jobs(self) -> Jobs:
        """The queue of jobs; its threads start with the first use."""
        if self._jobs is None:
            self._jobs = Jobs(self.bus, clock=self.clock)
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
            return [] if self._schedule_rests else stored.registries(self.db)

        return Scheduler(registries, self.jobs.busy, self.synchronize)

    @property
    def _schedule_rests(self) -> bool:
        return self.settings.read().paused or self.network().offline

    def next_run(self, registry: RegistryRow) -> float | None:
        """Return when the registry is synchronized next; None while the schedule is paused."""
        if self.settings.read().paused:
            return None
        return next_run(registry, self.clock.now())

    def coming(self, rows: Sequence[RegistryRow], limit: int = 5) -> list[Coming]:
        """Return what is synchronized next, soonest first; cheap."""
        if self._schedule_rests:
            return []
        now = self.clock.now()
        found = [
            Coming(row.id, row.name, moment)
            for row in rows
            if (moment := next_run(row, now)) is not None
        ]
        return sorted(found, key=lambda entry: entry.at)[:limit]

    def due(self, registry: RegistryRow) -> bool:
        moment = self.next_run(registry)
        return moment is not None and moment <= self.clock.now()

    def activity(self, registry: RegistryRow) -> str:
        """Return idle, queued, syncing or cancelling, of this program or of the one that writes."""
        return self.activities().get(registry.id, "idle")

    def activities(self) -> dict[str, str]:
        """Return queued, syncing or cancelling for every registry that is not idle."""
        if self.writable:
            active = self._jobs.active() if self._jobs else ()
            return {entry.registry_id: entry.activity for entry in active}
        unfinished = runs.unfinished(self.db)
        return dict.fromkeys(unfinished, "syncing") if unfinished and self.lock.taken else {}

    # What is to be said of registries: cheap for a hundred of them; no plugin is looked for, and
    # neither the keyring nor the network is asked.

    def all_conditions(self, rows: Sequence[RegistryRow]) -> dict[str, list[str]]:
        """Return the conditions of many registries in one pass, by id."""
        now = self.clock.now()
        plugins = self.plugins.type_states()
        return {
            row.id: state.conditions(
                row,
                now,
                # As long as nothing is known of plugins, nothing is said of them.
                plugin_state="active" if plugins is None else plugins.get(row.type, ""),
                needs_credentials=defaults.needs_credentials(row),
            )
            for row in rows
        }

    def states(
        self,
        rows: Sequence[RegistryRow],
        conditions: Mapping[str, Collection[str]] | None = None,
    ) -> dict[str, words.State]:
        """Return the states of many registries in words, in one pass, by id.

        `conditions` are those of `all_conditions`, where they are at hand.
        """
        known = self.all_conditions(rows) if conditions is None else conditions
        partial = [row.id for row in rows if row.last_outcome == "partial"]
        newest = runs.newest_runs(self.db, partial) if partial else {}
        now, activities, progress = self.clock.now(), self.activities(), self.progress.all()
        return {
            row.id: words.state(
                row,
                activities.get(row.id, "idle"),
                known[row.id],
                now,
                gaps=newest[row.id].skipped if row.id in newest else None,
                progress=progress.get(row.id),
            )
            for row in rows
        }

    def attention(self, rows: Sequence[RegistryRow]) -> list[Attention]:
        """Return what needs the user, worst first."""
        conditions = self.all_conditions(rows)
        states = self.states(rows, conditions)
        asking = [row for row in rows if attention.asks(row, states[row.id])]
        newest = runs.newest_runs(self.db, [row.id for row in asking])
        paused = self.settings.read().paused
        return attention.attention(
            asking, states, conditions, newest, self.clock.now(), paused=paused
        )

    def conditions(self, registry: RegistryRow) -> list[str]:
        """Return the conditions of one registry; looks for plugins if nobody has yet."""
        self.plugins.all()
        return self.all_conditions([registry])[registry.id]

    def state_of(self, registry: RegistryRow) -> words.State:
        """Return the state of one registry in words; looks for plugins if nobody has yet."""
        self.plugins.all()
        return self.states([registry])[registry.id]

    # What the user saw and decided

    def looked(self) -> float | None:
        """Return when the user last looked at what has changed; None before the first time."""
        return looked.looked(self.db)

    def mark_looked(self, now: float) -> None:
        """Remember that everything up to `now` has been seen; a reader remembers nothing."""
        if self.writable:
            looked.mark_looked(self.db, now)

    def audit(self, limit: int = 200) -> list[AuditRow]:
        """Return what the user decided, newest first."""
        return stored.audit(self.db, limit)

    def accept(self, registry: RegistryRow) -> RunRow:
        return review.accept(self.db, self.clock, self.bus, registry)

    def discard(self, registry: RegistryRow) -> RunRow:
        return review.discard(self.db, self.clock, self.bus, registry)

    def tidy(self) -> None:
        """Forget what was removed long ago; call it once after the start.

        Asks the keyring, so it is not for the window's thread.
        """
        if self.writable:
            self.registries.purge()

    def close(self) -> None:
        """End jobs, close the store, and give the data directory free."""
        if self._jobs is not None:
            self._jobs.close()
        self.workers.close()
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
    settings = SettingsStore(db, clock, bus)
    progress = Progresses(clock)
    bus.subscribe(progress)

    @functools.lru_cache(maxsize=1)
    def network_with(chosen: Settings) -> Network:
        return system_network(
            environ,
            offline=offline,
            proxy=proxy or chosen.proxy,
            no_proxy=chosen.no_proxy,
            ca_certificate=chosen.ca_certificate,
        )

    def network() -> Network:
        return network_with(settings.read())

    registries = Registries(db, clock, bus, plugins, vault, workers, network, settings.read)
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
        registries=registries,
        elsewhere=Elsewhere(plugins, workers, registries, vault, environ),
        details=Details(db, clock, workers, plugins),
        lock=lock,
        settings=settings,
        progress=progress,
    )
