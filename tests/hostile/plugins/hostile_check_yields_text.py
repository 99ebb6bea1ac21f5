# mypy: ignore-errors
"""Yields text from the connection check for what goes well."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-check-yields-text"

    def check(self, ctx):
        for check in super().check(ctx):
            yield check if check.verdict == "failed" else check.verdict


register_registry_types = hook_for(Hostile)
