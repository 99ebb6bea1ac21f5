# mypy: ignore-errors
"""Changes the working directory and the environment."""

import os

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-moves-house"

    def sync(self, ctx):
        os.chdir(os.sep)
        os.environ["http_proxy"] = "http://proxy.example:3128"
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
