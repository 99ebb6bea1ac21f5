# mypy: ignore-errors
"""Raises after it has said that everything is complete."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-raises-after-complete"

    def sync(self, ctx):
        yield from super().sync(ctx)
        raise RuntimeError("one thing more")


register_registry_types = hook_for(Hostile)
