# mypy: ignore-errors
"""Leaves out the last version of every artifact."""

import json

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-loses-a-version"

    def found(self, answer):
        listed = {name: len(versions) for name, versions in json.loads(answer.body).items()}
        for event in super().found(answer):
            listed[event.artifact.path] -= 1
            if listed[event.artifact.path]:
                yield event


register_registry_types = hook_for(Hostile)
