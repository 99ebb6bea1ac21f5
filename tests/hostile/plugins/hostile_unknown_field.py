# mypy: ignore-errors
"""Asks for a number with a fraction, which no form can show."""

from typing import Annotated

from hostile_sound import Sound, SoundConfig, hook_for

from registrykit import Ui


class HostileConfig(SoundConfig):
    ratio: Annotated[float, Ui("Ratio")] = 0.5


class Hostile(Sound):
    id = "hostile-unknown-field"
    Config = HostileConfig


register_registry_types = hook_for(Hostile)
