# mypy: ignore-errors
"""Leaves a thread behind that nobody ends."""

import threading

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-leaves-threads"

    def sync(self, ctx):
        threading.Thread(target=threading.Event().wait, name="left behind", daemon=True).start()
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
