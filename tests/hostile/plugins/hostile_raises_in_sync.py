# mypy: ignore-errors
"""Raises an error that cannot even be shown."""

from hostile_sound import Sound, hook_for


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError("no words")


class Hostile(Sound):
    id = "hostile-raises-in-sync"

    def sync(self, ctx):
        raise Unspeakable
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
