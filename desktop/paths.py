"""Where things lie: the user's data, and the files that ship with the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent / "resources"
_WHEEL = Path(__file__).resolve().parent / "_resources"


def resource(name: str) -> Path:
    """Return the path of a shipped file or folder, in a checkout, a wheel or a frozen bundle."""
    bundle = getattr(sys, "_MEIPASS", None)
    roots = [Path(bundle) / "resources"] if bundle else []
    for root in [*roots, _CHECKOUT, _WHEEL]:
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is not among the files of this installation")


def default_data_dir() -> Path:
    """Return the folder of the user's data; REGISTRY_DESKTOP_DATA_DIR chooses another."""
    chosen = os.environ.get("REGISTRY_DESKTOP_DATA_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("registry-desktop", appauthor=False))


def prepare(data_dir: Path) -> None:
    """Create the data directory for its owner alone."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform != "win32":
        data_dir.chmod(0o700)
