"""The guide for authors shows the example as it is, and the contract as it is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from registrykit import errors, events
from registrykit.hooks import Hooks
from registrykit.registry import RegistryType

EXAMPLE = Path(__file__).parents[1]
GUIDE = EXAMPLE.parents[1] / "docs" / "plugins.md"


@pytest.fixture(scope="module")
def guide() -> str:
    return GUIDE.read_text("utf-8")


def tutorial(guide: str, language: str) -> list[str]:
    part = guide[guide.index("## Tutorial") : guide.index("## Hooks")]
    return re.findall(rf"```{language}\n(.*?)\n```", part, re.DOTALL)


def test_every_block_of_the_tutorial_stands_in_the_example(guide: str) -> None:
    files = ("src/registrykit_example/__init__.py", "tests/test_json_feed.py")
    source = "\n".join((EXAMPLE / file).read_text("utf-8") for file in files)
    for block in tutorial(guide, "python"):
        assert block in source
    for block in tutorial(guide, "toml"):
        assert block in (EXAMPLE / "pyproject.toml").read_text("utf-8")


def test_the_tutorial_leaves_no_code_of_the_example_out(guide: str) -> None:
    shown = "\n".join(tutorial(guide, "python"))
    source = (EXAMPLE / "src" / "registrykit_example" / "__init__.py").read_text("utf-8")
    lines = [line for line in source.splitlines() if line.strip()]
    assert [line for line in lines[1:] if line not in shown] == []


def test_every_hook_has_a_section_with_its_exact_signature(guide: str) -> None:
    hooks = {name: hook for name, hook in vars(Hooks).items() if not name.startswith("_")}
    assert hooks
    for name, hook in hooks.items():
        section = guide[guide.index(f"### {name}") :]
        assert f"def {name}{inspect.signature(hook)}".replace("'", "") in section


def test_every_method_of_a_type_is_listed_with_its_parameters(guide: str) -> None:
    for name, method in inspect.getmembers(RegistryType, inspect.isfunction):
        if not name.startswith("_"):
            parameters = ", ".join(inspect.signature(method).parameters)
            assert f"`{name}({parameters})`" in guide


def test_every_event_and_every_error_is_listed(guide: str) -> None:
    for name in ("Found", "Unchanged", "Skip", "Complete", "Document", "Progress", "Note"):
        assert hasattr(events, name)
        assert f"`{name}(" in guide
    for error in errors.RegistryError.__subclasses__():
        ours = error.__module__ == errors.__name__
        if ours and error.__name__ not in ("Cancelled", "Offline", "PluginFault"):
            assert f"| `{error.__name__}` |" in guide
