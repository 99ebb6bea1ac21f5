# mypy: ignore-errors
"""Raises KeyboardInterrupt, as if somebody had pressed Ctrl+C."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-interrupts-in-sync"

    def sync(self, ctx):
        raise KeyboardInterrupt
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
