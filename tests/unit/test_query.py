"""Questions that are withdrawn, and how ids come out of the store."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from desktop.store import browse, query
from desktop.store.browse import Filter
from desktop.store.query import Query, Stopped
from registrykit import Complete
from tests.scripted import Bench, found

NUMBERS = "WITH RECURSIVE n(id) AS (SELECT -5 UNION ALL SELECT id + 3 FROM n"


def test_a_question_that_was_withdrawn_is_not_answered(bench: Bench) -> None:
    db = bench.app.db
    bench.sync(*found("a", "1.0.0"), Complete(""))
    withdrawn = Query()
    withdrawn.stop()
    wanted = Filter((bench.registry_id,), "a")
    for ask in (
        lambda: browse.ids(db, wanted, withdrawn),
        lambda: browse.first(db, wanted, query=withdrawn),
        lambda: browse.facets(db, wanted, withdrawn),
        lambda: browse.storage(db, withdrawn),
    ):
        with pytest.raises(Stopped):
            ask()
    assert len(browse.ids(db, wanted)) == 1


def test_a_question_is_stopped_while_it_runs(bench: Bench) -> None:
    asked = Query()
    timer = threading.Timer(0.05, asked.stop)
    timer.start()
    with pytest.raises(Stopped):
        asked.ids(bench.app.db, f"{NUMBERS}) SELECT id FROM n")
    timer.join()
    # The connection of this thread answers the next question.
    assert list(Query().ids(bench.app.db, "SELECT 7 AS id")) == [7]


def test_the_store_closes_what_another_thread_reads_with_only_after_that(bench: Bench) -> None:
    db, reading, closed = bench.app.db, threading.Event(), threading.Event()
    told = list[int | str]()

    def read() -> None:
        with db.reading() as connection:
            reading.set()
            closed.wait(20)
            told.append(connection.execute("SELECT 7").fetchone()[0])
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 8")
        told.append("closed")

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(20)
    db.close()
    closed.set()
    thread.join(20)
    assert told == [7, "closed"]


def test_a_mistake_in_a_statement_is_no_stop(bench: Bench) -> None:
    with pytest.raises(sqlite3.OperationalError):
        Query().ids(bench.app.db, "SELECT id FROM nowhere")


def test_many_ids_are_read_in_pieces_without_loss(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "_PIECE", 7)
    ids = Query().ids(bench.app.db, f"{NUMBERS} LIMIT 2000) SELECT id FROM n ORDER BY id DESC")
    assert list(ids) == [3 * step - 5 for step in reversed(range(2000))]


def test_no_row_is_no_id(bench: Bench) -> None:
    assert list(Query().ids(bench.app.db, "SELECT 1 AS id WHERE false")) == []
