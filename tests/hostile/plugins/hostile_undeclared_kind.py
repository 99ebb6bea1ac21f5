# mypy: ignore-errors
"""Finds artifacts of a kind that the type does not declare."""

from hostile_sound import Sound, hook_for

from registrykit import Artifact, Found


class Hostile(Sound):
    id = "hostile-undeclared-kind"

    def sync(self, ctx):
        for event in super().sync(ctx):
            if isinstance(event, Found):
                event = Found(Artifact("gadget", event.artifact.path), event.version)
            yield event


register_registry_types = hook_for(Hostile)
