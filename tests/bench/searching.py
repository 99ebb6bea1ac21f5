"""P3: search in a million versions: the first rows of a page, what may be chosen, and the picture.

Words are typed letter by letter. The floor of a search is a bare FTS5 query over the same rows,
ranked by FTS5 itself; the floor of counts is a bare count of the same rows.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from desktop.store import browse
from desktop.store.browse import Filter
from desktop.store.database import FILE, Database
from tests.bench import wares
from tests.bench.estates import estate
from tests.bench.measure import Line, share

WORDS, ROUNDS, PAGE = 24, 5, 100
QUERY, PAINTED = 10.0, 33.0
"""Milliseconds of P3, for 95 % of the letters; on a slow machine so many times the floor."""
AGAINST_FLOOR, AGAINST_PAINTING = 0.75, 5.0
TYPED_EVERY = 0.12
"""Seconds between two letters; counts are asked for meanwhile."""
COUNTS = {"artifacts": (4.0, 9.0), "versions": (2.0, 3.0)}
"""Counts of all rows, and of packs with the values of their columns, in floors."""

PACKS = {"kinds": ("pack",)}
ADDONS = {**PACKS, "facets": (("layer", ("addon",)),)}


def measure() -> list[Line]:
    folder = estate()
    db = Database(folder / FILE, writable=False)
    db.open()
    try:
        shown = tuple(
            row[0]
            for row in db.rows("SELECT id FROM registry WHERE removed_at IS NULL AND NOT hidden")
        )
        lines = [*_pages(db, shown), *_counts(db, shown)]
    finally:
        db.close()
    return [*lines, _painted(folder)]


def typed(words: int = WORDS, seed: int = 9) -> Iterator[str]:
    """Yield what stands in the search field while somebody types one word or two."""
    chance = random.Random(seed)
    known = [*wares.KNOWN, *wares.SUBJECTS, *wares.ROLES, *wares.QUALIFIERS]
    for word in chance.sample(known, words):
        text = word + chance.choice(["", f" {chance.choice(known)}", f"-{chance.choice(known)}"])
        yield from (text[:end] for end in range(1, min(len(text), 12) + 1))


def _pages(db: Database, shown: tuple[str, ...]) -> Iterator[Line]:
    letters = list(typed())
    ranked = "SELECT rowid FROM search WHERE search MATCH ? ORDER BY rank LIMIT ?"

    def bare(text: str) -> object:
        # FTS5 knows no word of less than three letters.
        words = [f'"{word}"' for word in text.split() if len(word) > 2]
        return db.rows(ranked, (" AND ".join(words), PAGE)) if words else None

    def of(narrowed: dict[str, Any]) -> Callable[[str], object]:
        return lambda text: browse.first(db, Filter(shown, text, **narrowed), PAGE)

    asked = {
        "every kind": of({}),
        "packs": of(PACKS),
        "add-on packs": of(ADDONS),
        "versions": of({"rows": "versions"}),
    }
    times = {name: _medians(ask, letters) for name, ask in {**asked, "bare": bare}.items()}
    floor = share(times["bare"], 0.95)
    for name in asked:
        value, middle = share(times[name], 0.95), statistics.median(times[name])
        note = f"median {middle:.1f} ms of {len(letters)}; bare FTS5, ranked: {floor:.1f} ms"
        limit = max(QUERY, round(AGAINST_FLOOR * floor, 1))
        yield Line(f"P3 first rows, {name}, p95", value, limit, note=note)


def _counts(db: Database, shown: tuple[str, ...]) -> Iterator[Line]:
    floors = {
        "artifacts": "SELECT kind, count(*) FROM artifact GROUP BY kind",
        "versions": "SELECT state, count(*) FROM version GROUP BY artifact_id, state",
    }
    for rows, statement in floors.items():
        for name, narrowed, limit in zip(("all", "packs"), ({}, PACKS), COUNTS[rows], strict=True):
            wanted = Filter(shown, rows=rows, **narrowed)  # type: ignore[arg-type]
            (value,) = _medians(lambda one: browse.facets(db, one), [wanted])
            (floor,) = _medians(db.rows, [statement])
            yield Line(f"P3 counts of {rows}, {name}", value, limit, floor=floor)


def _medians(ask: Callable[[Any], object], questions: list[Any]) -> list[float]:
    """Return how many milliseconds each question takes."""
    rounds = []
    for _ in range(ROUNDS):
        times = []
        for question in questions:
            begun = time.perf_counter()
            ask(question)
            times.append((time.perf_counter() - begun) * 1e3)
        rounds.append(times)
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def _painted(folder: Path) -> Line:
    """Measure from a letter that is typed fast to the picture of what it finds."""
    from PySide6.QtTest import QTest

    from desktop.ui.catalog.page import CatalogPage
    from desktop.ui.destination import Destination
    from tests.bench.window import open_window, run_events, wait

    with open_window(folder) as window:
        window.go(Destination("catalog"))
        (page,) = window.findChildren(CatalogPage)
        field, found = window.header.search, page.list
        wait(lambda: page.rows.rowCount())
        seen: dict[str, float] = {}

        def paint(wanted: Filter, _ids: object) -> None:
            found.table.viewport().repaint()
            seen.setdefault(wanted.query.strip(), time.perf_counter())

        found.asking.found.connect(paint)
        times, plain = list[float](), list[float]()
        for text in typed(WORDS // 2):
            if len(text) == 1:
                field.clear()
            seen.clear()
            begun = time.perf_counter()
            QTest.keyClicks(field, text[-1])
            wait(lambda: text.strip() in seen)  # noqa: B023
            times.append((seen[text.strip()] - begun) * 1e3)
            again = time.perf_counter()
            found.table.viewport().repaint()
            plain.append((time.perf_counter() - again) * 1e3)
            while time.perf_counter() < begun + TYPED_EVERY:
                run_events()
    floor = share(plain, 0.95)
    note = (
        f"median {statistics.median(times):.1f} ms of {len(times)}; painting alone {floor:.1f} ms"
    )
    limit = max(PAINTED, round(AGAINST_PAINTING * floor, 1))
    return Line("P3 from a letter to the picture, p95", share(times, 0.95), limit, note=note)
