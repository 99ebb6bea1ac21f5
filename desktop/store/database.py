"""The database file: one writing connection, any number of readers.

WAL with `synchronous=FULL`: NORMAL loses acknowledged work at a power cut. The one writing
connection owns every checkpoint and readers open the file read-only, so that the WAL-reset fault of
SQLite before 3.51.3, which needs two connections that checkpoint, cannot be met.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop.store import schema
from desktop.store.glance import FILE as FILE
from registrykit.errors import RegistryError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlmodel import Session, SQLModel

_SCRATCH = """
CREATE TEMP TABLE stage (
    run INTEGER, kind TEXT, path TEXT, name TEXT, display_name TEXT, description TEXT,
    keywords TEXT, version TEXT, tag TEXT, digest TEXT, content_digest TEXT, size INTEGER,
    created TEXT, app_version TEXT, deprecated INTEGER, stable INTEGER, sort_key BLOB,
    fingerprint BLOB, body BLOB, UNIQUE (run, path, kind, version, tag));
CREATE TEMP TABLE stage_kept (run INTEGER, path TEXT, version TEXT, whole INTEGER);
CREATE INDEX temp.ix_stage_kept ON stage_kept (run, path);
CREATE TEMP TABLE spared (artifact_id INTEGER PRIMARY KEY);
CREATE TEMP TABLE stage_skip (
    run INTEGER, kind TEXT, path TEXT, version TEXT, reason TEXT);
CREATE TEMP TABLE stage_document (
    run INTEGER, kind TEXT, path TEXT, version TEXT, tag TEXT, name TEXT, media_type TEXT,
    digest TEXT, text TEXT);
CREATE TEMP TABLE touched (artifact_id INTEGER PRIMARY KEY);
CREATE TEMP TABLE diff (
    stage INTEGER, artifact_id INTEGER, version_id INTEGER, change TEXT, old_digest TEXT,
    old_content TEXT);
"""


class StoreFailed(RegistryError):
    """The disk refused: full, read-only, gone. What was stored before is as it was."""

    default_code = "store-failed"
    default_remedy = "Free some space on the disk, or check that it can be written, and try again."


class Transaction:
    """Open writes; everything is committed together when the `with` block ends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def sql(self, statement: str, parameters: Any = ()) -> Any:
        """Run one statement, or many with a list of parameters, on the driver itself."""
        return self.connection.exec_driver_sql(statement, parameters)

    def one(self, statement: str, parameters: Any = ()) -> Any:
        row = self.sql(statement, parameters).fetchone()
        return None if row is None else (row[0] if len(row) == 1 else tuple(row))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session for single rows as models."""
        from sqlmodel import Session

        with Session(self.connection, expire_on_commit=False) as session:
            yield session
            session.flush()

    def save(self, *rows: SQLModel) -> None:
        """Insert or replace single rows by their primary key."""
        with self.session() as session:
            for row in rows:
                session.merge(row)


class Database:
    """The store of one data directory."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._lock = threading.RLock()
        self._local = threading.local()
        self._engine: Engine | None = None
        self._writer: Connection | None = None

    @property
    def exists(self) -> bool:
        return self.path.exists()

    def open(self) -> None:
        """Check the schema, creating it where there is none and writing is allowed.

        Raises `schema.WrongData` for a file that cannot be used; that file is not touched.
        """
        ready = self.has_schema
        if not self.writable:
            return
        self._writer = self._connect_writer()
        if not ready:
            with self.write() as tx:
                schema.create(tx.connection)
        for statement in filter(str.strip, _SCRATCH.split(";")):
            self._writer.exec_driver_sql(statement)

    @property
    def has_schema(self) -> bool:
        """Say whether there is something to read; a fresh data directory has nothing yet."""
        if not self.exists:
            return False
        with self.reading() as connection:
            return schema.check(connection, self.path)

    def _connect_writer(self) -> Connection:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import StaticPool

        engine = create_engine(
            f"sqlite:///{self.path}",
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "isolation_level": None, "timeout": 5},
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "foreign_keys = ON",
                "busy_timeout = 5000",
                "trusted_schema = OFF",
                "cache_size = -32768",
                "temp_store = FILE",
            ):
                connection.execute(f"PRAGMA {pragma}")

        self._engine = engine
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def write(self) -> AbstractContextManager[Transaction]:
        """Open a transaction; one at a time over all threads. An exception undoes it all.

        Raises StoreFailed where the disk refuses.
        """
        # The driver would begin on its own terms, and not before DDL; say it ourselves.
        return self._transaction("BEGIN IMMEDIATE")

    def scratch(self) -> AbstractContextManager[Transaction]:
        """Write to temporary tables only: nothing of it survives the program."""
        return self._transaction("BEGIN DEFERRED")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        from sqlalchemy.exc import DatabaseError, OperationalError

        with self._lock:
            if self._writer is None:
                raise RuntimeError("the store was opened for reading only")
            try:
                self._writer.exec_driver_sql(begin)
                yield Transaction(self._writer)
                self._writer.exec_driver_sql("COMMIT")
            except DatabaseError as error:
                self._rollback()
                if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
                    raise  # a row that may not be there is our own fault, not the disk's
                # The driver's own words only: the statement's parameters are the user's.
                raise StoreFailed("The data could not be stored.", cause=str(error.orig)) from None
            except BaseException:
                self._rollback()
                raise

    def _rollback(self) -> None:
        from sqlalchemy.exc import DBAPIError

        assert self._writer is not None
        try:
            self._writer.exec_driver_sql("ROLLBACK")
        except DBAPIError:
            # On a full disk SQLite has ended the transaction itself.
            return

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend this thread's read-only connection; `close` leaves it open until it is given back.

        Closed in the middle of a query, it would take the whole program down.
        """
        local = self._local
        reader: _Reader | None = getattr(local, "reader", None)
        if reader is None:
            reader = local.reader = _Reader(_open_read_only(self.path))
        yield reader.connection

    def rows(self, statement: str, parameters: Any = ()) -> list[sqlite3.Row]:
        with self.reading() as connection:
            return connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Any = ()) -> sqlite3.Row | None:
        with self.reading() as connection:
            found: sqlite3.Row | None = connection.execute(statement, parameters).fetchone()
        return found

    def close(self) -> None:
        with self._lock:
            self._local = threading.local()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None


class _Reader:
    """Closes a connection when neither a thread nor a query that runs has it any more."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        # A connection is part of a cycle of its own, which only this ends.
        self.connection.close()


def _open_read_only(path: Path) -> sqlite3.Connection:
    # check_same_thread is off only so that the thread of `close` may end those of others.
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=5
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    return connection
