# mypy: ignore-errors
"""Objects to every configuration."""

from hostile_sound import Sound, hook_for

from registrykit import Problem


class Hostile(Sound):
    id = "hostile-objects-to-all"

    def validate(self, config):
        yield Problem("endpoint", "This does not look good.")


register_registry_types = hook_for(Hostile)
