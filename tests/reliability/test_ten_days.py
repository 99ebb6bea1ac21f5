"""Ten simulated days: everything is synchronized once a day, and nothing grows.

Real program, real workers, real servers; only the clock is the test's.
"""

from __future__ import annotations

import os
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from desktop.app import App, build
from desktop.demo.content import Content
from desktop.engine.bus import Event, RunEnded
from desktop.engine.drafts import Place
from desktop.paths import resource
from desktop.store.values import RegistryRow
from registrykit.testing import faults
from registrykit.testing.servers import HelmSite
from tests.scripted import FakeClock

pytestmark = pytest.mark.reliability

HOUR = 3600.0
DAY = 24 * HOUR
TICK = 60.0


def add(app: App, name: str, endpoint: str, **values: object) -> RegistryRow:
    (environment,) = app.environments.all()
    (tenant,) = app.environments.tenants(environment)
    draft = app.registries.draft("helm", {"endpoint": endpoint, **values}, {})
    return app.registries.add(name, Place(environment, tenant), draft)[0]


def measure(app: App) -> dict[str, int]:
    """Return what must not grow."""
    app.workers.close()  # which of them rest just now is a matter of time
    with app.db.write() as tx:
        tx.sql("PRAGMA incremental_vacuum")
        pages = tx.one("PRAGMA page_count") - tx.one("PRAGMA freelist_count")
    return {
        "pages": pages,
        "threads": threading.active_count(),
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "children": len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()),
        "files": sum(1 for _ in app.data_dir.rglob("*")),
    }


def test_ten_days(tmp_path: Path) -> None:
    clock = FakeClock()
    start = clock.now()
    content = Content(resource("demo"))
    app = build(
        tmp_path / "data",
        writable=True,
        clock=clock,
        environ={"REGISTRY_DESKTOP_KEYRING": "none"},
    )
    names = ["community", "team", "archive"]
    sites = {name: HelmSite(base="/charts").start() for name in [*names, "flaky", "manual"]}
    for name, site in sites.items():
        repository = content.charts(name if name in names else "lab").at(0)
        site.publish(repository.index_yaml, repository.files)
        add(app, name, site.endpoint, synchronization=name != "manual")
    scheduler = app.scheduler()
    ended: dict[str, list[tuple[float, str]]] = {name: [] for name in sites}
    name_of = {row.id: row.name for row in app.registries.visible()}

    def note(event: Event) -> None:
        if isinstance(event, RunEnded):
            ended[name_of[event.registry_id]].append((clock.now(), event.outcome))

    app.bus.subscribe(note)
    measured: dict[int, dict[str, int]] = {}
    asleep = (6 * DAY, 7.5 * DAY)
    down = (45 * HOUR, 68 * HOUR)  # from before its third run on
    try:
        while clock.now() < start + 10 * DAY:
            elapsed = clock.now() - start
            if asleep[0] <= elapsed < asleep[1]:
                clock.time = start + asleep[1]
                continue
            if down[0] <= elapsed < down[1]:
                sites["flaky"].spoil("*", faults.status(500))
            else:
                sites["flaky"].mend()
            for row in scheduler.tick(clock.now()):
                while app.jobs.busy(row.id):
                    threading.Event().wait(0.002)
            day = int(elapsed // DAY)
            if day not in measured and elapsed % DAY > DAY / 2:
                measured[day] = measure(app)
            clock.time += TICK
        asked = {
            name: [log for log in site.log if log.path.endswith("index.yaml")]
            for name, site in sites.items()
        }
    finally:
        app.close()
        for site in sites.values():
            site.stop()

    # One request a day: at the start, then daily, with one catch-up after the sleep.
    for name in names:
        assert 9 <= len(asked[name]) <= 10, (name, len(asked[name]))
        assert [log.status for log in asked[name][1:]] == [304] * (len(asked[name]) - 1)
    assert asked["manual"] == []
    assert ended["manual"] == []

    # The flaky one failed for 20 hours: 5, 10, 20, 40, 80, 160, 320, then every 360 minutes.
    failed = [when for when, outcome in ended["flaky"] if outcome == "failed"]
    gaps = [(later - earlier) / 60 for earlier, later in pairwise(failed)]
    expected = [5, 10, 20, 40, 80, 160, 320]
    assert len(failed) >= 7
    for gap, minutes in zip(gaps, expected, strict=False):
        assert 0.85 * minutes <= gap <= 1.15 * minutes + 2, gaps
    healed = min(when for when, _ in ended["flaky"] if when > failed[-1])
    assert healed - failed[-1] <= 6.7 * HOUR

    # After the sleep everything overdue was done once, within the spread and not in one instant.
    woke = start + asleep[1]
    caught_up = [
        when - woke for name in names for when, _ in ended[name] if 0 <= when - woke < DAY / 2
    ]
    assert len(caught_up) == len(names)
    assert max(caught_up) <= 11 * 60
    assert len(set(caught_up)) > 1

    first, last = measured[1], measured[9]
    assert last["pages"] <= first["pages"] + 4, (first, last)
    for what in ("threads", "descriptors", "children", "files"):
        assert last[what] <= first[what] + 1, (what, first, last)
