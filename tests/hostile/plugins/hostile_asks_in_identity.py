# mypy: ignore-errors
"""Looks a name up in a method that the host calls while it draws."""

import socket
from contextlib import suppress

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-asks-in-identity"

    def identity(self, config):
        with suppress(OSError):
            return socket.getaddrinfo("registry.example", 443)[0][4][0]
        return config.endpoint


register_registry_types = hook_for(Hostile)
