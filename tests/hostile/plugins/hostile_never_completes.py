# mypy: ignore-errors
"""Finds versions, but never says that they are all."""

from hostile_sound import Sound, hook_for

from registrykit import Complete, Unchanged


class Hostile(Sound):
    id = "hostile-never-completes"

    def sync(self, ctx):
        for event in super().sync(ctx):
            if not isinstance(event, Complete):
                yield event
        yield Unchanged("", memory={"etag": self.read(ctx).etag})


register_registry_types = hook_for(Hostile)
