# mypy: ignore-errors
"""Skips a path after it has said that everything is complete."""

from hostile_sound import Sound, hook_for

from registrykit import Complete, Ref, Skip


class Hostile(Sound):
    id = "hostile-speaks-after-complete"

    def sync(self, ctx):
        for event in super().sync(ctx):
            yield event
            if isinstance(event, Complete):
                yield Skip(Ref("b", "0.9.0"), "it was too late")


register_registry_types = hook_for(Hostile)
