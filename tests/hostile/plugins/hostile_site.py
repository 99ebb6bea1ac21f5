# mypy: ignore-errors
"""The registry that the specimens read, and the contract with it."""

import json
from contextlib import contextmanager

import pytest

from registrykit import Bearer
from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.servers import Site

TOKEN = "canary/token+of=specimens"
HELD = {"a": ["1.0.0", "1.1.0"], "b": ["2.0.0"]}
CHANGED = {"a": ["1.1.0"], "b": ["2.0.0", "2.1.0"]}


class SpecimenSite(Site):
    """A listing and its files, for those who have the token."""

    def __init__(self):
        super().__init__(sign_in=Bearer(TOKEN))
        self.publish(HELD)

    @property
    def config(self):
        return {"endpoint": self.url, "auth": "token", "token": TOKEN}

    def publish(self, held):
        self.put("/listing.json", json.dumps(held))
        for name, versions in held.items():
            for version in versions:
                self.put(f"/{name}/{version}", f"{name} {version}")


@contextmanager
def site():
    with SpecimenSite() as serving:
        yield serving


class SpecimenContract(RegistryTypeContract):
    has_documents = True
    can_save = True
    deadline = 3.0
    expects = True

    @pytest.fixture
    def registry(self, tmp_path):
        shelf = tmp_path / "shelf.json"
        shelf.write_text(json.dumps({"mine": ["https://registry.example", TOKEN]}), "utf-8")
        with SpecimenSite() as site:
            held = [(name, version) for name, versions in HELD.items() for version in versions]
            yield Served(
                site.config,
                site.stop,
                lambda: site.publish(CHANGED),
                held if self.expects else None,
                {"SPECIMEN_SHELF": str(shelf)},
            )
