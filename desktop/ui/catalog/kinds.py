"""The kinds of artifacts that the plugins know, with their titles and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.ui.session import Session

if TYPE_CHECKING:
    from registrykit.artifacts import ArtifactKind


def kinds(session: Session) -> dict[str, ArtifactKind]:
    """Return the kinds by id; none before the program is ready."""
    found: dict[str, ArtifactKind] = {}
    if session.is_ready:
        for _, description in session.app.plugins.descriptions().values():
            for kind in description.kinds:
                found.setdefault(kind.id, kind)
    return found


def titles(session: Session) -> dict[str, str]:
    """Return the titles of the kinds by id."""
    return {key: kind.title for key, kind in kinds(session).items()}
