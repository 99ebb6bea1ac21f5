# mypy: ignore-errors
"""Wants 5 MB to be remembered."""

from hostile_sound import Sound, hook_for

from registrykit import Complete


class Hostile(Sound):
    id = "hostile-remembers-everything"

    def sync(self, ctx):
        for event in super().sync(ctx):
            if isinstance(event, Complete):
                event = Complete(event.prefix, memory={"all": "x" * 5_000_000})
            yield event


register_registry_types = hook_for(Hostile)
