# mypy: ignore-errors
"""Waits for something that never comes."""

import threading

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-hangs-in-sync"

    def sync(self, ctx):
        ctx.log.info("from here on nothing more happens")
        threading.Event().wait()
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
