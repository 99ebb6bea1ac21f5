"""When a registry is synchronized next: computed from its last success, never from a timer.

So a program that is opened for a minute a day, a laptop that slept for a weekend and a clock that
jumped all do the right thing: what is due is done once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from desktop.store.values import RegistryRow

DAY = 24 * 3600.0
JITTER = 20 * 60.0
FIRST_RETRY = 5 * 60.0
LONGEST_RETRY = 6 * 3600.0
AFTER_CANCEL = 3600.0
SPREAD = 10 * 60.0
"""After a sleep or a start, what is overdue is spread over this time."""
GAP = 5 * 60.0
"""A pause between two ticks that is longer than this was a sleep."""

_NEEDS_THE_USER = frozenset({"sign-in-failed", "needs-sign-in", "secret-missing", "bad-config"})


def _fraction(text: str) -> float:
    """Return a fixed number in [0, 1) for a text, so that jitter survives a restart."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def in_schedule(registry: RegistryRow) -> bool:
    """Say whether the registry is synchronized without being asked."""
    if not registry.automatic or registry.hidden or registry.removed_at is not None:
        return False
    return registry.default_id is None or registry.last_success is not None


def next_run(registry: RegistryRow, now: float) -> float | None:
    """Return when the registry is synchronized next, in seconds since the epoch.

    None where it waits for the user: synchronization is off, a default was never asked for, or
    the registry did not accept the password.
    """
    if not in_schedule(registry):
        return None
    if registry.failures and registry.code in _NEEDS_THE_USER:
        return None
    attempt = registry.last_attempt
    if attempt is not None and attempt > now + JITTER:
        # The clock went backwards since; what it said then is worth nothing.
        return now
    if registry.failures and attempt is not None:
        wait = min(FIRST_RETRY * 2.0 ** (registry.failures - 1), LONGEST_RETRY)
        wait *= 0.9 + 0.2 * _fraction(f"{registry.id}/{registry.failures}")
        return max(attempt + wait, min(registry.retry_at or 0.0, attempt + LONGEST_RETRY))
    success = registry.last_success
    due = now if success is None else min(success, now) + DAY
    if success is not None:
        due -= JITTER * _fraction(f"{registry.id}/{int(success)}")
    if registry.last_outcome == "cancelled" and attempt is not None:
        due = max(due, attempt + AFTER_CANCEL)
    if registry.last_outcome == "interrupted" and attempt is not None:
        # What ended the program may do so again.
        due = max(due, attempt + FIRST_RETRY)
    # It is read from elsewhere, or as somebody else, since the user has changed it.
    if registry.retry_at is not None and (attempt is None or attempt < registry.retry_at):
        due = min(due, registry.retry_at)
    return due


class Scheduler:
    """Start what is due; call `tick` at least once a minute while the program is open."""

    def __init__(
        self,
        registries: Callable[[], Iterable[RegistryRow]],
        busy: Callable[[str], bool],
        start: Callable[[RegistryRow], object],
    ) -> None:
        self._registries = registries
        self._busy = busy
        self._start = start
        self._last_tick: float | None = None
        self._awake_since = 0.0

    def tick(self, now: float) -> list[RegistryRow]:
        """Start every registry that is due at `now` and return them."""
        if self._last_tick is None or not 0 <= now - self._last_tick <= GAP:
            self._awake_since = now
        self._last_tick = now
        started: list[RegistryRow] = []
        for registry in self._registries():
            due = next_run(registry, now)
            if due is None or due > now or self._busy(registry.id):
                continue
            if due <= self._awake_since:
                # Overdue before the program woke up: not all at once.
                due = self._awake_since + SPREAD * _fraction(registry.id)
                if due > now:
                    continue
            self._start(registry)
            started.append(registry)
        return started
