# mypy: ignore-errors
"""Computes in C for hours, with the interpreter locked."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-spins-in-sync"

    def sync(self, ctx):
        yield from super().sync(ctx)
        ctx.log.info("from here on nothing more happens")
        sum(range(10**15))


register_registry_types = hook_for(Hostile)
