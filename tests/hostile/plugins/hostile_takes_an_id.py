# mypy: ignore-errors
"""Registers the id of a type that comes with the program."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "helm"


register_registry_types = hook_for(Hostile)
