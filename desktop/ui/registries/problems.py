"""What the one problem card of a registry says, and which button ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from desktop.ui.destination import Destination
from desktop.ui.parts.problem import Problem
from desktop.ui.registries.commands import RegistryCommands
from desktop.ui.session import Listed, Session

if TYPE_CHECKING:
    from desktop.engine.attention import Attention

Buttons = tuple[tuple[str, Callable[[], object]], ...]


def problem_of(found: Attention) -> Problem:
    return Problem(found.what, found.why, found.remedy)


def buttons_for(
    action: str,
    entry: Listed,
    session: Session,
    commands: RegistryCommands,
    show_tab: Callable[[str], object],
) -> Buttons:
    """Return the buttons of a problem card, the advised one first; none where nothing can help."""
    made = {
        "review": commands.review(entry),
        "sign-in": commands.edit(entry),
        "edit": commands.edit(entry),
        "check": commands.check(entry),
        "sync": commands.sync([entry]),
    }
    words = {
        "review": session.tr("Review…"),
        "sign-in": session.tr("Sign in…"),
        "edit": session.tr("Edit…"),
        "check": session.tr("Check connection"),
        "sync": session.tr("Synchronize"),
    }
    if action == "plugins":
        plugins = Destination("settings", tab="plugins")
        return ((session.tr("Plugins"), lambda: session.go(plugins)),)
    if action == "none":
        return ((session.tr("Show what was left out"), lambda: show_tab("changes")),)
    chosen = [name for name in (action, *_ALSO.get(action, ())) if not made[name].why_not]
    return tuple((words[name], made[name].act) for name in chosen)


_ALSO = {"check": ("sync",), "sign-in": ("check",), "edit": ("check",)}
"""What is offered beside the advised action."""
