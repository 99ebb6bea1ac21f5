# mypy: ignore-errors
"""Asks for a password as plain text."""

from typing import Annotated

from hostile_sound import Sound, SoundConfig, hook_for

from registrykit import Ui


class HostileConfig(SoundConfig):
    password: Annotated[str, Ui("Password")] = ""


class Hostile(Sound):
    id = "hostile-plain-password"
    Config = HostileConfig


register_registry_types = hook_for(Hostile)
