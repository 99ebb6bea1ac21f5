# mypy: ignore-errors
"""Writes other bytes than were listed."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-saves-other-bytes"

    def save(self, ctx, artifact, version, stream):
        stream.write(b"something else")
        return super().save(ctx, artifact, version, stream)


register_registry_types = hook_for(Hostile)
