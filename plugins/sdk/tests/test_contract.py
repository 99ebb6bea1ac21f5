"""The contract kit itself: what it asks for, what it skips, and how it speaks.

That each clause can fail is shown by the specimens in `tests/hostile`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registrykit import Artifact, Complete, Found, Ref, Skip, Unchanged, Version
from registrykit.events import SyncEvent
from registrykit.frames import Failed
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.child import load_class
from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.judging import clause_of
from registrykit.testing.listing import is_digest
from registrykit.testing.processes import Outcome

FILE = Path(__file__).parent / "registries" / "talkative.py"


class TestTalkative(RegistryTypeContract):
    """A type without network, validators, documents or bytes keeps the contract by its flags."""

    registry_type = load_class("talkative", str(FILE), "Talkative")
    conditional = False
    uses_http = False

    @pytest.fixture
    def registry(self) -> Served:
        return Served(
            {"act": "list", "token": "canary-token"},
            stop=lambda: None,
            environ={"TALKATIVE": "two", "PATH": "not for the type"},
        )


MISSING_FIXTURE = """
from registrykit import RegistryConfig, RegistryType, hookimpl
from registrykit.testing.contract import RegistryTypeContract

class Bare(RegistryType):
    id = "bare"
    title = "Bare"
    Config = RegistryConfig
    def endpoint(self, config):
        return "http://127.0.0.1:9"
    def sync(self, ctx):
        yield None

class TestBare(RegistryTypeContract):
    registry_type = Bare

def test_of_something_else():
    pass
"""


def pytest_run(folder: Path, *arguments: str) -> str:
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n", "utf-8")
    (folder / "test_bare.py").write_text(MISSING_FIXTURE, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.stdout


def test_a_missing_registry_fixture_is_explained(tmp_path: Path) -> None:
    told = pytest_run(tmp_path, "-k", "test_sync_finishes")
    assert "define a fixture `registry`" in told
    assert "Traceback" not in told


def test_the_contract_can_be_selected_by_its_marker(tmp_path: Path) -> None:
    told = pytest_run(tmp_path, "-m", "contract", "--collect-only")
    assert "TestBare::test_sync_finishes" in told
    assert "test_of_something_else" not in told


def test_the_plugin_for_pytest_loads_no_contract_unasked() -> None:
    code = (
        "import sys, registrykit.testing.plugin; "
        "sys.exit('registrykit.testing.contract' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("outcome", "clause"),
    [
        (Outcome(), ""),
        (Outcome("timed-out"), "test_sync_finishes"),
        (Outcome("died", returncode=-11), "test_sync_finishes"),
        (Outcome("endless"), "test_sync_finishes"),
        (Outcome("garbage"), "test_output_stays_off_the_wire"),
        (Outcome("failed", failure=Failed("unreachable", "x", "No.")), "test_sync_finishes"),
    ],
)
def test_an_outcome_has_one_clause(outcome: Outcome, clause: str) -> None:
    assert clause_of(outcome) == clause
    assert outcome.told


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("sha256:" + "0" * 64, True),
        ("sha512:" + "a" * 128, True),
        ("blake3:" + "0" * 64, True),
        ("sha256:" + "0" * 63, False),
        ("sha256:" + "A" * 64, False),
        ("0" * 64, False),
        ("sha256:", False),
    ],
)
def test_digests(text: str, usable: bool) -> None:
    assert is_digest(text) is usable


# The catalog that stands for the host's


def found(path: str, version: str = "1", **fields: Any) -> Found:
    return Found(Artifact("chart", path), Version(version, **fields))


def stored(*events: SyncEvent) -> MiniCatalog:
    catalog = MiniCatalog()
    catalog.apply(events)
    return catalog


def test_only_completed_prefixes_are_stored() -> None:
    catalog = stored(found("a/x"), found("b/y"), Complete("a"))
    assert catalog.paths == ("a/x",)


def test_a_prefix_ends_at_a_segment() -> None:
    catalog = stored(found("a"), found("a/x"), found("ab"), Complete(""))
    changes = catalog.apply([Complete("a")])
    assert sorted(key[1] for key in changes.removed) == ["a", "a/x"]
    assert catalog.paths == ("ab",)


def test_unchanged_and_skipped_paths_are_kept() -> None:
    catalog = stored(found("a"), found("b"), found("c"), found("c", "2"), found("d"), Complete(""))
    skips = [Skip(Ref("b"), "403"), Skip(Ref("c", "2"), "broken")]
    changes = catalog.apply([Unchanged("a"), *skips, Complete("")])
    assert sorted(key[1:3] for key in changes.removed) == [("c", "1"), ("d", "1")]
    assert changes.skipped == tuple(skips)


def test_what_counts_as_a_change() -> None:
    catalog = stored(found("a", digest="x", created="1", urls=("u", "v")), Complete(""))
    same = found("a", digest="x", created="2", urls=("v", "u"))
    assert catalog.apply([same, Complete("")]).nothing
    moved = found("a", digest="y", urls=("u", "v"))
    assert [key[1] for key in catalog.apply([moved, Complete("")]).changed] == ["a"]


def test_the_first_of_two_equal_versions_stands() -> None:
    catalog = MiniCatalog()
    changes = catalog.apply([found("a", digest="x"), found("a", digest="y"), Complete("")])
    assert [skip.reason for skip in changes.skipped] == ["listed-twice"]
    assert [version.digest for version in catalog.versions.values()] == ["x"]


def test_memory_is_stored_with_its_prefix_only() -> None:
    catalog = stored(found("a"), Complete("a", memory={"etag": "1"}))
    assert catalog.memory("a") == {"etag": "1"}
    catalog.apply([Unchanged("a")])
    assert catalog.memory("a") == {"etag": "1"}
    catalog.apply([Unchanged("a", memory={"etag": "2"})])
    assert catalog.memory("a") == {"etag": "2"}
    catalog.apply([found("a"), Complete("a")])
    assert catalog.memory("a") is None


def test_memory_goes_with_what_it_vouched_for() -> None:
    catalog = stored(found("a/x"), Complete("a/x", memory={"etag": "1"}), Complete("a"))
    assert catalog.memory("a/x") == {"etag": "1"}
    catalog.apply([Complete("a")])
    assert catalog.memory("a/x") is None


def test_an_interrupted_run_removes_nothing_until_it_is_resumed() -> None:
    catalog = stored(found("a"), found("b"), Complete(""))
    assert not catalog.apply([Complete("a")], finished=False).removed
    assert catalog.completed == ("a",)
    changes = catalog.apply([found("b"), Complete("b")])
    assert [key[1] for key in changes.removed] == ["a"]
    assert not catalog.completed


def test_an_abandoned_run_leaves_no_trace() -> None:
    catalog = stored(found("a"), Complete(""))
    catalog.apply([Complete("a")], finished=False)
    catalog.abandon()
    assert catalog.apply([Unchanged("")]).nothing


UNASKED = """
from collections.abc import Iterator
import pytest
from registrykit import KnownElsewhere, RegistryConfig, RegistryType, hookimpl
from registrykit.testing.contract import RegistryTypeContract, Served

class Unasked(RegistryType):
    id = "unasked"
    title = "Unasked"
    Config = RegistryConfig
    environment = VARIABLES
    def endpoint(self, config):
        return "http://127.0.0.1:9"
    def elsewhere(self, environ):
        yield KnownElsewhere("tool", "file")
    def sync(self, ctx):
        return iter(())

class TestUnasked(RegistryTypeContract):
    registry_type = Unasked
    @pytest.fixture
    def registry(self):
        return Served({}, stop=lambda: None)
"""


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ("()", "elsewhere() is never asked"),
        ('("HOME",)', "The fixture does not say what another tool knows"),
    ],
)
def test_what_other_tools_know_has_to_be_judged(tmp_path: Path, variables: str, said: str) -> None:
    (tmp_path / "test_unasked.py").write_text(UNASKED.replace("VARIABLES", variables), "utf-8")
    told = pytest_run(tmp_path, "-k", "TestUnasked and test_elsewhere")
    assert said in told
    assert "1 failed, 1 passed" in told
