# mypy: ignore-errors
"""Closes standard output."""

import os

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-closes-output"

    def sync(self, ctx):
        os.close(1)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
