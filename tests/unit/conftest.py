"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripted import Bench, open_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A program with one scripted registry on a fresh data directory."""
    made = open_bench(tmp_path / "data")
    yield made
    made.app.close()
