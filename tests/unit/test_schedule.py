"""When a registry is synchronized next."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from desktop.engine.schedule import DAY, JITTER, SPREAD, Scheduler, next_run
from desktop.store.values import RegistryRow

NOW = 1_800_000_000.0
FRESH = RegistryRow("0a1b", "e", "tenant", "t", "Charts", "x", "X", NOW)
SYNCED = replace(FRESH, last_outcome="ok", last_success=NOW, last_attempt=NOW)


def due(row: RegistryRow, now: float = NOW) -> float:
    moment = next_run(row, now)
    assert moment is not None
    return moment


def test_a_registry_of_ones_own_is_due_at_once() -> None:
    assert due(FRESH) == NOW


def test_after_a_success_it_is_due_a_day_later_with_a_little_jitter() -> None:
    assert NOW + DAY - JITTER <= due(SYNCED) <= NOW + DAY
    other = replace(SYNCED, id="ffff")
    assert due(SYNCED) == due(SYNCED)
    assert due(SYNCED) != due(other)


@pytest.mark.parametrize(
    "row",
    [
        replace(SYNCED, automatic=False),
        replace(SYNCED, hidden=True),
        replace(SYNCED, removed_at=NOW),
        replace(FRESH, default_id="bitnami"),
        replace(SYNCED, failures=1, code="sign-in-failed"),
        replace(SYNCED, failures=1, code="secret-missing"),
    ],
)
def test_what_waits_for_the_user(row: RegistryRow) -> None:
    assert next_run(row, NOW + 10 * DAY) is None


def test_a_default_joins_after_its_first_success() -> None:
    assert due(replace(SYNCED, default_id="bitnami")) > NOW


def test_what_the_user_has_changed_is_due_until_it_was_tried() -> None:
    changed = replace(SYNCED, retry_at=NOW + 60)
    assert due(changed, NOW + 60) == NOW + 60
    tried = replace(changed, last_outcome="cancelled", last_attempt=NOW + 61)
    assert due(tried, NOW + 70) > NOW + 61
    assert next_run(replace(changed, automatic=False), NOW + 60) is None


def test_failures_back_off_from_five_minutes_to_six_hours() -> None:
    waits = [
        due(replace(SYNCED, last_outcome="failed", code="refused", failures=n)) - NOW
        for n in range(1, 12)
    ]
    assert 270 <= waits[0] <= 330
    assert all(later >= earlier * 1.5 for earlier, later in pairwise(waits[:7]))
    assert all(0.9 * 6 * 3600 <= wait <= 1.1 * 6 * 3600 for wait in waits[-3:])


def test_a_server_that_says_when_is_obeyed_but_not_for_ever() -> None:
    failed = replace(SYNCED, last_outcome="failed", code="throttled", failures=1)
    assert due(replace(failed, retry_at=NOW + 3600)) == NOW + 3600
    assert due(replace(failed, retry_at=NOW + 900_000)) == NOW + 6 * 3600


def test_a_cancelled_run_does_not_start_again_at_once() -> None:
    overdue = replace(SYNCED, last_success=NOW - 2 * DAY, last_outcome="cancelled")
    assert due(overdue) == NOW + 3600


def test_a_clock_that_was_wrong_causes_one_run() -> None:
    from_the_future = replace(SYNCED, last_success=NOW + 900 * DAY, last_attempt=NOW + 900 * DAY)
    assert due(from_the_future) == NOW
    assert due(replace(SYNCED, last_success=NOW - 900 * DAY)) < NOW


def test_what_is_overdue_after_a_sleep_is_spread_and_done_once() -> None:
    rows = {f"r{n}": replace(SYNCED, id=f"r{n}", last_success=NOW - 2 * DAY) for n in range(40)}
    started: list[tuple[float, str]] = []
    moment = NOW

    def start(row: RegistryRow) -> None:
        started.append((moment, row.id))
        rows[row.id] = replace(row, last_success=moment, last_attempt=moment)

    scheduler = Scheduler(lambda: list(rows.values()), lambda _id: False, start)
    while moment < NOW + SPREAD + 60:
        scheduler.tick(moment)
        moment += 30
    assert sorted(name for _, name in started) == sorted(rows)
    assert len({when for when, _ in started}) > 10
    moment += DAY / 2
    before = len(started)
    scheduler.tick(moment)
    assert len(started) == before


def test_a_registry_that_is_busy_is_left_alone() -> None:
    started: list[str] = []
    scheduler = Scheduler(lambda: [FRESH], lambda _id: True, lambda row: started.append(row.id))
    for minute in range(20):
        scheduler.tick(NOW + 60 * minute)
    assert started == []
