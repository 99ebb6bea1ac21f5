# mypy: ignore-errors
"""Knows of one registry, and then of no end."""

import time

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-hangs-elsewhere"

    def elsewhere(self, environ):
        yield from super().elsewhere(environ)
        time.sleep(3600)


register_registry_types = hook_for(Hostile)
