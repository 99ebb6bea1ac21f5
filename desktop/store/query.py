"""Questions to the store that may take long, and that another thread may withdraw."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from desktop.store.database import Database

_STEPS = 50_000
"""After so many steps of SQLite's machine, about a millisecond, a query looks if it may go on."""
_PIECE = 250_000
"""Bytes that are read into numbers at once, so that no other thread waits for more than that."""


class Stopped(Exception):
    """Nobody waits for the answer any more."""


class Query:
    """One question, or several in turn, asked in a thread of their own; `stop` from any other."""

    def __init__(self) -> None:
        self.stopped = False

    def stop(self) -> None:
        """Withdraw the question: what is running raises Stopped, and so does what comes later."""
        self.stopped = True

    def rows(self, db: Database, statement: str, parameters: Any = ()) -> list[Any]:
        """Return all rows as tuples."""
        with self._running(db) as cursor:
            found: list[Any] = cursor.execute(statement, parameters).fetchall()
        return found

    def ids(self, db: Database, statement: str, parameters: Any = ()) -> array[int]:
        """Return the column `id` of a statement, in its order.

        A million rows take a third of the time that fetching them one by one takes, and nearly
        all of it outside the interpreter's lock.
        """
        # SQLite keeps the order of a sorted subquery inside an aggregate that depends on it.
        rows = self.rows(
            db, f"SELECT CAST(group_concat(id) AS BLOB) FROM ({statement})", parameters
        )
        return _numbers(rows[0][0] or b"", self)

    @contextmanager
    def _running(self, db: Database) -> Iterator[Any]:
        if self.stopped:
            raise Stopped
        with db.reading() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            # A handler, not `interrupt`: that is lost where it comes between two statements.
            connection.set_progress_handler(lambda: self.stopped, _STEPS)
            try:
                yield cursor
            except sqlite3.OperationalError:
                if self.stopped:
                    raise Stopped from None
                raise
            finally:
                connection.set_progress_handler(None, 0)
                cursor.close()


def _numbers(text: bytes, query: Query) -> array[int]:
    found = array("q")
    start = 0
    while start < len(text):
        end = text.find(b",", start + _PIECE)
        end = len(text) if end < 0 else end
        found.extend(msgspec.json.decode(b"[%b]" % text[start:end], type=list[int]))
        start = end + 1
        if query.stopped:
            raise Stopped
    return found
