"""Whether there is a screen; a module of its own, because every start asks it first."""

from __future__ import annotations

from collections.abc import Mapping


def has_screen(platform: str, environ: Mapping[str, str]) -> bool:
    """Say whether there is a screen for a window, whatever Qt's variables say."""
    if not platform.startswith("linux"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
