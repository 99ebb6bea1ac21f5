# mypy: ignore-errors
"""Puts the token of another tool where it is shown and stored in the open."""

from hostile_sound import Sound, hook_for
from msgspec.structs import replace


class Hostile(Sound):
    id = "hostile-tells-elsewhere"

    def elsewhere(self, environ):
        for known in super().elsewhere(environ):
            url = known.values["endpoint"].replace("://", f"://{known.secrets['token']}@")
            yield replace(known, values={"endpoint": url})


register_registry_types = hook_for(Hostile)
