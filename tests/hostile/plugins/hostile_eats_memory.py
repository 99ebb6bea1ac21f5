# mypy: ignore-errors
"""Takes all the memory there is."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-eats-memory"

    def sync(self, ctx):
        hoard = []
        while True:
            hoard.append(bytearray(16 * 1024 * 1024))
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
