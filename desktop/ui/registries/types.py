"""What the plugins say of a registry's type: its title, its icon, what it holds, its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.engine import words
from desktop.store.values import RegistryRow
from desktop.ui.session import Session

if TYPE_CHECKING:
    from registrykit.description import TypeDescription

UNKNOWN_ICON = "server"


def description(session: Session, type_id: str) -> TypeDescription | None:
    """Return what is known of a type; None without its plugin, and before the program is ready."""
    if not session.is_ready:
        return None
    found = session.app.plugins.descriptions().get(type_id)
    return found[1] if found else None


def title(session: Session, row: RegistryRow) -> str:
    found = description(session, row.type)
    return found.title if found else row.type_title or row.type


def symbol(session: Session, row: RegistryRow) -> str:
    found = description(session, row.type)
    return found.icon if found and found.icon else UNKNOWN_ICON


def contents(session: Session, row: RegistryRow) -> str:
    """Return how much a registry holds, such as `146 charts`; empty for nothing.

    Of a type that holds several kinds only `Holdings` knows how many there are of each.
    """
    number = row.artifacts
    if not number:
        return ""
    found = description(session, row.type)
    if found and len(found.kinds) == 1:
        kind = found.kinds[0]
        return words.counted(number, kind.title.lower(), kind.plural.lower())
    return words.counted(number, "artifact")
