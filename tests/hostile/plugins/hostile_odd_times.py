# mypy: ignore-errors
"""Writes times in its own way."""

from hostile_sound import Sound, hook_for

from registrykit import Complete


class Hostile(Sound):
    id = "hostile-odd-times"

    def sync(self, ctx):
        for event in super().sync(ctx):
            if isinstance(event, Complete):
                event = Complete(event.prefix, event.memory, as_of="last Tuesday")
            yield event


register_registry_types = hook_for(Hostile)
