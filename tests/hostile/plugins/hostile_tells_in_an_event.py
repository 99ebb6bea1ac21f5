# mypy: ignore-errors
"""Puts its token into a note."""

from hostile_sound import Sound, hook_for

from registrykit import Note


class Hostile(Sound):
    id = "hostile-tells-in-an-event"

    def sync(self, ctx):
        yield Note("signed-in", f"Signed in with {ctx.config.token.get_secret_value()}.")
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
