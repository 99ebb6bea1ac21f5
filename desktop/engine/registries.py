"""Registries: add, edit, remove, restore, hide, duplicate, sign in to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from desktop.engine import decisions, drafts, editing
from desktop.engine.bus import Bus, RegistryChanged
from desktop.engine.calls import Job
from desktop.engine.clock import Clock
from desktop.engine.drafts import Draft, Judged, Place, make_draft
from desktop.engine.editing import Editing
from desktop.engine.environments import WITH_CONSOLE
from desktop.engine.names import UnknownName, check_name
from desktop.engine.network import Network
from desktop.engine.plugins import PluginMissing, Plugins
from desktop.engine.settings import Settings
from desktop.engine.sync import source_of
from desktop.engine.vault import Vault
from desktop.engine.workers import Workers
from desktop.store import registries as stored
from desktop.store import runs
from desktop.store.database import Database
from desktop.store.values import EnvironmentRow, RegistryRow, TenantRow
from registrykit.errors import BadConfig, NotAllowed
from registrykit.events import Check

if TYPE_CHECKING:
    from desktop.engine.sync import Control

_DAY = 24 * 3600.0


class Registries:
    """What can be done with registries."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        plugins: Plugins,
        vault: Vault,
        workers: Workers,
        network: Callable[[], Network],
        settings: Callable[[], Settings] = Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._plugins = plugins
        self._vault = vault
        self._workers = workers
        self._network = network
        self._settings = settings

    # Which there are

    def visible(
        self,
        environment: EnvironmentRow | None = None,
        tenant: TenantRow | None = None,
        *,
        hidden: bool = False,
    ) -> list[RegistryRow]:
        """Return what a tenant sees: its own, the system console's, and the defaults."""
        rows = stored.registries(self._db, environment.id if environment else None)
        return [
            row
            for row in rows
            if (hidden or not row.hidden)
            and (tenant is None or row.scope == "system" or row.tenant_id == tenant.id)
        ]

    def removed(self) -> list[RegistryRow]:
        return stored.registries(self._db, removed=True)

    def get(self, registry_id: str) -> RegistryRow:
        row = stored.registry(self._db, registry_id)
        if row is None:
            raise UnknownName(f"There is no registry {registry_id}.")
        return row

    # Add and edit

    def draft(self, type_id: str, values: Mapping[str, Any], given: Mapping[str, str]) -> Draft:
        """Check what was entered; `given` holds the secrets. Raises BadConfig naming the fields."""
        return make_draft(self._plugins, type_id, values, given)

    def judge(
        self,
        type_id: str,
        values: Mapping[str, Any],
        given: Mapping[str, str],
        elsewhere: Collection[str] = (),
        *,
        place: Place | None = None,
        besides: str = "",
    ) -> Judged:
        """Say everything that is wrong with what was entered so far; never raises for bad input.

        `given` are secrets that were entered, `elsewhere` names those that the registry has
        already. With `place` it is told too which registry there is the same one; `besides` is the
        id of the registry that is being edited. Asks neither the network nor the keyring.
        """
        judged = drafts.judge(self._plugins, type_id, values, given, elsewhere)
        if place is None or not judged.identity:
            return judged
        return replace(judged, same_as=self._same(type_id, judged.identity, place, besides))

    def editable(self, row: RegistryRow) -> Editing:
        """Return what the form of a stored registry shows; raises PluginMissing."""
        return editing.editable(self._plugins, row)

    def dropped_by(self, row: RegistryRow, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the stored secrets that `edit` with these values drops, unless given anew."""
        return editing.dropped_by(self._plugins, row, values)

    def check_place(self, name: str, place: Place, *, besides: str = "") -> None:
        """Raise BadConfig where a registry of this name cannot be put."""
        if place.tenant is None and place.environment.edition not in WITH_CONSOLE:
            raise BadConfig(
                f"The environment {place.environment.name} has no system console.",
                cause=f"its edition is {place.environment.edition}",
                remedy="Add the registry to a tenant (without --scope system).",
            )
        check_name("registry", name, [row.name for row in self._beside(place) if row.id != besides])

    def same_registry(self, draft: Draft, place: Place) -> RegistryRow | None:
        """Return a registry of the same place that is this one in another spelling."""
        return self._same(draft.type.id, draft.identity, place)

    def _same(
        self, type_id: str, identity: str, place: Place, besides: str = ""
    ) -> RegistryRow | None:
        same = (
            row
            for row in self._beside(place)
            if (row.type, row.identity) == (type_id, identity) and row.id != besides
        )
        return next(same, None)

    def _beside(self, place: Place) -> list[RegistryRow]:
        tenant = place.tenant.id if place.tenant else None
        return [
            row
            for row in stored.registries(self._db, place.environment.id)
            if row.scope == place.scope and row.tenant_id == tenant and row.default_id is None
        ]

    def check_offer(self, type_id: str, place: Place, *, confirmed: bool = False) -> None:
        """Raise BadConfig where a type is not for a place's edition, or wants a confirmation."""
        drafts.check_offer(self._plugins.describe(type_id)[1], place, confirmed=confirmed)

    def add(
        self,
        name: str,
        place: Place,
        draft: Draft,
        approved_hosts: tuple[str, ...] = (),
        *,
        confirmed: bool = False,
    ) -> tuple[RegistryRow, bool]:
        """Store a registry; says too whether its secrets will survive the program's end.

        `confirmed` says that the user confirmed what the type wants confirmed; it is recorded.
        """
        self.check_place(name, place)
        self.check_offer(draft.type.id, place, confirmed=confirmed)
        row = editing.with_draft(
            RegistryRow(
                id=secrets.token_hex(6),
                environment_id=place.environment.id,
                scope=place.scope,
                tenant_id=place.tenant.id if place.tenant else None,
                name=name,
                type=draft.type.id,
                type_title=draft.type.title,
                created=self._clock.now(),
                approved_hosts=approved_hosts,
            ),
            draft,
        )
        kept = self._vault.put(row.id, draft.secrets)
        self._save(row, "registry-added", confirmation=draft.type.confirmation)
        return row, kept

    def edit(
        self,
        row: RegistryRow,
        *,
        name: str | None = None,
        values: Mapping[str, Any] | None = None,
        given: Mapping[str, str] | None = None,
        approved_hosts: tuple[str, ...] | None = None,
        place: Place,
    ) -> tuple[RegistryRow, bool]:
        """Change a registry. A changed host drops the stored secrets that were not given anew.

        Of a default only the sign-in can be changed.
        """
        values, given = dict(values or {}), dict(given or {})
        if row.default_id is not None:
            editing.refuse_default_edit(self._plugins, row, name, values)
        if name is not None and name != row.name:
            self.check_place(name, place, besides=row.id)
        draft, secret_names = editing.changed(self._plugins, self._vault, row, values, given)
        if draft is None:
            changed, kept = replace(row, name=name or row.name), True
        else:
            changed = editing.with_draft(replace(row, name=name or row.name), draft)
            changed = replace(changed, secrets=tuple(sorted(secret_names)))
            self._vault.forget(row.id, set(row.secrets) - secret_names)
            kept = self._vault.put(row.id, given)
            moved = source_of(changed) != source_of(row)
            due = self._clock.now() if moved or given else None
            changed = replace(changed, failures=0, retry_at=due, code="", message="", remedy="")
        if approved_hosts is not None:
            changed = replace(changed, approved_hosts=approved_hosts)
        self._save(changed, "registry-edited", row)
        if (changed.endpoint, changed.type) != (row.endpoint, row.type):
            with self._db.write() as tx:
                runs.forget(tx, row.id)
        return changed, kept

    # Check

    def check(
        self, draft: Draft, approved: tuple[str, ...] = (), control: Control | None = None
    ) -> Iterator[Check]:
        """Yield the stages of the connection check, as they end, from a worker.

        `control` is given the worker, so that another thread can end the check; that raises
        Cancelled here.
        """
        self._vault.mask(draft.secrets.values())
        job = Job(
            draft.plugin.distribution,
            draft.plugin.version,
            draft.type.id,
            draft.config,
            draft.type.config_version,
            self._network().settings(draft.values, approved),
        )
        yield from self._stages(job, control)

    def check_stored(self, row: RegistryRow, control: Control | None = None) -> Iterator[Check]:
        """Yield the stages of the connection check of a registry that was added."""
        yield from self._stages(self.job(row), control)

    def _stages(self, job: Job, control: Control | None) -> Iterator[Check]:
        with self._workers.start(job.plugin, job) as worker:
            if control is not None:
                control.attach(worker)
            yield from worker.check(job)

    def job(self, row: RegistryRow, *, full: bool = False, anywhere: bool = False) -> Job:
        """Return what a worker needs to work for a stored registry, its secrets among it.

        Raises PluginMissing and SecretMissing.
        """
        try:
            plugin, description = self._plugins.describe(row.type)
        except PluginMissing as error:
            raise PluginMissing(
                f"{row.name} cannot be reached: {error}", cause=error.cause, remedy=error.remedy
            ) from None
        return Job(
            plugin.distribution,
            plugin.version,
            description.id,
            {**row.config, **self._vault.secrets_of(row)},
            row.config_version,
            self._network().settings(row.config, row.approved_hosts, full=full, anywhere=anywhere),
        )

    # Remove and come back

    def remove(self, row: RegistryRow) -> RegistryRow:
        """Take a registry out of the lists; for some days it can be restored."""
        if row.default_id is not None:
            raise NotAllowed(
                f"{row.name} is a default registry and cannot be removed.",
                cause="it came with the edition of the environment",
                remedy="Hide it instead (registry hide NAME).",
                code="read-only",
            )
        removed = replace(row, removed_at=self._clock.now())
        self._save(removed, "registry-removed", row)
        return removed

    def restore(self, row: RegistryRow, place: Place) -> RegistryRow:
        """Bring a removed registry back; refused where its name is taken by now."""
        try:
            self.check_place(row.name, place)
        except BadConfig as error:
            if error.code != "name-taken":
                raise
            remedy = "Rename the registry that has this name now, then restore this one."
            raise BadConfig(str(error), cause=error.cause, remedy=remedy, code=error.code) from None
        restored = replace(row, removed_at=None)
        self._save(restored, "registry-restored", row)
        return restored

    def forget(self, row: RegistryRow) -> list[str]:
        """Delete a registry with its catalog and its secrets, for good.

        Returns the secrets that the keyring may still have, because it cannot be used.
        """
        left = self._vault.forget(row.id, row.secrets)
        with self._db.write() as tx:
            stored.purge_registry(tx, row.id)
            stored.record(tx, self._clock.now(), "registry-forgotten", row.name)
        self._bus.publish(RegistryChanged(row.id))
        return left

    def purge(self) -> int:
        """Forget what was removed longer ago than is kept; returns how many that were.

        Asks the keyring where one of them had a secret, which can take long.
        """
        limit = self._clock.now() - self._settings().kept_days * _DAY
        old = [row for row in self.removed() if (row.removed_at or 0) < limit]
        for row in old:
            self.forget(row)
        return len(old)

    def hide(self, row: RegistryRow, hidden: bool) -> RegistryRow:
        changed = replace(row, hidden=hidden)
        self._save(changed, "registry-hidden" if hidden else "registry-shown", row)
        return changed

    def duplicate(self, row: RegistryRow, name: str, place: Place) -> RegistryRow:
        """Copy the definition of a registry under a name of the user's; secrets stay behind."""
        self.check_place(name, place)
        copy = RegistryRow(
            id=secrets.token_hex(6),
            environment_id=place.environment.id,
            scope=place.scope,
            tenant_id=place.tenant.id if place.tenant else None,
            name=name,
            type=row.type,
            type_title=row.type_title,
            created=self._clock.now(),
            plugin=row.plugin,
            plugin_version=row.plugin_version,
            config=row.config,
            config_version=row.config_version,
            secrets=row.secrets,
            endpoint=row.endpoint,
            origins=row.origins,
            identity=row.identity,
            automatic=row.automatic,
        )
        self._save(copy, "registry-added")
        return copy

    def revoke(self, row: RegistryRow, host: str) -> RegistryRow:
        """No longer let a host be asked for the sake of this registry."""
        changed = replace(row, approved_hosts=tuple(h for h in row.approved_hosts if h != host))
        self._save(changed, "host-revoked", row, detail=host)
        return changed

    def _save(
        self,
        row: RegistryRow,
        action: str,
        before: RegistryRow | None = None,
        *,
        detail: str | None = None,
        confirmation: str = "",
    ) -> None:
        """Store a new row, or of one that is there only what differs: a run may be going on."""
        with self._db.write() as tx:
            if before is None:
                stored.save_registry(tx, row)
            else:
                changed = {
                    column.name: getattr(row, column.name)
                    for column in fields(row)
                    if getattr(row, column.name) != getattr(before, column.name)
                }
                if changed:
                    stored.update_registry(tx, row.id, **changed)
            said = row.endpoint if detail is None else detail
            stored.record(tx, self._clock.now(), action, row.name, said)
            if confirmation:
                said = f"{decisions.whose()}: {confirmation}"
                stored.record(tx, self._clock.now(), "registry-confirmed", row.name, said)
        self._bus.publish(RegistryChanged(row.id))
