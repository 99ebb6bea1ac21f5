"""The pytest plugin that comes with registrykit; it loads nothing until a contract is inherited."""

from __future__ import annotations

import sys

import pytest

CONTRACT = "registrykit.testing.contract"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "contract: a clause that every registry type has to keep")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of every contract, so that `-m contract` runs them and nothing else."""
    contract = sys.modules.get(CONTRACT)
    if contract is None:
        return
    for item in items:
        owner = getattr(item, "cls", None)
        if isinstance(owner, type) and issubclass(owner, contract.RegistryTypeContract):
            item.add_marker(pytest.mark.contract)
