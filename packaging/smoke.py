"""Prove that the wheels work by themselves: nothing of the checkout, nothing of the tools.

    python packaging/smoke.py

Builds the wheels, makes an environment that holds them and the packages that are shipped, and
runs the demo there. The packages are linked from .venv, so no network is needed. Run it with the
Python of .venv.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from build import ROOT, build_wheels, locked

ASK_WHERE = "import desktop, registrykit, sys; print(desktop.__file__); print(registrykit.__file__)"
ASK_RESOURCES = "from desktop.paths import resource; print(resource('licences/THIRD-PARTY.md'))"


def link_shipped_packages(site: Path) -> list[str]:
    """Put every shipped package that is installed here into `site`; return their names."""
    names = []
    for name in locked():
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # needed on another system or with another Python
        names.append(name)
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        for top in sorted(tops):
            link(Path(str(distribution.locate_file(top))), site / top)
    return names


def link(source: Path, target: Path) -> None:
    """Make `target` stand for `source`; a folder that several packages share is there already."""
    if target.exists():
        return
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError:  # Windows without the right to link
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)


def answer(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command in an empty folder and return what it prints; show why it failed."""
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {ended.returncode}\n{ended.stdout}{ended.stderr}"
        )
    return ended.stdout


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="registry-desktop-smoke-") as name:
        folder = Path(name).resolve()
        scripts, empty = folder / "env", folder / "empty"
        empty.mkdir()
        wheels = build_wheels(folder / "dist")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", scripts], check=True)
        programs = scripts / ("Scripts" if os.name == "nt" else "bin")
        python = str(programs / "python")
        environment = {**os.environ, "HOME": str(empty), "XDG_DATA_HOME": str(empty)}
        environment.pop("PYTHONPATH", None)
        ask_site = "import sysconfig; print(sysconfig.get_path('purelib'))"
        site = Path(answer([python, "-c", ask_site], empty, environment).strip())
        linked = link_shipped_packages(site)
        pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
        install = [*pip, "install", "--quiet", "--no-index", "--no-deps", *map(str, wheels)]
        answer(install, empty, environment)
        answer([*pip, "check"], empty, environment)
        print(f"smoke: {len(wheels)} wheels and {len(linked)} packages, nothing missing")

        for line in answer([python, "-c", ASK_WHERE], empty, environment).splitlines():
            if not Path(line).is_relative_to(site):
                raise SystemExit(f"{line} was used instead of the wheel")
        resources = Path(answer([python, "-c", ASK_RESOURCES], empty, environment).strip())
        if not resources.is_relative_to(site):
            raise SystemExit(f"{resources} was used instead of the wheel's resources")
        print("smoke: code and resources come from the wheels")

        demo = [str(programs / "registry-desktop"), "demo", "--headless", "--json"]
        summary: dict[str, Any] = json.loads(answer(demo, empty, environment))
        for key in ("registries", "runs", "search"):
            if not summary.get(key):
                raise SystemExit(f"the demo's summary holds no {key}: {summary}")
        print(f"smoke: the demo ran with {len(summary['registries'])} registries")
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
