# mypy: ignore-errors
"""Knows of more registries than anybody has."""

from itertools import count

from hostile_sound import Sound, hook_for
from msgspec.structs import replace


class Hostile(Sound):
    id = "hostile-floods-elsewhere"

    def elsewhere(self, environ):
        (known,) = super().elsewhere(environ)
        for number in count():
            yield replace(known, name=f"registry {number}")


register_registry_types = hook_for(Hostile)
