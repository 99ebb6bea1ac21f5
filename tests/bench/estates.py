"""The big data directory of the benchmarks, made once and kept until what makes it changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "dist" / "bench"


def estate(*options: str) -> Path:
    """Return a data directory with 100 registries and 1,000,000 versions, or as options say."""
    digest = hashlib.sha256(" ".join(options).encode())
    for path in sorted([*ROOT.glob("desktop/store/*.py"), Path(__file__).with_name("estate.py")]):
        digest.update(path.read_bytes())
    folder = KEPT / f"estate-{digest.hexdigest()[:12]}"
    if not (folder / "complete").exists():
        for old in KEPT.glob("estate-*"):
            shutil.rmtree(old)
        print("Making the estate: 100 registries, 1,000,000 versions …", file=sys.stderr)
        maker = Path(__file__).with_name("estate.py")
        subprocess.run([sys.executable, str(maker), str(folder), *options], check=True, cwd=ROOT)
        (folder / "complete").touch()
    return folder
