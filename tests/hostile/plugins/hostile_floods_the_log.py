# mypy: ignore-errors
"""Logs without end."""

import itertools

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-floods-the-log"

    def sync(self, ctx):
        for number in itertools.count():
            ctx.log.warning("line %d", number)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
