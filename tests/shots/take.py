"""Photograph the screens of the real program in one variant; `dev.py shots` starts this.

python -m tests.shots.take VARIANT DIRECTORY [SCREEN…]
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True)
class Variant:
    """How the screens are shown; `scale` is that of the whole display."""

    size: QSize
    appearance: str = "light"
    scale: int = 1


WIDE, NARROW = QSize(1180, 760), QSize(760, 640)
VARIANTS = {
    "light": Variant(WIDE),
    "dark": Variant(WIDE, "dark"),
    "200": Variant(WIDE, scale=2),
    "narrow": Variant(NARROW),
}


def take(variant: str, folder: Path, wanted: list[str]) -> list[str]:
    """Save one picture of each screen; return the names of those that were not reached."""
    from desktop.ui.start import STYLE
    from tests.shots.scene import Scene
    from tests.shots.screens import SCREENS, prepare

    shape = VARIANTS[variant]
    application = QApplication([__name__, *STYLE])
    scene = Scene(application, shape.size, shape.appearance)
    failed = []
    chosen = [screen for screen in SCREENS if not wanted or screen.name in wanted]
    opened = ""
    for screen in chosen:
        try:
            if screen.data != opened or screen.data != "demo":
                scene.open(screen.data, prepare(screen.data))
                opened = screen.data
            screen.reach(scene)
            scene.picture(folder / f"{screen.name}-{variant}.png")
            screen.leave(scene)
        except Exception:
            failed.append(f"{screen.name}-{variant}")
            traceback.print_exc()
            opened = ""
    scene.end()
    return failed


def choose_font(folder: Path) -> Path:
    """Return a configuration of fontconfig that prefers Inter, as desktops of today look."""
    path = folder / "fonts.conf"
    families = ("sans-serif", "Sans Serif", "Sans")
    aliases = "".join(
        f'<alias binding="same"><family>{family}</family><prefer><family>Inter</family></prefer>'
        "</alias>"
        for family in families
    )
    included = "<include>/etc/fonts/fonts.conf</include>"
    path.write_text(f"<fontconfig>{aliases}{included}</fontconfig>")
    return path


def main() -> int:
    variant, folder, *wanted = sys.argv[1:]
    os.environ["QT_SCALE_FACTOR"] = str(VARIANTS[variant].scale)
    os.environ["REGISTRY_DESKTOP_KEYRING"] = "none"
    with tempfile.TemporaryDirectory() as fonts:
        os.environ["FONTCONFIG_FILE"] = str(choose_font(Path(fonts)))
        failed = take(variant, Path(folder), wanted)
    for name in failed:
        print(f"not photographed: {name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
