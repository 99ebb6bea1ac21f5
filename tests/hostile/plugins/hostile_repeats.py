# mypy: ignore-errors
"""Yields every version twice."""

from hostile_sound import Sound, hook_for

from registrykit import Found


class Hostile(Sound):
    id = "hostile-repeats"

    def sync(self, ctx):
        for event in super().sync(ctx):
            yield event
            if isinstance(event, Found):
                yield event


register_registry_types = hook_for(Hostile)
