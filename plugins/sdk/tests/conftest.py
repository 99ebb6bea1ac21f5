"""Fixtures of the SDK's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugins.sdk.tests.oci_visits import USERS
from registrykit.testing.tokens import TokenServer


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer(USERS) as serving:
        yield serving
