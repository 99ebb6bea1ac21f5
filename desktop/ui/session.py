"""An open data directory as the window works with it.

It begins with a glance: registries read straight from the store, so that the first picture waits
for nothing. The program behind it is attached when it is ready; until then nothing can be changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.engine import words
from desktop.engine.words import State
from desktop.store import registries as stored
from desktop.store.database import Database
from desktop.store.values import EnvironmentRow, RegistryRow, TenantRow
from desktop.ui.destination import Destination
from desktop.ui.start import preferences
from desktop.ui.tasks import Tasks

if TYPE_CHECKING:
    from desktop.app import App
    from desktop.engine.progress import Progress
    from desktop.ui.relay import Relay

REFRESH_SECONDS = 30


@dataclass(frozen=True)
class Listed:
    """A registry with what lists say of it; `asks` says that it needs the user."""

    row: RegistryRow
    state: State
    activity: str = "idle"
    conditions: tuple[str, ...] = ()
    progress: Progress | None = None
    asks: bool = False


class Session(QObject):
    """What every page is given; `app` is None until the program is ready."""

    ready = Signal()
    """`app` is there now."""
    registries_changed = Signal()
    """Registries came or went, or another environment or tenant is looked at."""
    listed_changed = Signal(str)
    """What a list says of one registry is another text now."""
    catalog_changed = Signal(str)
    """The artifacts of one registry are others now."""
    run_ended = Signal(object)
    settings_changed = Signal()
    going = Signal(object)
    """Somebody wants to go to a `Destination`."""
    staying = Signal(object)
    """Somebody has stayed at a `Destination` that is shown already: a place to come back to."""
    told = Signal(str)
    """A sentence that is shown for a moment."""
    undoable = Signal(str, object)
    """A sentence with a way back: a function without arguments."""
    troubled = Signal(object)
    """An exception that belongs to no place on a page."""

    def __init__(self, data_dir: Path, db: Database | None, tasks: Tasks) -> None:
        super().__init__()
        self.data_dir = data_dir
        self.tasks = tasks
        self.demo = False
        self.prefs = preferences(data_dir)
        self.environment: EnvironmentRow | None = None
        self.tenant: TenantRow | None = None
        self._glance = db
        self._app: App | None = None
        self._relay: Relay | None = None
        self._known: dict[str, Listed] = {}
        self._clock = QTimer(self)
        self._clock.setInterval(REFRESH_SECONDS * 1000)
        self._clock.timeout.connect(self._tick)

    # What there is

    @property
    def app(self) -> App:
        """The program; raises RuntimeError before it is ready."""
        if self._app is None:
            raise RuntimeError("the program is not ready yet")
        return self._app

    @property
    def is_ready(self) -> bool:
        return self._app is not None

    @property
    def writable(self) -> bool:
        return self._app is not None and self._app.writable

    @property
    def db(self) -> Database | None:
        """The store, for reading; None in a fresh data directory before the program is ready."""
        return self._app.db if self._app else self._glance

    def now(self) -> float:
        from desktop.engine.clock import SystemClock

        return self._app.clock.now() if self._app else SystemClock().now()

    def registries(self, *, hidden: bool = False) -> list[RegistryRow]:
        """Return what is looked at: of the chosen environment, as the chosen tenant sees it."""
        if self.db is None:
            return []
        environment = self.environment.id if self.environment else None
        return [
            row
            for row in stored.registries(self.db, environment)
            if (hidden or not row.hidden)
            and (self.tenant is None or row.scope == "system" or row.tenant_id == self.tenant.id)
        ]

    def listed(self, *, hidden: bool = False) -> list[Listed]:
        """Return the registries that are looked at, with their states, in one pass."""
        rows = self.registries(hidden=hidden)
        found = self._described(rows)
        for entry in found:
            # Only for the first time: what others have not been told yet is still news to them.
            self._known.setdefault(entry.row.id, entry)
        return found

    def one(self, registry_id: str) -> Listed | None:
        """Return one registry with its state, removed ones too; None if it is gone for good."""
        row = stored.registry(self.db, registry_id) if self.db is not None else None
        return self._described([row])[0] if row else None

    def _described(self, rows: list[RegistryRow]) -> list[Listed]:
        if self._app is None:
            now = self.now()
            return [Listed(row, words.state(row, "idle", (), now)) for row in rows]
        from desktop.engine.attention import asks

        app = self._app
        conditions = app.all_conditions(rows)
        states = app.states(rows, conditions)
        activities, progress = app.activities(), app.progress.all()
        return [
            Listed(
                row,
                states[row.id],
                activities.get(row.id, "idle"),
                tuple(conditions[row.id]),
                progress.get(row.id),
                asks(row, states[row.id]),
            )
            for row in rows
        ]

    # What happens

    def attach(self, app: App) -> None:
        """Go on with the program itself."""
        from desktop.ui.relay import Relay

        self._app = app
        if self._glance is not None:
            self._glance.close()
            self._glance = None
        relay = Relay(app.bus)
        self._relay = relay
        relay.registry_changed.connect(self._changed)
        relay.progressed.connect(lambda event: self.listed_changed.emit(event.registry_id))
        relay.catalog_changed.connect(self.catalog_changed)
        relay.run_ended.connect(self.run_ended)
        relay.other.connect(lambda _event: self.settings_changed.emit())
        self._choose_first()
        self._clock.start()
        self.ready.emit()
        self.registries_changed.emit()

    def look_at(self, environment: EnvironmentRow | None, tenant: TenantRow | None) -> None:
        """Show the registries of an environment, as a tenant of it sees them."""
        self.environment, self.tenant = environment, tenant
        self.prefs.setValue("environment", environment.id if environment else "")
        self.prefs.setValue("tenant", tenant.id if tenant else "")
        self.registries_changed.emit()

    def _choose_first(self) -> None:
        environments = self.app.environments.all()
        chosen, tenant = self.prefs.value("environment", ""), self.prefs.value("tenant", "")
        self.environment = next((e for e in environments if e.id == chosen), environments[0])
        tenants = self.app.environments.tenants(self.environment)
        self.tenant = next((t for t in tenants if t.id == tenant), None)
        if self.tenant is None and len(tenants) == 1:
            self.tenant = tenants[0]

    def _changed(self, registry_id: str) -> None:
        before, after = self._known.pop(registry_id, None), self.one(registry_id)
        if after is not None:
            self._known[registry_id] = after
        if _place(before) != _place(after):
            self.registries_changed.emit()
        elif before != after:
            self.listed_changed.emit(registry_id)

    def _tick(self) -> None:
        """Times in words grow old, and so does what was synchronized."""
        for registry_id in list(self._known):
            self.listed_changed.emit(registry_id)

    # Short ways for pages

    def go(self, destination: Destination) -> None:
        self.going.emit(destination)

    def stay(self, destination: Destination) -> None:
        self.staying.emit(destination)

    def tell(self, sentence: str) -> None:
        self.told.emit(sentence)

    def offer_undo(self, sentence: str, undo: object) -> None:
        self.undoable.emit(sentence, undo)

    def report(self, error: Exception) -> None:
        self.troubled.emit(error)

    def close(self) -> None:
        """Let go of the program, which is the caller's to close."""
        self._clock.stop()
        self.prefs.sync()
        if self._relay is not None:
            self._relay.close()
        if self._glance is not None:
            self._glance.close()


def _place(listed: Listed | None) -> tuple[object, ...]:
    """Return what decides where, and under which name, a registry stands in lists."""
    if listed is None:
        return ()
    row = listed.row
    return (row.name, row.hidden, row.removed_at, row.scope, row.tenant_id, row.environment_id)
