"""The names of the registries, read with nothing but `sqlite3`: for the first picture."""

from __future__ import annotations

import sqlite3
from pathlib import Path

FILE = "registry-desktop.db"
MOST = 60
"""More rows than a large screen shows."""


def glance(data_dir: Path, environment: str = "") -> list[tuple[str, str]]:
    """Return names and types in the order of lists; empty where there is nothing to be read.

    `environment` is an id, empty for all.
    """
    path = data_dir / FILE
    if not path.exists():
        return []
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.05)
        try:
            return connection.execute(
                "SELECT name, type_title FROM registry WHERE removed_at IS NULL AND NOT hidden"
                " AND (:environment = '' OR environment_id = :environment)"
                " ORDER BY default_id IS NOT NULL, name COLLATE NOCASE, created LIMIT :most",
                {"environment": environment, "most": MOST},
            ).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        # What is wrong with the data is told by what reads all of it, a moment later.
        return []
