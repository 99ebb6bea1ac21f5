# mypy: ignore-errors
"""Puts slashes around paths."""

from hostile_sound import Sound, hook_for

from registrykit import Artifact, Found


class Hostile(Sound):
    id = "hostile-odd-path"

    def found(self, answer):
        for event in super().found(answer):
            yield Found(Artifact("package", f"/{event.artifact.path}/"), event.version)

    def save(self, ctx, artifact, version, stream):
        return super().save(ctx, Artifact("package", artifact.path.strip("/")), version, stream)


register_registry_types = hook_for(Hostile)
