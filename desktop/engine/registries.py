"""Registries: add, edit, remove, restore, hide, duplicate, sign in to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from desktop.engine import defaults
from desktop.engine.bus import Bus, RegistryChanged
from desktop.engine.calls import Job
from desktop.engine.clock import Clock
from desktop.engine.drafts import Draft, Place, make_draft
from desktop.engine.environments import WITH_CONSOLE
from desktop.engine.names import UnknownName, check_name
from desktop.engine.network import Network
from desktop.engine.plugins import PluginMissing, Plugins
from desktop.engine.vault import Vault
from desktop.engine.workers import Workers
from desktop.store import registries as stored
from desktop.store import runs
from desktop.store.database import Database
from desktop.store.values import EnvironmentRow, RegistryRow, TenantRow
from registrykit.errors import BadConfig, NotAllowed
from registrykit.events import Check
from registrykit.sync import read_config
from registrykit.urls import Origin

KEPT_SECONDS = 30 * 24 * 3600.0


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
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._plugins = plugins
        self._vault = vault
        self._workers = workers
        self._network = network

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

    def check_place(self, name: str, place: Place, *, besides: str = "") -> None:
        """Raise BadConfig where a registry of this name cannot be put."""
        if place.tenant is None and place.environment.edition not in WITH_CONSOLE:
            raise BadConfig(
                f"The environment {place.environment.name} has no system console.",
                cause=f"its edition is {place.environment.edition}",
                remedy="Add the registry to a tenant: leave out --scope system.",
            )
        check_name("registry", name, [row.name for row in self._beside(place) if row.id != besides])

    def same_registry(self, draft: Draft, place: Place) -> RegistryRow | None:
        """Return a registry of the same place that is this one in another spelling."""
        return next(
            (
                row
                for row in self._beside(place)
                if row.type == draft.type.id and row.identity == draft.identity
            ),
            None,
        )

    def _beside(self, place: Place) -> list[RegistryRow]:
        tenant = place.tenant.id if place.tenant else None
        return [
            row
            for row in stored.registries(self._db, place.environment.id)
            if row.scope == place.scope and row.tenant_id == tenant and row.default_id is None
        ]

    def add(
        self, name: str, place: Place, draft: Draft, approved_hosts: tuple[str, ...] = ()
    ) -> tuple[RegistryRow, bool]:
        """Store a registry; says too whether its secrets will survive the program's end."""
        self.check_place(name, place)
        row = _with_draft(
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
        self._save(row, "registry-added")
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
            _refuse_default_edit(row, name, values, place)
        if name is not None and name != row.name:
            self.check_place(name, place, besides=row.id)
        draft, secret_names = self._changed(row, values, given)
        if draft is None:
            changed, kept = replace(row, name=name or row.name), True
        else:
            changed = _with_draft(replace(row, name=name or row.name), draft)
            changed = replace(changed, secrets=tuple(sorted(secret_names)))
            self._vault.forget(row.id, set(row.secrets) - secret_names)
            kept = self._vault.put(row.id, given)
            changed = replace(changed, failures=0, retry_at=None, code="", message="", remedy="")
        if approved_hosts is not None:
            changed = replace(changed, approved_hosts=approved_hosts)
        self._save(changed, "registry-edited", row)
        if (changed.endpoint, changed.type) != (row.endpoint, row.type):
            with self._db.write() as tx:
                runs.forget(tx, row.id)
        return changed, kept

    def _changed(
        self, row: RegistryRow, values: dict[str, Any], given: dict[str, str]
    ) -> tuple[Draft | None, set[str]]:
        """Return the draft of the changed registry, and which secrets it has from now on."""
        if not values and not given:
            return None, set(row.secrets)
        merged = {**self._migrated(row), **values}
        found = {key: self._vault.get(row, key) for key in row.secrets if key not in given}
        at_hand = {key: value for key, value in found.items() if value is not None}
        draft = make_draft(
            self._plugins, row.type, merged, {**at_hand, **given}, found.keys() - at_hand.keys()
        )
        secret_names = {*row.secrets, *given}
        if row.origins and not _stays(draft.origins, set(map(Origin.of, row.origins))):
            # A password was entered for one host, and no other shall see it.
            draft = make_draft(self._plugins, row.type, merged, given)
            secret_names = set(given)
        if draft.automatic != row.automatic and row.default_id is None:
            config = read_config(draft.type, draft.config)
            if draft.type.sync_rule(config) == "fixed-at-creation":
                raise BadConfig(
                    f"Synchronization of {row.name} cannot be switched.",
                    cause="it is fixed when a registry of this type is added",
                    remedy="Remove the registry and add it again.",
                )
        return draft, secret_names

    def _migrated(self, row: RegistryRow) -> dict[str, Any]:
        """Return the stored values in the shape that the plugin has today."""
        plugin, kind = self._plugins.registry_type(row.type)
        if row.config_version > kind.config_version:
            raise BadConfig(
                f"{row.name} was written by a newer version of its plugin.",
                cause=f"its configuration has the version {row.config_version}, "
                f"{plugin.distribution} {plugin.version} knows {kind.config_version}",
                remedy="Update the plugin.",
            )
        if row.config_version == kind.config_version:
            return dict(row.config)
        values: dict[str, Any] = self._plugins.call(
            plugin, lambda: kind.migrate(dict(row.config), row.config_version)
        )
        return values

    # Check

    def check(self, draft: Draft, approved: tuple[str, ...] = ()) -> Iterator[Check]:
        """Yield the stages of the connection check, as they end, from a worker."""
        self._vault.mask(draft.secrets.values())
        job = Job(
            draft.plugin.distribution,
            draft.plugin.version,
            draft.type.id,
            draft.config,
            draft.type.config_version,
            self._network().settings(draft.values, approved),
        )
        yield from self._stages(job)

    def check_stored(self, row: RegistryRow) -> Iterator[Check]:
        """Yield the stages of the connection check of a registry that was added."""
        yield from self._stages(self.job(row))

    def _stages(self, job: Job) -> Iterator[Check]:
        with self._workers.start(job.plugin) as worker:
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
        """Take a registry out of the lists; it can be restored for 30 days."""
        if row.default_id is not None:
            raise NotAllowed(
                f"{row.name} is a default registry and cannot be removed.",
                cause="it came with the edition of the environment",
                remedy="Hide it instead: registry hide NAME",
                code="read-only",
            )
        removed = replace(row, removed_at=self._clock.now())
        self._save(removed, "registry-removed", row)
        return removed

    def restore(self, row: RegistryRow, place: Place) -> RegistryRow:
        """Bring a removed registry back; refused where its name is taken by now."""
        self.check_place(row.name, place)
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
        """Forget what was removed more than 30 days ago; returns how many that were."""
        limit = self._clock.now() - KEPT_SECONDS
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

    def _save(self, row: RegistryRow, action: str, before: RegistryRow | None = None) -> None:
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
            stored.record(tx, self._clock.now(), action, row.name, row.endpoint)
        self._bus.publish(RegistryChanged(row.id))


def _with_draft(row: RegistryRow, draft: Draft) -> RegistryRow:
    return replace(
        row,
        plugin=draft.plugin.distribution,
        plugin_version=draft.plugin.version,
        config=draft.values,
        config_version=draft.type.config_version,
        secrets=tuple(sorted(draft.secrets)),
        endpoint=draft.endpoint,
        origins=tuple(sorted(str(origin) for origin in draft.origins)),
        identity=draft.identity,
        automatic=draft.automatic,
    )


def _stays(now: frozenset[Origin], before: set[Origin]) -> bool:
    """Say whether credentials go where they went before, or there by a safer way."""
    return all(
        origin in before
        or any(
            (origin.scheme, old.scheme, origin.host) == ("https", "http", old.host)
            for old in before
        )
        for origin in now
    )


def _refuse_default_edit(
    row: RegistryRow, name: str | None, values: Mapping[str, Any], place: Place
) -> None:
    fixed = [key for key in values if key not in defaults.USERS_OWN]
    if fixed or (name is not None and name != row.name):
        default = defaults.by_key(row.default_id or "")
        raise NotAllowed(
            f"{row.name} is a default registry; its definition cannot be changed.",
            cause=f"it is kept by {default.provider if default else 'the edition'}",
            remedy="Copy it under your own name: registry duplicate NAME --name NEW",
            code="read-only",
        )
