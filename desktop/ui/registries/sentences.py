"""What is said of a registry and its runs in whole sentences."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale

from desktop.engine import words
from desktop.engine.words import Level
from desktop.store.values import RunRow
from desktop.ui.session import Listed

OUTCOMES: dict[str, tuple[str, Level]] = {
    "": ("running", "busy"),
    "ok": ("changed", "good"),
    "unchanged": ("nothing new", "good"),
    "partial": ("with gaps", "attention"),
    "held": ("held", "attention"),
    "failed": ("failed", "bad"),
    "cancelled": ("cancelled", "attention"),
    "interrupted": ("interrupted", "attention"),
}
"""How a run ended, in words, and how much that asks for."""

_SKIPPED = {"listed-twice": "listed twice with different digests; the first one stands"}
"""Reasons that are codes; plugins give sentences."""


def moment(seconds: float, now: float) -> str:
    """Return a time in local time, short; the year stands there only where it is another."""
    found, today = _local(seconds), _local(now)
    same_year = found.date().year() == today.date().year()
    locale = _locale()
    day_words = locale.toString(found.date(), "d MMM" if same_year else "d MMM yyyy")
    return f"{day_words} {locale.toString(found.time(), QLocale.FormatType.ShortFormat)}"


def day(seconds: float) -> str:
    """Return a date with its month as a word, so that nobody takes the month for the day."""
    return _locale().toString(_local(seconds).date(), "d MMMM yyyy")


def _local(seconds: float) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(int(seconds))


def _locale() -> QLocale:
    system = QLocale.system()
    # What C writes, nobody reads.
    return QLocale("en_GB") if system.language() == QLocale.Language.C else system


def headline(entry: Listed, run: RunRow | None, now: float) -> str:
    """Return how the registry is, in a sentence or two; `run` is its last one."""
    row = entry.row
    if entry.activity == "queued":
        return "It synchronizes as soon as others are done."
    if entry.activity != "idle" and row.last_success is None:
        return "It is being synchronized for the first time."
    if entry.activity != "idle":
        return "It is being synchronized now; what was stored before can be read meanwhile."
    if run is None or row.last_outcome == "never":
        return _unread(entry)
    when = words.ago(run.finished or run.started, now)
    rest = _kept(entry, now)
    if run.outcome == "ok":
        return f"Synchronized {when}: {counts(run)}."
    if run.outcome == "unchanged":
        gaps = f", {words.counted(run.skipped, 'known gap')}" if run.skipped else ""
        return f"Synchronized {when}; nothing had changed{gaps}."
    if run.outcome == "partial":
        return f"Synchronized {when}, but not everything could be read: {counts(run)}."
    if run.outcome == "held":
        return f"Synchronized {when}. What vanished upstream is kept until you decide."
    if run.outcome == "failed":
        return f"The last synchronization failed {when}. {rest}"
    if run.outcome in ("cancelled", "interrupted"):
        return f"The last synchronization was {run.outcome} {when}. {rest}"
    return f"A synchronization began {when}."


def _unread(entry: Listed) -> str:
    if "plugin-missing" in entry.conditions:
        return "No plugin for registries of this type is installed, so it cannot be read yet."
    if "disabled" in entry.conditions:
        return "The plugin for registries of this type is switched off, so it cannot be read."
    if "needs-sign-in" in entry.conditions:
        return "It needs credentials before it can be synchronized."
    return "It was never synchronized, so nothing of it can be searched yet."


def _kept(entry: Listed, now: float) -> str:
    if entry.row.last_success is None:
        return "Nothing was stored before."
    when = words.ago(entry.row.last_success, now)
    return f"What was synchronized {when} is still here."


def counts(run: RunRow) -> str:
    """Return what a run changed, such as `3 added, 1 changed`."""
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (run.added, "added"),
            (run.changed, "changed"),
            (run.removed, "removed"),
            (run.skipped, "skipped"),
        )
        if number
    ]
    return ", ".join(parts) or "nothing changed"


def took(run: RunRow, now: float) -> str:
    return words.duration((run.finished if run.finished is not None else now) - run.worked_from)


def reason(text: str) -> str:
    """Return why something was skipped, in words where it is a code."""
    return _SKIPPED.get(text, text)
