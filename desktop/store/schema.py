"""The schema: created once, and refused when it is another program's or another version's.

`PRAGMA user_version` holds the version. Until the first release an older one is refused with the
command that moves it aside; a newer one is never touched.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from registrykit.errors import RegistryError

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSION = 4
APPLICATION_ID = 0x52474459  # "RGDY"

# What SQLModel cannot say: partial and case-blind uniqueness, and the full-text index. The index
# has no copy of the text; rows are written together with those of `search_text`.
_EXTRA = (
    "CREATE UNIQUE INDEX ux_environment_name ON environment (name COLLATE NOCASE)",
    "CREATE UNIQUE INDEX ux_tenant_name ON tenant (environment_id, name COLLATE NOCASE)",
    """CREATE UNIQUE INDEX ux_registry_name
       ON registry (environment_id, scope, ifnull(tenant_id, ''), name COLLATE NOCASE)
       WHERE removed_at IS NULL AND default_id IS NULL""",
    """CREATE UNIQUE INDEX ux_registry_default ON registry (environment_id, default_id)
       WHERE default_id IS NOT NULL""",
    # The catalog's table is filtered and sorted from these indexes alone; rows are read by pages.
    """CREATE INDEX ix_artifact_name ON artifact (name COLLATE NOCASE, registry_id, path, kind,
       deprecated, versions, latest_is_stable)""",
    "CREATE INDEX ix_artifact_listed ON artifact (registry_id, kind, deprecated, versions)",
    "CREATE INDEX ix_artifact_kind ON artifact (kind)",
    """CREATE INDEX ix_artifact_rank ON artifact
       (deprecated, length(name), name COLLATE NOCASE, registry_id, kind, versions)""",
    """CREATE INDEX ix_version_listed
       ON version (artifact_id, state, sort_key DESC, stable, deprecated)""",
    """CREATE INDEX ix_artifact_facet ON artifact_facet
       (key, value, kind, registry_id, deprecated, versions, artifact_id)""",
    "CREATE INDEX ix_removal_version ON removal (version_id)",
    "CREATE INDEX ix_search_name ON search_text (name COLLATE NOCASE)",
    "CREATE INDEX ix_search_display ON search_text (display_name COLLATE NOCASE, name)",
    "CREATE INDEX ix_search_readme ON search_text (readme_state)",
    """CREATE VIRTUAL TABLE search USING fts5 (
       name, display_name, description, keywords, readme, images,
       content='search_text', content_rowid='artifact_id', tokenize='trigram')""",
)


class WrongData(RegistryError):
    """The data directory holds something that this version of the program cannot use."""

    default_code = "wrong-data"


def check(connection: sqlite3.Connection, path: Path) -> bool:
    """Say whether the schema is there; raises WrongData where it is not ours or not this version.

    Only reads.
    """
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise WrongData(
            f"The file {path.name} in the data directory is not a database.",
            cause=str(error),
            remedy=f"Move {path} aside; the program starts with an empty one then.",
        ) from None
    if not version and not tables:
        return False
    if application != APPLICATION_ID:
        raise WrongData(
            f"The file {path.name} in the data directory belongs to another program.",
            cause=f"its application id is {application:#x}",
            remedy="Choose another data directory with --data-dir.",
        )
    if version > VERSION:
        raise WrongData(
            "The data was written by a newer version of Registry Desktop.",
            cause=f"its schema has the version {version}, this program knows {VERSION}",
            remedy="Update the program, or choose another data directory with --data-dir.",
            code="data-too-new",
        )
    if version < VERSION:
        raise WrongData(
            "The data was written by an unreleased version of Registry Desktop.",
            cause=f"its schema has the version {version}, this program needs {VERSION}",
            remedy=f"Move it aside: mv '{path}' '{path}.old'",
            code="data-too-old",
        )
    return True


def create(connection: Connection) -> None:
    """Create every table in the transaction that is open on `connection`."""
    from sqlmodel import SQLModel

    from desktop.store import tables  # noqa: F401

    SQLModel.metadata.create_all(connection)
    for statement in _EXTRA:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
