# mypy: ignore-errors
"""Reads everything again every time."""

from hostile_sound import Sound, hook_for

from registrykit import Complete


class Hostile(Sound):
    id = "hostile-remembers-nothing"

    def sync(self, ctx):
        for event in super().sync(ctx):
            yield Complete(event.prefix) if isinstance(event, Complete) else event


register_registry_types = hook_for(Hostile)
