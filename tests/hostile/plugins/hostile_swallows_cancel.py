# mypy: ignore-errors
"""Takes a cancelled request for a fault of the network, and tries again for ever."""

import time

from hostile_sound import Sound, hook_for

from registrykit import Cancelled


class Hostile(Sound):
    id = "hostile-swallows-cancel"

    def read(self, ctx, etag=""):
        while True:
            try:
                return super().read(ctx, etag)
            except Cancelled:
                time.sleep(0.05)


register_registry_types = hook_for(Hostile)
