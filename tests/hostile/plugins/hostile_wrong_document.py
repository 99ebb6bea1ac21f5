# mypy: ignore-errors
"""Yields the documents of another version."""

from hostile_sound import Sound, hook_for

from registrykit import Document, Ref


class Hostile(Sound):
    id = "hostile-wrong-document"

    def details(self, ctx, artifact, version):
        yield Document(Ref(artifact.path, "0.0.0"), "readme", "# Another")


register_registry_types = hook_for(Hostile)
