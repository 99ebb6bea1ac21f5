# mypy: ignore-errors
"""Fills the fields of an event with other types."""

from hostile_sound import Sound, hook_for

from registrykit import Artifact, Found, Version


class Hostile(Sound):
    id = "hostile-wrong-fields"

    def sync(self, ctx):
        yield Found(Artifact("package", 7), Version(1.0, digest=None))
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
