"""Rules of the tree that no other tool checks."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    ".ci",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "desktop",
    "dev.py",
    "docs",
    "packaging",
    "plugins",
    "pyproject.toml",
    "requirements.lock",
    "resources",
    "tests",
}
MOST_LINES = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base"}
# The first-party types, built or planned; `registered_types` adds what is installed.
TYPE_IDS = {"oci", "helm", "legacy-pack", "vertex-nonfips"}
# Of the workspace; what new plugins are made from is text with gaps, not a package.
PACKAGES = sorted(
    path
    for path in ROOT.glob("plugins/*/src/*")
    if path.is_dir() and path.name != "__pycache__" and path.parents[1].name != "template"
)
MODULES = sorted(path for top in (ROOT / "desktop", *PACKAGES) for path in top.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def ignored(name: str) -> bool:
    """Say whether .gitignore names a file or folder of the top level."""
    lines = (ROOT / ".gitignore").read_text("utf-8").split()
    return any(Path(name).match(line.strip("/")) for line in lines)


def forbidden_strings(source: str, forbidden: set[str]) -> list[tuple[int, str]]:
    """Return line and text of string literals that are one of the forbidden texts."""
    return [
        (node.lineno, node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value in forbidden
    ]


def registered_types() -> set[str]:
    """Return the ids of the registry types that the installed plugins bring."""
    from importlib.metadata import entry_points

    return {
        registry_type.id
        for point in entry_points(group="registrykit")
        for registry_type in point.load().register_registry_types()
    }


def test_the_top_level_holds_only_what_the_architecture_names() -> None:
    found = {path.name for path in ROOT.iterdir() if path.name != ".git"}
    assert {name for name in found - TOP_LEVEL if not ignored(name)} == set()


@pytest.mark.parametrize("folder", ["packaging", "plugins", "resources", "tests"])
def test_folders_that_are_no_packages_stay_so(folder: str) -> None:
    found = [
        path
        for path in (ROOT / folder).rglob("__init__.py")
        if not any(path.is_relative_to(package) for package in PACKAGES)
        and not path.is_relative_to(ROOT / "plugins" / "template")
    ]
    assert found == []


def test_packages_have_an_init_and_say_that_they_are_typed() -> None:
    assert PACKAGES
    for package in PACKAGES:
        assert (package / "__init__.py").is_file(), package
        assert (package / "py.typed").is_file(), package


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_and_named_by_what_it_holds(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")
    assert lines <= MOST_LINES
    assert path.stem not in VAGUE_NAMES
    assert path.parent.name not in VAGUE_NAMES


def test_packaging_is_the_library_from_the_root() -> None:
    asked = [sys.executable, "-c", "import packaging.version as found; print(found.__file__)"]
    answer = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert not Path(answer.stdout.strip()).is_relative_to(ROOT / "packaging")
    assert answer.stdout.strip().endswith("version.py")


def test_the_lock_names_no_address_and_hashes_everything() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "options belong to who installs"
    pinned = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert len(pinned) > 30
    assert all(re.match(r"[a-z0-9-]+==\S+ .*\\$", line) for line in pinned)
    for entry in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry


def test_every_first_party_package_is_checked() -> None:
    """Contracts and types list packages by name, so that a new one must be added by hand."""
    names = {path.name for path in PACKAGES}
    contracts = settings()["tool"]["importlinter"]
    assert set(contracts["root_packages"]) == names | {"desktop"}
    by_id = {contract["id"]: contract for contract in contracts["contracts"]}
    strangers = {part.strip() for part in by_id["packages"]["layers"][0].split("|")}
    assert strangers == names - {"registrykit"} | {"desktop"}
    for contract in ("qt", "sql"):
        assert set(by_id[contract]["source_modules"]) == names | {"desktop"}
    assert set(by_id["http"]["source_modules"]) == names - {"registrykit"} | {"desktop"}
    typed = {path.rsplit("/plugins/", 1)[-1] for path in settings()["tool"]["mypy"]["mypy_path"]}
    sources = {f"{path.parents[1].name}/src" for path in PACKAGES}
    assert sources <= typed


def test_every_module_of_the_application_has_a_layer() -> None:
    contracts = settings()["tool"]["importlinter"]["contracts"]
    layers = next(entry for entry in contracts if entry["id"] == "desktop-layers")
    assert layers["exhaustive"] is True
    assert layers["containers"] == ["desktop"]


def test_the_application_names_no_registry_type() -> None:
    forbidden = TYPE_IDS | registered_types()
    found = [
        f"{name_of(path)}:{line}: {text!r}"
        for path in (ROOT / "desktop").rglob("*.py")
        if not path.is_relative_to(ROOT / "desktop" / "demo")
        for line, text in forbidden_strings(path.read_text("utf-8"), forbidden)
    ]
    assert found == []


def test_a_named_registry_type_would_be_found() -> None:
    assert forbidden_strings('kind = "x"\nif kind == "helm": pass', {"helm"}) == [(2, "helm")]
    assert forbidden_strings('text = "helm charts"', {"helm"}) == []


def test_the_licence_list_is_that_of_the_lock() -> None:
    spec = importlib.util.spec_from_file_location("build_script", ROOT / "packaging/build.py")
    assert spec
    assert spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    text = (ROOT / "resources/licences/THIRD-PARTY.md").read_text("utf-8")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()]
    listed = {row[0]: row[1] for row in rows if len(row) == 3 and row[1][:1].isdigit()}
    assert listed == build.locked(), "run: python3 dev.py lock"
    assert all(row[2] for row in rows if len(row) == 3)
    assert not listed.keys() & {"pytest", "ruff", "requests", "uv", "hatchling"}
