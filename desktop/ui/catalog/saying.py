"""What the catalog says of what it shows, and of showing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from desktop.engine import words
from desktop.store.browse import Facets, Filter
from desktop.store.values import RegistryRow


@dataclass(frozen=True)
class Emptiness:
    """Why there is nothing to see, and what the button below it says."""

    title: str
    text: str
    action: str = ""


def summary(
    wanted: Filter,
    number: int,
    facets: Facets,
    rows: Sequence[RegistryRow],
    readmes: tuple[int, int],
    now: float,
) -> str:
    """Return how many rows there are, of when, and what could be searched.

    `readmes` is how many READMEs are here and how many are not.
    """
    registries = sum(1 for key in wanted.looked_in if facets.registries.get(key))
    noun = "version" if wanted.rows == "versions" else "artifact"
    said = [words.counted(number, noun)]
    # Without any, nothing of what is shown was counted yet.
    if len(rows) > 1 and registries:
        counted = words.counted(registries, "registry", "registries")
        said = [f"{said[0]} in {counted}"]
    seen = [row.last_success for row in rows if row.id in wanted.looked_in and row.last_success]
    if seen:
        said.append(f"as of {words.ago(min(seen), now)}")
    if wanted.query and sum(readmes):
        there, missing = readmes
        searched = f"searched {words.counted(there, 'README')}"
        said.append(f"{searched}, {missing:,} are not here" if missing else searched)
    return " · ".join(said)


def emptiness(text: str, narrowed: bool, rows: Sequence[RegistryRow]) -> Emptiness:
    """Return why nothing is shown; `narrowed` says whether kinds or registries were chosen."""
    if text or narrowed:
        return Emptiness(
            f"Nothing matches “{text}”" if text else "Nothing is left by these filters",
            "Words are looked for in names, descriptions, keywords, images and READMEs.",
            "Clear filters" if narrowed else "Show all",
        )
    if any(row.last_success is not None for row in rows):
        return Emptiness(
            "Nothing here", "Your registries listed nothing so far.", "Go to registries"
        )
    return Emptiness(
        "Nothing was synchronized yet",
        "What your registries hold is listed and searched here.",
        "Go to registries" if rows else "Add a registry",
    )
