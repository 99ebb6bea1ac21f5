# mypy: ignore-errors
"""Is ten times sure of every URL."""

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-guesses-ten"

    def guess(self, url):
        return 10.0


register_registry_types = hook_for(Hostile)
