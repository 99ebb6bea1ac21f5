# mypy: ignore-errors
"""Writes digests in its own way."""

from hostile_sound import Sound, hook_for

from registrykit import Found, Version


class Hostile(Sound):
    id = "hostile-odd-digest"

    def sync(self, ctx):
        for event in super().sync(ctx):
            if isinstance(event, Found):
                digest = event.version.digest.upper()
                event = Found(event.artifact, Version(event.version.version, digest=digest))
            yield event

    def save(self, ctx, artifact, version, stream):
        lower = Version(version.version, digest=version.digest.lower())
        return super().save(ctx, artifact, lower, stream)


register_registry_types = hook_for(Hostile)
