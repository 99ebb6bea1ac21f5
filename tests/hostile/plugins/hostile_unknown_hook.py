# mypy: ignore-errors
"""Implements a hook that does not exist, beside the one that does."""

from hostile_sound import Sound, hook_for

from registrykit import hookimpl


class Hostile(Sound):
    id = "hostile-unknown-hook"
    title = "Unknown hook"


register_registry_types = hook_for(Hostile)


@hookimpl
def register_widgets():
    return []
