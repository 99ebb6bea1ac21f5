"""Environments, tenants and registries, with settings and the record of decisions."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from desktop.store import derived
from desktop.store.database import Database, Transaction
from desktop.store.values import AuditRow, EnvironmentRow, RegistryRow, TenantRow

_LISTS = ("secrets", "origins", "approved_hosts")
_FLAGS = ("automatic", "hidden")
_FIELDS = tuple(field.name for field in fields(RegistryRow))


def environments(db: Database) -> list[EnvironmentRow]:
    rows = db.rows("SELECT id, name, edition, created FROM environment ORDER BY created, name")
    return [EnvironmentRow(*row) for row in rows]


def tenants(db: Database, environment: str) -> list[TenantRow]:
    rows = db.rows(
        "SELECT id, environment_id, name, allow_non_fips, created FROM tenant"
        " WHERE environment_id = ? ORDER BY created, name",
        (environment,),
    )
    return [TenantRow(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows]


def registries(
    db: Database,
    environment: str | None = None,
    *,
    removed: bool = False,
) -> list[RegistryRow]:
    """Return the registries of an environment (or of all) in the order in which lists show them.

    `removed` gives those that were removed and can still be restored instead.
    """
    rows = db.rows(
        "SELECT * FROM registry WHERE (:environment IS NULL OR environment_id = :environment)"
        " AND (removed_at IS NOT NULL) = :removed"
        " ORDER BY default_id IS NOT NULL, name COLLATE NOCASE, created",
        {"environment": environment, "removed": removed},
    )
    return [_registry(row) for row in rows]


def registry(db: Database, registry_id: str) -> RegistryRow | None:
    row = db.row("SELECT * FROM registry WHERE id = ?", (registry_id,))
    return _registry(row) if row else None


def _registry(row: Any) -> RegistryRow:
    values = {name: row[name] for name in _FIELDS}
    values["config"] = json.loads(values["config"])
    for name in _LISTS:
        values[name] = () if values[name] == "[]" else tuple(json.loads(values[name]))
    for name in _FLAGS:
        values[name] = bool(values[name])
    return RegistryRow(**values)


def save_environment(tx: Transaction, row: EnvironmentRow) -> None:
    from desktop.store import tables

    tx.save(tables.Environment(**asdict(row)))


def save_tenant(tx: Transaction, row: TenantRow) -> None:
    from desktop.store import tables

    tx.save(tables.Tenant(**asdict(row)))


def save_registry(tx: Transaction, row: RegistryRow) -> None:
    from desktop.store import tables

    values = asdict(row)
    values["config"] = json.dumps(row.config, sort_keys=True)
    for name in _LISTS:
        values[name] = json.dumps(list(values[name]))
    tx.save(tables.Registry(**values))


def update_registry(tx: Transaction, registry_id: str, **columns: Any) -> None:
    """Change columns of one registry without reading it first."""
    for name in _LISTS:
        if name in columns:
            columns[name] = json.dumps(list(columns[name]))
    if "config" in columns:
        columns["config"] = json.dumps(columns["config"], sort_keys=True)
    assignments = ", ".join(f"{column} = :{column}" for column in columns)
    tx.sql(f"UPDATE registry SET {assignments} WHERE id = :id", {"id": registry_id, **columns})


def remove_tenant(tx: Transaction, tenant_id: str) -> None:
    tx.sql("DELETE FROM tenant WHERE id = ?", (tenant_id,))


def remove_environment(tx: Transaction, environment_id: str) -> None:
    tx.sql("DELETE FROM tenant WHERE environment_id = ?", (environment_id,))
    tx.sql("DELETE FROM environment WHERE id = ?", (environment_id,))


def purge_registry(tx: Transaction, registry_id: str) -> None:
    """Delete a registry with everything that was stored of it."""
    versions = (
        "SELECT v.id FROM version v JOIN artifact a ON a.id = v.artifact_id"
        " WHERE a.registry_id = :registry"
    )
    runs = "SELECT id FROM sync_run WHERE registry_id = :registry"
    names = {"registry": registry_id}
    tx.sql(
        f"INSERT INTO search (search, rowid, {derived.SEARCHED})"
        f" SELECT 'delete', artifact_id, {derived.SEARCHED} FROM search_text WHERE artifact_id IN"
        " (SELECT id FROM artifact WHERE registry_id = :registry)",
        names,
    )
    for statement in (
        "DELETE FROM artifact_facet WHERE artifact_id IN"
        " (SELECT id FROM artifact WHERE registry_id = :registry)",
        "DELETE FROM search_text WHERE artifact_id IN"
        " (SELECT id FROM artifact WHERE registry_id = :registry)",
        f"DELETE FROM removal WHERE run_id IN ({runs})",
        f"DELETE FROM document WHERE version_id IN ({versions})",
        f"DELETE FROM document_state WHERE version_id IN ({versions})",
        f"DELETE FROM version WHERE id IN ({versions})",
        "DELETE FROM artifact WHERE registry_id = :registry",
        "DELETE FROM change WHERE registry_id = :registry",
        f"DELETE FROM skipped WHERE run_id IN ({runs})",
        f"DELETE FROM run_prefix WHERE run_id IN ({runs})",
        "DELETE FROM sync_run WHERE registry_id = :registry",
        "DELETE FROM memory WHERE registry_id = :registry",
        "DELETE FROM registry WHERE id = :registry",
        "DELETE FROM content WHERE digest NOT IN (SELECT digest FROM document)",
    ):
        tx.sql(statement, names)


def settings(db: Database) -> dict[str, Any]:
    return {row[0]: json.loads(row[1]) for row in db.rows("SELECT key, value FROM setting")}


def save_setting(tx: Transaction, key: str, value: Any) -> None:
    from desktop.store import tables

    tx.save(tables.Setting(key=key, value=json.dumps(value)))


def record(tx: Transaction, now: float, action: str, subject: str, detail: str = "") -> None:
    """Write down a decision of the user."""
    tx.sql(
        "INSERT INTO audit (at, action, subject, detail) VALUES (?, ?, ?, ?)",
        (now, action, subject, detail),
    )


def audit(db: Database, limit: int = 200) -> list[AuditRow]:
    rows = db.rows(
        "SELECT at, action, subject, detail FROM audit ORDER BY id DESC LIMIT ?", (limit,)
    )
    return [AuditRow(*row) for row in rows]
