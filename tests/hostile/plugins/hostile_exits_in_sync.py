# mypy: ignore-errors
"""Calls sys.exit in the middle."""

import sys

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-exits-in-sync"

    def sync(self, ctx):
        sys.exit(0)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
