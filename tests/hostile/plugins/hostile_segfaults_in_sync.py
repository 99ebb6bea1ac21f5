# mypy: ignore-errors
"""Reads from address zero in the middle."""

import ctypes

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-segfaults-in-sync"

    def sync(self, ctx):
        ctypes.string_at(0)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
