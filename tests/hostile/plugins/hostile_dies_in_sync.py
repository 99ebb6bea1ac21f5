# mypy: ignore-errors
"""Ends the process in the middle, without a word."""

import os

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-dies-in-sync"

    def sync(self, ctx):
        os._exit(7)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
