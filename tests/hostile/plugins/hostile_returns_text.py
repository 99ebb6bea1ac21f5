# mypy: ignore-errors
"""Returns the name of its type from the hook, not the type."""

from hostile_sound import Sound

from registrykit import hookimpl


class Hostile(Sound):
    id = "hostile-returns-text"
    title = "Text"


@hookimpl
def register_registry_types():
    return [Hostile.id]
