# mypy: ignore-errors
"""Finds every registry in best health."""

from hostile_sound import Sound, hook_for

from registrykit import Check


class Hostile(Sound):
    id = "hostile-check-is-blind"

    def check(self, ctx):
        yield Check("listing", "ok", "All is well.")


register_registry_types = hook_for(Hostile)
