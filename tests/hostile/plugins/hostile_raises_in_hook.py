# mypy: ignore-errors
"""Raises what is not even an Exception from the hook."""

from hostile_sound import Sound

from registrykit import hookimpl


class Hostile(Sound):
    id = "hostile-raises-in-hook"
    title = "Raises"


class Outrage(BaseException):
    pass


@hookimpl
def register_registry_types():
    raise Outrage("no types today")
