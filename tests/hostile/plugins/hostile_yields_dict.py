# mypy: ignore-errors
"""Yields a dict that looks like an event."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-yields-dict"

    def sync(self, ctx):
        yield {"event": "found", "name": "a", "version": "1.0.0"}
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
