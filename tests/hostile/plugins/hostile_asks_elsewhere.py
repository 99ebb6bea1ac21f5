# mypy: ignore-errors
"""Looks up the host of a registry that nobody has agreed to take over yet."""

import socket

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-asks-elsewhere"

    def elsewhere(self, environ):
        for known in super().elsewhere(environ):
            if socket.getaddrinfo("registry.example", 443):
                yield known


register_registry_types = hook_for(Hostile)
