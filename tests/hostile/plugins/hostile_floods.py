# mypy: ignore-errors
"""Finds versions without end."""

import itertools

from hostile_sound import Sound, hook_for

from registrykit import Artifact, Found, Version


class Hostile(Sound):
    id = "hostile-floods"

    def sync(self, ctx):
        artifact = Artifact("package", "flood")
        for number in itertools.count():
            yield Found(artifact, Version(f"{number}.0.0"))


register_registry_types = hook_for(Hostile)
