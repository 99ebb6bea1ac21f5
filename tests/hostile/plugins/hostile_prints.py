# mypy: ignore-errors
"""Prints binary junk to standard output."""

import sys

from hostile_sound import Sound, hook_for


class Hostile(Sound):
    id = "hostile-prints"

    def sync(self, ctx):
        sys.stdout.buffer.write(b"\xff\x00\x00\x00\x04junk" * 8)
        sys.stdout.buffer.flush()
        yield from super().sync(ctx)


register_registry_types = hook_for(Hostile)
