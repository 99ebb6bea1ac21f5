"""What is known of plugins without importing them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from desktop.store import columns
from desktop.store.database import Database, Transaction
from registrykit.description import TypeDescription


@dataclass(frozen=True)
class PluginRow:
    """A plugin as it was last seen; `record` changes whenever its installed files do."""

    distribution: str
    version: str
    record: str
    enabled: bool
    state: str
    reason: str
    types: tuple[TypeDescription, ...]


def plugins(db: Database) -> dict[str, PluginRow]:
    rows = db.rows(
        "SELECT distribution, version, record, enabled, state, reason, types FROM plugin_state"
    )
    return {
        row[0]: PluginRow(
            row[0],
            row[1],
            row[2],
            bool(row[3]),
            row[4],
            row[5],
            msgspec.json.decode(row[6], type=tuple[TypeDescription, ...]),
        )
        for row in rows
    }


def save_plugin(tx: Transaction, row: PluginRow) -> None:
    from desktop.store import tables

    columns.remember(tx, row.distribution, [kind for one in row.types for kind in one.kinds])
    tx.save(
        tables.PluginState(
            distribution=row.distribution,
            version=row.version,
            record=row.record,
            enabled=row.enabled,
            state=row.state,
            reason=row.reason,
            types=msgspec.json.encode(row.types),
        )
    )
