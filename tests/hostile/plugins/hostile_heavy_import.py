# mypy: ignore-errors
"""Loads a parser as soon as it is imported."""

import yaml
from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-heavy-import"
    title = f"Heavy {yaml.__version__}"


register_registry_types = hook_for(Hostile)
