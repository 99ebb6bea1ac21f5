# mypy: ignore-errors
"""Ends its process while it looks."""

import os

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-dies-elsewhere"

    def elsewhere(self, environ):
        os._exit(7)


register_registry_types = hook_for(Hostile)
