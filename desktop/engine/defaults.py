"""The default registries: rows of data with their provenance, offered by edition.

Their definition is read-only and comes from the shipped file each time the program starts, so a
correction reaches everybody; what the user decided about them (hidden, signed in) is kept.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from dataclasses import dataclass, replace
from typing import Any

from desktop.paths import resource
from desktop.store import registries as stored
from desktop.store.database import Database, Transaction
from desktop.store.values import EnvironmentRow, RegistryRow

USERS_OWN = frozenset(
    {"auth", "username", "documents", "access_key", "aws_profile", "aws_credentials"}
)
"""What the user may decide about a default: how to sign in, and which documents to keep."""


@dataclass(frozen=True)
class Default:
    """One default registry as shipped."""

    key: str
    name: str
    provider: str
    description: str
    type: str
    config: dict[str, Any]
    editions: frozenset[str]
    access: str
    access_note: str
    provenance: tuple[dict[str, Any], ...]
    disagreements: tuple[str, ...]
    deprecated: bool = False

    @property
    def endpoint(self) -> str:
        return str(self.config.get("endpoint", ""))


@functools.cache
def shipped() -> tuple[Default, ...]:
    """Return the default registries in the order in which they are shown."""
    text = resource("defaults/defaults.toml").read_text("utf-8")
    return tuple(_default(entry) for entry in tomllib.loads(text)["registry"])


def by_key(key: str) -> Default | None:
    return next((default for default in shipped() if default.key == key), None)


def needs_credentials(row: RegistryRow) -> bool:
    """Say whether the row is a default that cannot be read without credentials."""
    default = by_key(row.default_id) if row.default_id else None
    return default is not None and default.access == "credentials"


def _default(entry: dict[str, Any]) -> Default:
    return Default(
        key=entry["key"],
        name=entry["name"],
        provider=entry["provider"],
        description=entry["description"],
        type=entry["type"],
        access_note=entry["access_note"],
        config=entry["config"],
        editions=frozenset(entry["editions"]),
        access=entry["access"],
        provenance=tuple(entry["provenance"]),
        disagreements=tuple(entry.get("disagreements", ())),
        deprecated=entry.get("deprecated", False),
    )


def install(tx: Transaction, db: Database | None, environment: EnvironmentRow, now: float) -> None:
    """Make the environment's rows agree with the shipped definitions and with its edition.

    `db` reads what is there; None for an environment that is being created.
    """
    there = {
        row.default_id: row
        for row in (stored.registries(db, environment.id) if db is not None else [])
        if row.default_id is not None
    }
    for default in shipped():
        row = there.get(default.key)
        offered = environment.edition in default.editions
        if row is None and offered:
            row = RegistryRow(
                id=hashlib.sha256(f"{environment.id}/{default.key}".encode()).hexdigest()[:12],
                environment_id=environment.id,
                scope="system",
                tenant_id=None,
                name=default.name,
                type=default.type,
                type_title=default.provider,
                created=now,
                default_id=default.key,
            )
        elif row is not None and not offered and row.last_success is None and not row.secrets:
            stored.purge_registry(tx, row.id)
            continue
        if row is not None and _defined(row, default) != there.get(default.key):
            stored.save_registry(tx, _defined(row, default))


def _defined(row: RegistryRow, default: Default) -> RegistryRow:
    own = {key: value for key, value in row.config.items() if key in USERS_OWN}
    config = {**default.config, **own}
    config["description"] = default.description
    return replace(
        row,
        name=default.name,
        type=default.type,
        type_title=default.provider,
        endpoint=default.endpoint,
        config=config,
    )
