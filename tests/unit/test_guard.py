"""When a run may not remove what it no longer saw."""

from __future__ import annotations

import pytest

from desktop.engine.guard import reason_to_hold, would_shrink


@pytest.mark.parametrize(
    ("before", "lost", "held"),
    [
        (0, 0, False),
        (100, 0, False),
        (1, 1, True),
        (3, 1, False),
        (3, 2, True),
        (10, 5, False),
        (10, 6, True),
        (100, 20, False),
        (100, 21, True),
        (1000, 200, False),
        (1000, 201, True),
        (40, 8, False),
        (40, 20, False),
        (40, 21, True),
    ],
)
def test_would_shrink(before: int, lost: int, held: bool) -> None:
    assert would_shrink(before, lost) is held


def test_one_prefix_that_shrinks_holds_a_run_that_does_not() -> None:
    assert reason_to_hold(1000, 11, [(980, 0), (20, 11)], went_back=False)
    assert not reason_to_hold(1000, 9, [(991, 0), (9, 9)], went_back=False), "too small to judge"


def test_the_reason_counts() -> None:
    assert reason_to_hold(200, 140, [], went_back=False) == "held: 140 versions would vanish"
    assert reason_to_hold(1, 1, [], went_back=False) == "held: 1 version would vanish"
    assert "back in time" in reason_to_hold(200, 1, [], went_back=True)
