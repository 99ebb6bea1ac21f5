# mypy: ignore-errors
"""Takes a registry that is gone for an empty one."""

from hostile_sound import Sound, hook_for

from registrykit import Complete, Unreachable


class Hostile(Sound):
    id = "hostile-hides-errors"

    def sync(self, ctx):
        try:
            yield from super().sync(ctx)
        except Unreachable:
            yield Complete("")


register_registry_types = hook_for(Hostile)
