"""Plugins that misbehave, installed for real.

`plugins/` holds one module for each specimen: `hostile_floods.py` is the plugin `hostile-floods`.
All inherit `hostile_sound`, which keeps the contract, and break one thing.

The fixture `hostile` installs specimens into an environment of their own and gives it::

    def test_something(hostile):
        home = hostile("floods")                  # or several: hostile("floods", "prints")
        home.python                               # its interpreter, also for `python -I -m ...`
        home.distributions                        # ("hostile-floods",)
        home.site_packages                        # where modules and dist-info folders lie

The environment sees everything that is installed for the interpreter which runs the tests (the
program, registrykit, first-party plugins) and the specimens beside it. It is made once for a set
of specimens and goes with the session.

The fixture `site` runs the registry that the specimens read: `site.config` is valid for each type.
"""

from __future__ import annotations

import shutil
import site as site_of_python
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

SPECIMENS = Path(__file__).parent / "plugins"
# Not files, since no tool that reads Python could read them.
GENERATED = {"syntax_error": "def register_registry_types(:\n"}
# What every specimen may import.
GROUND = ("hostile_sound.py", "hostile_site.py")


@dataclass(frozen=True)
class Home:
    """An environment in which specimens are installed."""

    folder: Path
    python: Path
    site_packages: Path
    distributions: tuple[str, ...]


Install = Callable[..., Home]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.hostile)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Give the function that installs specimens by name and returns their `Home`."""
    homes: dict[tuple[str, ...], Home] = {}

    def install(*names: str) -> Home:
        if names not in homes:
            homes[names] = _settle(tmp_path_factory.mktemp("hostile"), names)
        return homes[names]

    return install


@pytest.fixture(scope="session")
def _site_module() -> ModuleType:
    sys.path.insert(0, str(SPECIMENS))
    try:
        import hostile_site  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(SPECIMENS))
    module: ModuleType = hostile_site
    return module


@pytest.fixture
def site(_site_module: ModuleType) -> Iterator[object]:
    """Give the registry that the specimens read."""
    with _site_module.site() as serving:
        yield serving


def _settle(folder: Path, names: tuple[str, ...]) -> Home:
    venv.EnvBuilder(symlinks=sys.platform != "win32", with_pip=False).create(folder)
    places = {"base": str(folder), "platbase": str(folder)}
    site_packages = Path(sysconfig.get_path("purelib", scheme="venv", vars=places))
    python = Path(sysconfig.get_path("scripts", scheme="venv", vars=places)) / Path(
        "python.exe" if sys.platform == "win32" else "python"
    )
    # A line that begins with "import" is run at start: so the .pth files over there count, too.
    shared = [entry for entry in site_of_python.getsitepackages() if Path(entry).is_dir()]
    lines = [f"import site; site.addsitedir({entry!r})" for entry in shared]
    (site_packages / "shared.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for module in GROUND:
        shutil.copy(SPECIMENS / module, site_packages)
    return Home(folder, python, site_packages, tuple(_install(site_packages, n) for n in names))


def _install(site_packages: Path, name: str) -> str:
    """Put the specimen's module and metadata where an installer would; returns its distribution."""
    module, distribution = f"hostile_{name}", f"hostile-{name.replace('_', '-')}"
    if name in GENERATED:
        (site_packages / f"{module}.py").write_text(GENERATED[name], encoding="utf-8")
    else:
        shutil.copy(SPECIMENS / f"{module}.py", site_packages)
    metadata = site_packages / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        "Requires-Dist: registrykit>=0.1,<0.2\n",
        encoding="utf-8",
    )
    (metadata / "INSTALLER").write_text("tests\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(
        f"[registrykit]\n{name} = {module}\n", encoding="utf-8"
    )
    files = [f"{module}.py", *(f"{metadata.name}/{path.name}" for path in metadata.iterdir())]
    (metadata / "RECORD").write_text("".join(f"{file},,\n" for file in files), encoding="utf-8")
    return distribution
