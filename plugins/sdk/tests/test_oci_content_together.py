"""What is read at the same time, and that it comes in order all the same."""

from __future__ import annotations

import threading

import pytest

from plugins.sdk.tests.oci_contents import OciContents
from registrykit.errors import Unreachable
from registrykit.events import Complete
from registrykit.testing import faults
from registrykit.testing.answers import Answer, Request
from registrykit.testing.oci import OciSite
from registrykit.testing.running import collect

CONNECTIONS = 8


class Meeting(OciSite):
    """Answers for no manifest before as many were asked for as there are connections."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(CONNECTIONS)
        self.met = threading.Event()

    def _find(self, request: Request) -> Answer:
        if "/manifests/" in request.path and not self.met.is_set():
            self.barrier.wait(10)
            self.met.set()
        return super()._find(request)


@pytest.mark.parametrize(("repositories", "tags"), [(1, 200), (1, 8), (100, 2)])
def test_tags_use_every_connection_however_they_are_spread(repositories: int, tags: int) -> None:
    with Meeting() as site:
        for repository in range(repositories):
            for tag in range(tags):
                site.push_image(f"acme/r{repository}", f"1.{tag}")
        run = collect(OciContents(), {"endpoint": site.endpoint})
        assert site.met.is_set()
    assert len(run.found) == repositories * tags
    order = [found.artifact.path for found in run.found]
    assert order == sorted(order)


def test_what_lies_before_a_fault_of_the_registry_is_complete() -> None:
    with OciSite() as site:
        for name in ("a", "b", "c"):
            for tag in range(40):
                site.push_image(name, f"1.{tag}")
        site.spoil("/v2/b/tags/list", faults.reset())
        run = collect(OciContents(), {"endpoint": site.endpoint}, raises=False)
    assert isinstance(run.error, Unreachable)
    assert [complete.prefix for complete in run.of(Complete)] == ["a"]
    assert len(run.found) == 40
