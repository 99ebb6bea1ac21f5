"""What the tests of this plugin share: a registry with something of everything in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plugins.oci.tests.pushed import fill
from registrykit.testing.oci import OciSite


@pytest.fixture
def site() -> Iterator[OciSite]:
    with OciSite() as served:
        fill(served)
        yield served
