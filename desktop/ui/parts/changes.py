"""A change of the ledger in words, with its icon and color."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.icons import of_kind
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import Elided, label, tooltip, visible

if TYPE_CHECKING:
    from desktop.store.news import Line, RunNews

CHANGE_ICONS = {
    "added": ("added", "good"),
    "removed": ("removed", "bad"),
    "digest-moved": ("moved", "attention"),
    "metadata-changed": ("changed", "busy"),
    "returned": ("returned", "good"),
}
CHANGE_WORDS = {
    "added": "added",
    "removed": "removed",
    "digest-moved": "digest moved",
    "metadata-changed": "metadata changed",
    "returned": "returned",
}
_SEVERAL = {"digest-moved": "digests moved"}


def how_many(counts: Mapping[str, int]) -> str:
    """Return counts by kind of change in words, always in one order: `3 added · 1 removed`."""
    known = [change for change in CHANGE_WORDS if change in counts]
    parts = []
    for change in (*known, *(each for each in counts if each not in CHANGE_WORDS)):
        number = counts[change]
        several = _SEVERAL.get(change) if number > 1 else None
        parts.append(f"{number:,} {several or CHANGE_WORDS.get(change, change)}")
    return " · ".join(parts)


def name_and_folder(path: str) -> tuple[str, str]:
    """Return what an artifact is called, and the folder of a registry that it is in, if any."""
    folder, _, name = visible(path).rpartition("/")
    return name, folder


class ChangeLine(QWidget):
    """One change on one line, for short lists; where the artifact is comes last."""

    def __init__(self, run: RunNews, change: Line, now: float) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 3, 0, 3)
        line.setSpacing(6)
        symbol, level = CHANGE_ICONS.get(change.change, ("changed", "quiet"))
        picture = Picture(symbol, 16, level)
        said = CHANGE_WORDS.get(change.change, change.change)
        when = words.ago(run.at, now)
        version = change.version
        if change.versions > 1:
            version = words.counted(change.versions, "version")
        name, folder = name_and_folder(change.artifact)
        line.addWidget(picture)
        line.addWidget(Picture(of_kind(change.kind), 16))
        line.addWidget(label(name, "strong"))
        line.addWidget(label(version))
        line.addWidget(label(said, level))
        where = " · ".join(part for part in (run.registry, folder) if part)
        place = Elided(where, "secondary")
        place.setMinimumWidth(1)
        line.addWidget(place, 1)
        line.addWidget(label(when, "caption"))
        whole = f"{change.kind} {visible(change.artifact)}"
        self.setToolTip(tooltip(whole))
        told = (f"{whole} {version} {said}", run.registry, when)
        self.setAccessibleName(", ".join(part for part in told if part))
