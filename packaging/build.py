"""Build what is shipped: the wheels, and the list of the licences that come with them.

    python packaging/build.py wheels [FOLDER]     into dist/ or FOLDER, without a network
    python packaging/build.py licences            writes resources/licences/THIRD-PARTY.md

Run it with the Python of .venv.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LICENCES = ROOT / "resources" / "licences" / "THIRD-PARTY.md"
# In the order in which they depend on each other; what is here is part of the program.
SHIPPED = (
    *(ROOT / "plugins" / name for name in ("sdk", "helm", "legacy_pack", "oci", "vertex_nonfips")),
    ROOT,
)

# What the classifiers of older packages mean, where metadata has no licence expression.
CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# What people write where an expression belongs.
SPELLED = {"BSD": "BSD-3-Clause", "Apache 2": "Apache-2.0", "Apache License 2.0": "Apache-2.0"}
# Packages of other systems, which are not installed where the list is written, and one whose
# metadata does not name its licences.
LOOKED_UP = {
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "pywin32-ctypes": "BSD-3-Clause",
}

TITLE = """\
# Third-party packages

Registry Desktop itself is under the Apache License 2.0. It is shipped with these packages, each
under its own licence; the texts of the licences come with the packages. Some are needed on one
operating system or with one version of Python only.

Written from `requirements.lock` by `python packaging/build.py licences`.

| package | version | licence |
| --- | --- | --- |
"""


def project(folder: Path) -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return table


def direct_dependencies(folders: Iterable[Path]) -> set[str]:
    """Return the names that our own projects need at run time, without our own.

    Of the extras those count that one of our projects asks of another.
    """
    own, needed, extras = set(), list[Requirement](), dict[tuple[str, str], list[str]]()
    for folder in folders:
        table = project(folder)
        name = str(canonicalize_name(str(table["name"])))
        own.add(name)
        dependencies, optional = table.get("dependencies", []), table.get("optional-dependencies")
        assert isinstance(dependencies, list)
        needed += map(Requirement, dependencies)
        for extra, texts in (optional if isinstance(optional, dict) else {}).items():
            extras[name, extra] = texts
    asked = {(str(canonicalize_name(one.name)), extra) for one in needed for extra in one.extras}
    needed += [Requirement(text) for key in asked for text in extras.get(key, [])]
    return {str(canonicalize_name(one.name)) for one in needed} - own


def shipped_versions(lock: str, direct: set[str]) -> dict[str, str]:
    """Return name and version of every package of a lock that is needed at run time.

    The lock says under each package which others need it (`# via`); what only the tools of
    developers need is left out. It covers all operating systems, unlike what is installed here.
    """
    versions: dict[str, str] = {}
    needed_by: dict[str, set[str]] = {}
    name = ""
    for line in lock.splitlines():
        if pinned := re.match(r"([a-z0-9-]+)==(\S+)", line):
            name = pinned[1]
            versions[name], needed_by[name] = pinned[2], set()
        elif name and (via := re.match(r"\s+#\s+(?:via\s*)?([a-z0-9-]*)$", line)) and via[1]:
            needed_by[name].add(via[1])
    missing = direct - versions.keys()
    if missing:
        raise ValueError(f"the lock does not name {', '.join(sorted(missing))}")
    shipped, grown = set(direct), True
    while grown:
        added = {name for name in versions if needed_by[name] & shipped} - shipped
        grown = bool(added)
        shipped |= added
    return {name: versions[name] for name in sorted(shipped)}


def licence_of(name: str) -> str:
    """Return the licence as an SPDX expression, from a package's metadata."""
    if name in LOOKED_UP:
        return LOOKED_UP[name]
    try:
        described = importlib.metadata.metadata(name).json
    except importlib.metadata.PackageNotFoundError:
        raise ValueError(
            f"{name} is not installed here: write the list on Linux with Python 3.11, whose "
            "environment holds everything else, or add the package to LOOKED_UP"
        ) from None
    for key in ("license_expression", "license"):
        text = str(described.get(key, ""))
        if text and len(text) < 60 and "\n" not in text:
            return SPELLED.get(text, text)
    for classifier in described.get("classifier", ()):
        last = classifier.rsplit(" :: ", 1)[-1]
        if classifier.startswith("License ::") and last in CLASSIFIED:
            return CLASSIFIED[last]
    raise ValueError(f"{name} does not say what its licence is: look it up and add it here")


def third_party(versions: dict[str, str]) -> str:
    """Return the list as Markdown."""
    rows = (f"| {name} | {version} | {licence_of(name)} |" for name, version in versions.items())
    return TITLE + "\n".join(rows) + "\n"


def locked() -> dict[str, str]:
    """Return what this checkout ships."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    return shipped_versions(lock, direct_dependencies(SHIPPED))


def build_wheels(folder: Path) -> list[Path]:
    """Build one wheel for each of our projects and return them; older ones are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = []
    for source in SHIPPED:
        table = project(source)
        stem = re.sub(r"[-_.]+", "_", str(table["name"]))
        for old in folder.glob(f"{stem}-*.whl"):
            old.unlink()
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(command, cwd=source, check=True, stdout=subprocess.DEVNULL)
        wheels.append(folder / f"{stem}-{table['version']}-py3-none-any.whl")
    return wheels


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["wheels"] and len(arguments) <= 2:
        folder = Path(arguments[1]) if len(arguments) == 2 else ROOT / "dist"
        for wheel in build_wheels(folder.resolve()):
            print(wheel)
        return 0
    if arguments == ["licences"]:
        LICENCES.parent.mkdir(parents=True, exist_ok=True)
        LICENCES.write_text(third_party(locked()), "utf-8", newline="\n")
        print(LICENCES)
        return 0
    print((__doc__ or "").strip(), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
