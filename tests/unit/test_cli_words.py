"""States, times and sizes in words."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.engine import words
from desktop.store.values import RegistryRow

NOW = 1_000_000.0


def row(**columns: Any) -> RegistryRow:
    known: dict[str, Any] = {
        "environment_id": "e",
        "scope": "tenant",
        "tenant_id": "t",
        "name": "n",
    }
    return RegistryRow("id", **known, type="x", type_title="X", created=0.0, **columns)


def said(activity: str = "idle", *conditions: str, gaps: int | None = None, **columns: Any) -> str:
    return words.state(row(**columns), activity, conditions, NOW, gaps=gaps).text


SYNCED: dict[str, Any] = {"last_success": NOW - 720, "last_attempt": NOW - 720}


def test_a_good_state_says_when() -> None:
    assert said(last_outcome="ok", **SYNCED) == "synced 12 min ago"
    assert said(last_outcome="unchanged", **SYNCED) == "synced 12 min ago"
    assert said() == "never synchronized"
    assert words.state(row(last_outcome="ok", **SYNCED), "idle", (), NOW).level == "good"


def test_the_worst_is_said() -> None:
    bad: dict[str, Any] = {"last_outcome": "failed", "code": "refused", **SYNCED}
    assert said(**bad) == "connection refused, synced 12 min ago"
    assert said(last_outcome="failed", code="refused") == "connection refused"
    other: dict[str, Any] = {"last_outcome": "failed", "code": "never-heard-of"}
    assert said(**other) == "failed"
    assert said(**other, message="It is odd.") == "failed: It is odd"
    assert said(**other, message="word " * 20) == "failed: " + "word " * 11 + "…"
    assert said("idle", "needs-sign-in", **bad) == "needs sign-in"
    assert said("idle", "plugin-missing", "needs-sign-in", **bad) == "plugin is missing"
    assert said("idle", "disabled", **bad) == "plugin is switched off"
    assert said("syncing", "plugin-missing", **bad) == "synchronizing"
    assert said("queued") == "waiting to synchronize"
    assert said("cancelling") == "cancelling"
    assert said("idle", "stale", last_outcome="ok", **SYNCED) == "synced 12 min ago, overdue"


def test_unusual_ends_are_said() -> None:
    held: dict[str, Any] = {"last_outcome": "held", "message": "held: 140 versions would vanish"}
    assert said(**held, **SYNCED) == "held: 140 versions would vanish"
    assert said(last_outcome="partial", gaps=3, **SYNCED) == "synced with 3 gaps"
    assert said(last_outcome="partial", gaps=1, **SYNCED) == "synced with 1 gap"
    assert said(last_outcome="partial", gaps=0, **SYNCED) == "synced, but not all of it"
    assert said(last_outcome="partial", **SYNCED) == "synced with gaps"
    kept: dict[str, Any] = {"last_outcome": "partial", "code": "removals-discarded"}
    assert said(**kept, gaps=0, **SYNCED) == "synced, removals were discarded"
    assert said(last_outcome="cancelled", **SYNCED) == "cancelled 12 min ago"
    assert said(last_outcome="interrupted") == "interrupted"


def test_no_state_claims_an_equality_that_nobody_checked() -> None:
    outcomes = "never ok unchanged partial held failed cancelled interrupted".split()
    shown = [said(last_outcome=outcome, **SYNCED) for outcome in outcomes]
    assert not [text for text in shown if "in sync" in text or "up to date" in text]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (75, "75 s"),
        (12 * 60, "12 min"),
        (119 * 60, "119 min"),
        (23 * 3600, "23 h"),
        (47 * 3600, "47 h"),
        (72 * 3600, "3 days"),
        (-5, "0.0 s"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_moments() -> None:
    assert words.ago(None, NOW) == ""
    assert words.ago(NOW - 3, NOW) == "just now"
    assert words.ago(NOW + 3600, NOW) == "just now"
    assert words.ago(NOW - 7200, NOW) == "2 h ago"
    assert words.until(NOW + 23 * 3600, NOW) == "in 23 h"
    assert words.until(NOW - 1, NOW) == "now"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (12_345, "12 KB"),
        (999_600, "1.0 MB"),
        (5_000_000_000, "5.0 GB"),
        (10**16, "10,000 TB"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert words.size(count) == text


def test_counts_have_their_noun() -> None:
    assert words.counted(1, "chart") == "1 chart"
    assert words.counted(1204, "chart") == "1,204 charts"
    assert words.counted(2, "registry", "registries") == "2 registries"
