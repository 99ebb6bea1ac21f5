# mypy: ignore-errors
"""Puts a number with a fraction into the facts."""

from hostile_sound import Sound, hook_for

from registrykit import Found, Version


class Hostile(Sound):
    id = "hostile-fractions-in-facts"

    def sync(self, ctx):
        for event in super().sync(ctx):
            if isinstance(event, Found):
                version = event.version
                facts = {"size": 1.5}
                event = Found(
                    event.artifact, Version(version.version, digest=version.digest, facts=facts)
                )
            yield event


register_registry_types = hook_for(Hostile)
