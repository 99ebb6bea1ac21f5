"""When the user last looked at what has changed; one moment for a data directory."""

from __future__ import annotations

from desktop.store import registries as stored
from desktop.store.database import Database

_KEY = "looked"


def looked(db: Database) -> float | None:
    """Return the moment in seconds since the epoch; None before the first look."""
    kept = stored.settings(db).get(_KEY)
    return float(kept) if isinstance(kept, (int, float)) else None


def mark_looked(db: Database, now: float) -> None:
    """Remember that everything up to `now` has been seen."""
    with db.write() as tx:
        stored.save_setting(tx, _KEY, now)
