"""Environments and tenants: whom registries belong to, and what the edition decides."""

from __future__ import annotations

import secrets
from dataclasses import replace

from desktop.engine import decisions, defaults
from desktop.engine.clock import Clock
from desktop.engine.names import check_name, pick
from desktop.engine.vault import Vault
from desktop.store import registries as stored
from desktop.store.database import Database, Transaction
from desktop.store.values import EnvironmentRow, TenantRow
from registrykit.errors import BadConfig

EDITIONS = ("none", "saas", "self-hosted", "airgap", "vertex", "vertex-airgap")
WITH_CONSOLE = frozenset({"self-hosted", "airgap", "vertex", "vertex-airgap"})
"""Editions with a system console, whose registries every tenant sees."""
WITH_FIPS = frozenset({"vertex", "vertex-airgap"})
FIRST = "default"


def new_id() -> str:
    return secrets.token_hex(6)


def create_first(tx: Transaction, now: float, edition: str = "none") -> EnvironmentRow:
    """Give a fresh data directory its environment and tenant."""
    return _create(tx, FIRST, edition, now)


class Environments:
    """What can be done with environments and tenants."""

    def __init__(self, db: Database, clock: Clock, vault: Vault) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault

    def all(self) -> list[EnvironmentRow]:
        return stored.environments(self._db)

    def tenants(self, environment: EnvironmentRow) -> list[TenantRow]:
        return stored.tenants(self._db, environment.id)

    def find(self, name: str) -> EnvironmentRow:
        """Return an environment by id or name; raises BadConfig with the candidates."""
        return pick("environment", name, self.all())

    def find_tenant(self, environment: EnvironmentRow, name: str) -> TenantRow:
        """Return a tenant by id or name; raises BadConfig with the candidates."""
        return pick("tenant", name, self.tenants(environment))

    def add(self, name: str, edition: str) -> EnvironmentRow:
        """Add an environment with one tenant and the defaults of its edition."""
        check_name("environment", name, [row.name for row in self.all()])
        _check_edition(edition)
        with self._db.write() as tx:
            row = _create(tx, name, edition, self._clock.now())
            stored.record(tx, row.created, "environment-added", name, edition)
        return row

    def edit(
        self, environment: EnvironmentRow, *, name: str | None = None, edition: str | None = None
    ) -> EnvironmentRow:
        """Rename an environment or change its edition, which changes its defaults with it."""
        others = [row.name for row in self.all() if row.id != environment.id]
        if name is not None:
            check_name("environment", name, others)
        if edition is not None:
            _check_edition(edition)
            if edition not in WITH_CONSOLE:
                _refuse_used(
                    "system console of",
                    environment.name,
                    [
                        row.name
                        for row in stored.registries(self._db, environment.id)
                        if row.scope == "system" and row.default_id is None
                    ],
                )
        row = replace(
            environment,
            name=environment.name if name is None else name,
            edition=edition or environment.edition,
        )
        now = self._clock.now()
        with self._db.write() as tx:
            stored.save_environment(tx, row)
            defaults.install(tx, self._db, row, now)
            stored.record(tx, now, "environment-edited", row.name, row.edition)
        return row

    def remove(self, environment: EnvironmentRow) -> None:
        """Remove an environment without registries of the user's; the last one stays."""
        if len(self.all()) == 1:
            raise BadConfig(
                f"The environment {environment.name} is the only one.",
                cause="the program needs one to put registries in",
                remedy="Add another environment first, or rename this one.",
            )
        own = [
            row
            for removed in (False, True)
            for row in stored.registries(self._db, environment.id, removed=removed)
            if row.default_id is None
        ]
        _refuse_used("environment", environment.name, [row.name for row in own])
        now = self._clock.now()
        defaults_there = stored.registries(self._db, environment.id)
        with self._db.write() as tx:
            for row in defaults_there:
                stored.purge_registry(tx, row.id)
            stored.remove_environment(tx, environment.id)
            stored.record(tx, now, "environment-removed", environment.name)
        for row in defaults_there:
            self._vault.forget(row.id, row.secrets)

    def add_tenant(self, environment: EnvironmentRow, name: str) -> TenantRow:
        check_name("tenant", name, [row.name for row in self.tenants(environment)])
        now = self._clock.now()
        row = TenantRow(new_id(), environment.id, name, False, now)
        with self._db.write() as tx:
            stored.save_tenant(tx, row)
            stored.record(tx, now, "tenant-added", name, environment.name)
        return row

    def rename_tenant(self, environment: EnvironmentRow, tenant: TenantRow, name: str) -> TenantRow:
        others = [row.name for row in self.tenants(environment) if row.id != tenant.id]
        check_name("tenant", name, others)
        row = replace(tenant, name=name)
        with self._db.write() as tx:
            stored.save_tenant(tx, row)
            detail = f"{environment.name}/{name}"
            stored.record(tx, self._clock.now(), "tenant-renamed", tenant.name, detail)
        return row

    def allow_non_fips(
        self, environment: EnvironmentRow, tenant: TenantRow, allow: bool
    ) -> TenantRow:
        """Decide whether the tenant may use non-FIPS packs; the decision is recorded."""
        row = replace(tenant, allow_non_fips=allow)
        now = self._clock.now()
        with self._db.write() as tx:
            stored.save_tenant(tx, row)
            said = "allowed" if allow else "not allowed"
            stored.record(
                tx,
                now,
                "allow-non-fips",
                f"{environment.name}/{tenant.name}",
                f"{said} by {decisions.whose()}",
            )
        return row

    def remove_tenant(self, environment: EnvironmentRow, tenant: TenantRow) -> None:
        """Remove a tenant without registries; the last one stays."""
        if len(self.tenants(environment)) == 1:
            raise BadConfig(
                f"The tenant {tenant.name} is the only one of {environment.name}.",
                cause="registries need a tenant to belong to",
                remedy="Add another tenant first, or remove the environment.",
            )
        own = [
            row
            for removed in (False, True)
            for row in stored.registries(self._db, environment.id, removed=removed)
            if row.tenant_id == tenant.id
        ]
        _refuse_used("tenant", tenant.name, [row.name for row in own])
        now = self._clock.now()
        with self._db.write() as tx:
            stored.remove_tenant(tx, tenant.id)
            stored.record(tx, now, "tenant-removed", tenant.name, environment.name)


def _create(tx: Transaction, name: str, edition: str, now: float) -> EnvironmentRow:
    row = EnvironmentRow(new_id(), name, edition, now)
    stored.save_environment(tx, row)
    stored.save_tenant(tx, TenantRow(new_id(), row.id, FIRST, False, now))
    defaults.install(tx, None, row, now)
    return row


def _check_edition(edition: str) -> None:
    if edition not in EDITIONS:
        raise BadConfig(
            f"There is no edition {edition!r}.",
            cause=f"the editions are {', '.join(EDITIONS)}",
            remedy="Use one of them.",
        )


def _refuse_used(what: str, name: str, registries: list[str]) -> None:
    if registries:
        raise BadConfig(
            f"The {what} {name} still has registries.",
            cause=", ".join(registries[:5]) + (" …" if len(registries) > 5 else ""),
            remedy="Delete them for good first (registry remove NAME --forget).",
            code="not-empty",
        )
