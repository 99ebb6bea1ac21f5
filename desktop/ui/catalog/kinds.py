"""The kinds of artifacts that the plugins know, with their titles and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from desktop.engine.environments import WITH_FIPS
from desktop.ui.session import Session

if TYPE_CHECKING:
    from registrykit.artifacts import ArtifactKind

FIPS: Final = "fips"
"""The column of what is declared about FIPS: `registrykit.fips.FACT`."""
_FIPS_WORDS = {"not_compliant": "not compliant"}


def with_fips(session: Session) -> bool:
    """Say whether FIPS matters in the environment that is looked at."""
    return session.environment is not None and session.environment.edition in WITH_FIPS


def kinds(session: Session) -> dict[str, ArtifactKind]:
    """Return the kinds by id, with the columns that matter here; none before the program is ready.

    A kind that several plugins know has the columns of all of them.
    """
    found: dict[str, ArtifactKind] = {}
    if not session.is_ready:
        return found
    import msgspec

    fips = with_fips(session)
    for _, description in session.app.plugins.descriptions().values():
        for kind in description.kinds:
            known = found.get(kind.id, msgspec.structs.replace(kind, columns=()))
            there = {column.key for column in known.columns}
            more = (c for c in kind.columns if c.key not in there and (fips or c.key != FIPS))
            found[kind.id] = msgspec.structs.replace(known, columns=(*known.columns, *more))
    return found


def titles(session: Session) -> dict[str, str]:
    """Return the titles of the kinds by id."""
    return {key: kind.title for key, kind in kinds(session).items()}


def spelled_values(key: str, values: tuple[str, ...]) -> str:
    """Return what a column shows, with words in place of codes."""
    return ", ".join(in_words(key, value) for value in values)


def in_words(key: str, value: str) -> str:
    """Return one value of a column as people read it."""
    return _FIPS_WORDS.get(value, value) if key == FIPS else value


def facet_titles(there: Mapping[str, ArtifactKind]) -> dict[str, str]:
    """Return the titles of the columns by which these kinds are filtered, by key, in order."""
    return {
        column.key: column.title
        for kind in there.values()
        for column in kind.columns
        if column.facet
    }
