# mypy: ignore-errors
"""Returns no text as its address."""

from hostile_sound import Sound, hook_for

from registrykit import Origin


class Hostile(Sound):
    id = "hostile-endpoint-is-none"

    def endpoint(self, config):
        return None

    def origins(self, config):
        return frozenset({Origin.of(config.endpoint)})

    def identity(self, config):
        return config.endpoint


register_registry_types = hook_for(Hostile)
