# mypy: ignore-errors
"""Logs the URL with its token."""

from urllib.parse import quote

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-tells-in-the-log"

    def sync(self, ctx):
        token = quote(ctx.config.token.get_secret_value(), safe="")
        ctx.log.info("reading %s?token=%s", ctx.config.endpoint, token)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
