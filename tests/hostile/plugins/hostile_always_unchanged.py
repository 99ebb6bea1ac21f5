# mypy: ignore-errors
"""Says that nothing changed, without asking."""

from hostile_sound import Sound, hook_for

from registrykit import Unchanged


class Hostile(Sound):
    id = "hostile-always-unchanged"

    def sync(self, ctx):
        if ctx.memory(""):
            yield Unchanged("")
        else:
            yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
