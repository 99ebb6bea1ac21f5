# mypy: ignore-errors
"""Yields one event of 50 MB."""

from hostile_sound import Sound, hook_for

from registrykit import Document, Ref


class Hostile(Sound):
    id = "hostile-giant-event"

    def sync(self, ctx):
        yield Document(Ref("a", "1.0.0"), "readme", "x" * 50_000_000)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
