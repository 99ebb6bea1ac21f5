# mypy: ignore-errors
"""Puts an object into the facts that no wire can carry."""

import threading

from hostile_sound import Sound, hook_for

from registrykit import Artifact, Found, Version


class Hostile(Sound):
    id = "hostile-unsendable-fact"

    def sync(self, ctx):
        yield Found(Artifact("package", "a"), Version("9.9.9", facts={"lock": threading.Lock()}))
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
