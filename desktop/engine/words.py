"""States, times and sizes in plain words, the same in the window and on the command line."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from desktop.engine.progress import Progress
    from desktop.store.values import RegistryRow

SILENT_SECONDS = 60.0
"""After this long without a sign of life a run is said to wait."""

Level = Literal["good", "busy", "quiet", "attention", "bad"]
"""How much a state asks for: decides color and icon, never stands alone."""

_LONGEST = 64
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 24 * 3600.0
_REASONS = {
    "unreachable": "cannot be reached",
    "refused": "connection refused",
    "dns": "its host was not found",
    "timeout": "did not answer in time",
    "broken-off": "the connection broke off",
    "truncated": "its answer was cut short",
    "untrusted-tls": "certificate is not trusted",
    "untrusted-certificate": "certificate is not trusted",
    "self-signed": "certificate is self-signed",
    "expired-certificate": "certificate has expired",
    "wrong-host": "certificate is for another host",
    "throttled": "asked to slow down",
    "not-found": "nothing at this address",
    "not-allowed": "access was refused",
    "bad-answer": "answers like something else",
    "offline": "the network was off",
}


@dataclass(frozen=True)
class State:
    """The worst that is to be said of a registry, in a few words.

    `share` is how much of a running synchronization is done, from 0.0 to 1.0, where that is known.
    """

    text: str
    level: Level
    share: float | None = None


def state(
    registry: RegistryRow,
    activity: str,
    conditions: Collection[str],
    now: float,
    *,
    gaps: int | None = None,
    progress: Progress | None = None,
) -> State:
    """Return what a list says of a registry.

    `gaps` is how many entries the last run skipped, None where nobody counted; `progress` is that
    of the run that goes on.
    """
    if activity == "syncing":
        return _syncing(progress, now)
    busy = {"queued": "waiting to synchronize", "cancelling": "cancelling"}
    if activity in busy:
        return State(busy[activity], "busy")
    if "plugin-missing" in conditions:
        return State("plugin is missing", "bad")
    if "disabled" in conditions:
        return State("plugin is switched off", "attention")
    if registry.last_outcome == "held":
        return State(registry.message or "held: versions would vanish", "attention")
    if "needs-sign-in" in conditions:
        return State("needs sign-in", "attention")
    if registry.last_outcome == "failed":
        return State(_failed(registry, now), "bad")
    if registry.last_outcome in ("interrupted", "cancelled"):
        when = ago(registry.last_attempt, now)
        return State(f"{registry.last_outcome} {when}".strip(), "attention")
    if registry.last_success is None:
        return State("never synchronized", "quiet")
    when = ago(registry.last_success, now)
    if registry.last_outcome == "partial":
        return State(_partial(registry, gaps), "attention")
    if "stale" in conditions:
        return State(f"synced {when}, overdue", "attention")
    return State(f"synced {when}", "good")


def _syncing(progress: Progress | None, now: float) -> State:
    if progress is None:
        return State("synchronizing", "busy")
    silent = now - progress.heard
    if silent >= SILENT_SECONDS:
        return State(f"no answer for {duration(silent)}", "busy", progress.share)
    if not progress.done and progress.total is None:
        return State("synchronizing", "busy")
    unit = progress.unit or ("documents" if progress.phase == "documents" else "")
    said = amount(progress.done, progress.total, unit)
    return State(f"syncing {said}", "busy", progress.share)


def amount(done: int, total: int | None, unit: str) -> str:
    """Return how far something is, such as `120 of 300 charts` or `1.2 MB of 33 MB`."""
    if unit == "bytes":
        return size(done) if total is None else f"{size(done)} of {size(total)}"
    said = f"{done:,}" if total is None else f"{done:,} of {total:,}"
    return f"{said} {unit}".strip()


def _failed(registry: RegistryRow, now: float) -> str:
    reason = _REASONS.get(registry.code) or _shortened(f"failed: {registry.message}")
    if registry.last_success is None:
        return reason
    return f"{reason}, synced {ago(registry.last_success, now)}"


def _shortened(text: str) -> str:
    """Return the beginning of a sentence, ended at a word."""
    text = text.strip(" :.")
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0] + " …"


def _partial(registry: RegistryRow, gaps: int | None) -> str:
    if registry.code == "removals-discarded":
        return "synced, removals were discarded"
    if gaps is None:
        return "synced with gaps"
    return f"synced with {counted(gaps, 'gap')}" if gaps else "synced, but not all of it"


def ago(moment: float | None, now: float) -> str:
    """Return how long ago a moment is, such as `12 min ago`; empty for None."""
    if moment is None:
        return ""
    passed = now - moment
    return "just now" if passed < _MINUTE else f"{_rounded(passed)} ago"


def until(moment: float, now: float) -> str:
    """Return when a moment comes, such as `in 23 h`."""
    left = moment - now
    return "now" if left < _MINUTE else f"in {_rounded(left)}"


def _rounded(seconds: float) -> str:
    """Return how far off a moment is; whoever reads it does not count seconds."""
    return "1 min" if seconds < 2 * _MINUTE else duration(seconds)


def duration(seconds: float) -> str:
    """Return a length of time in its largest unit, such as `0.4 s`, `75 s`, `12 min`, `3 days`."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h"
    return f"{seconds // _DAY:,.0f} days"


def size(count: int | None) -> str:
    """Return a number of bytes as people read it, such as `12 KB`; empty for None."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    amount, unit = count / 1000, "KB"
    for larger in ("MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 chart` or `1,204 charts`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def sentence(text: str) -> str:
    """Return a clause as a sentence: with a capital, unless it begins with a name, and an end."""
    text = text.strip()
    first = text.partition(" ")[0].rstrip(",;:")
    if first.isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text if not text or text.endswith((".", "…", "?", ":")) else f"{text}."
