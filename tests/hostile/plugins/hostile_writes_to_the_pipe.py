# mypy: ignore-errors
"""Writes junk into every pipe that it inherited."""

import os
import stat
from contextlib import suppress

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-writes-to-the-pipe"

    def sync(self, ctx):
        for number in range(3, 64):
            with suppress(OSError):
                if stat.S_ISFIFO(os.fstat(number).st_mode):
                    os.write(number, b"\xff" * 64)
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
