"""The shrink guard: when a run may not remove what it no longer saw without asking.

Upstream indexes do come back cut short, half generated or restored from last year's backup. Then
the old catalog is worth more than the new one.
"""

from __future__ import annotations

from collections.abc import Iterable

SHARE = 0.2
MANY = 20
SMALLEST_PREFIX = 10


def would_shrink(before: int, lost: int) -> bool:
    """Say whether losing `lost` of `before` versions is too much to happen unasked."""
    if lost == 0:
        return False
    return lost >= before or (lost > SHARE * before and (lost > MANY or lost > before / 2))


def reason_to_hold(
    before: int, lost: int, prefixes: Iterable[tuple[int, int]], *, went_back: bool
) -> str:
    """Return why the removals of a run are held, or an empty text.

    `prefixes` gives versions before and lost for each completed prefix.
    """
    if went_back:
        return f"held: the source went back in time, {_versions(lost)} would vanish"
    if would_shrink(before, lost):
        return f"held: {_versions(lost)} would vanish"
    for prefix_before, prefix_lost in prefixes:
        if prefix_before >= SMALLEST_PREFIX and would_shrink(prefix_before, prefix_lost):
            return f"held: {_versions(lost)} would vanish"
    return ""


def _versions(count: int) -> str:
    return "1 version" if count == 1 else f"{count:,} versions"
