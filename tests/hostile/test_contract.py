"""Each specimen that can run fails one named test of the contract, and only that one."""

from __future__ import annotations

import os
import subprocess
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registrykit.testing.contract import RegistryTypeContract

if TYPE_CHECKING:
    from tests.hostile.conftest import Home, Install

CLAUSE_OF = {
    "takes_an_id": "test_id_and_title_are_usable",
    "unknown_field": "test_form_compiles",
    "plain_password": "test_form_marks_secrets",
    "objects_to_all": "test_defaults_validate",
    "heavy_import": "test_import_is_light",
    "returns_text": "test_hook_registers_the_type",
    "unknown_hook": "test_hook_registers_the_type",
    "raises_in_hook": "test_hook_registers_the_type",
    "asks_in_identity": "test_pure_methods_need_no_network",
    "asks_elsewhere": "test_elsewhere_needs_no_network",
    "tells_elsewhere": "test_elsewhere_fits_the_form",
    "floods_elsewhere": "test_elsewhere_fits_the_form",
    "endpoint_is_none": "test_endpoint_and_identity_are_text",
    "guesses_ten": "test_hints_are_valid",
    "hangs_in_sync": "test_sync_finishes",
    "spins_in_sync": "test_sync_finishes",
    "exits_in_sync": "test_sync_finishes",
    "dies_in_sync": "test_sync_finishes",
    "segfaults_in_sync": "test_sync_finishes",
    "interrupts_in_sync": "test_sync_finishes",
    "raises_in_sync": "test_sync_finishes",
    "raises_after_complete": "test_sync_finishes",
    "eats_memory": "test_sync_finishes",
    "floods": "test_sync_finishes",
    "floods_the_log": "test_sync_finishes",
    "yields_dict": "test_sync_yields_events_only",
    "wrong_fields": "test_sync_yields_events_only",
    "unsendable_fact": "test_sync_yields_events_only",
    "giant_event": "test_events_are_small",
    "remembers_everything": "test_memory_is_small",
    "prints": "test_output_stays_off_the_wire",
    "writes_to_the_pipe": "test_output_stays_off_the_wire",
    "closes_output": "test_output_stays_off_the_wire",
    "never_completes": "test_sync_completes",
    "speaks_after_complete": "test_nothing_after_complete",
    "repeats": "test_identity_is_unique",
    "undeclared_kind": "test_kinds_are_declared",
    "odd_path": "test_paths_are_clean",
    "odd_digest": "test_digests_are_well_formed",
    "odd_times": "test_times_are_rfc3339",
    "fractions_in_facts": "test_facts_are_plain",
    "loses_a_version": "test_finds_what_is_served",
    "own_requests": "test_requests_go_through_the_context",
    "leaves_threads": "test_no_threads_left",
    "moves_house": "test_process_is_left_alone",
    "remembers_nothing": "test_second_sync_is_unchanged",
    "always_unchanged": "test_change_is_noticed",
    "tells_in_an_event": "test_secrets_do_not_show",
    "tells_in_the_log": "test_secrets_do_not_show",
    "wrong_document": "test_details_yield_documents",
    "saves_other_bytes": "test_save_matches_digest",
    "check_yields_text": "test_check_stages",
    "swallows_cancel": "test_sync_ends_on_cancel",
    "hides_errors": "test_sync_survives_dead_registry",
    "check_is_blind": "test_check_reports_dead_registry",
}
# Their paths are wrong on purpose, so they cannot be what is expected.
UNEXPECTED = {"odd_path"}


@dataclass(frozen=True)
class Verdict:
    """The failed tests with their messages, and how many passed."""

    failed: dict[str, str]
    passed: int


@pytest.fixture(scope="session")
def verdicts(
    request: pytest.FixtureRequest, hostile: Install, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Verdict]]:
    """Give the verdict on a specimen; alone in the session, two are judged at a time ahead."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    names = {
        item.callspec.params["name"] if hasattr(item, "callspec") else "sound": None
        for item in request.session.items
        if "verdicts" in getattr(item, "fixturenames", ())
    }
    with ThreadPoolExecutor(2 if alone else 1) as pool:
        coming: dict[str, Future[Verdict]] = {}

        def start(name: str) -> Future[Verdict]:
            if name not in coming:
                home, folder = hostile(name), tmp_path_factory.mktemp(name)
                coming[name] = pool.submit(judge, home, name, folder)
            return coming[name]

        if alone:
            for name in names:
                start(name)
        yield lambda name: start(name).result()
        for future in coming.values():
            future.cancel()


def judge(home: Home, name: str, folder: Path) -> Verdict:
    """Run the contract over a specimen in a process of its own."""
    kind = "Sound" if name == "sound" else "Hostile"
    (folder / "test_specimen.py").write_text(
        "from hostile_site import SpecimenContract\n"
        f"from hostile_{name} import {kind}\n\n\n"
        "class TestSpecimen(SpecimenContract):\n"
        f"    registry_type = {kind}\n"
        f"    expects = {name not in UNEXPECTED}\n",
        encoding="utf-8",
    )
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n", encoding="utf-8")
    report = folder / "report.xml"
    command = [str(home.python), "-m", "pytest", "-q", f"--junitxml={report}"]
    command += ["-p", "no:cacheprovider", "-p", "registrykit.testing.plugin"]
    # Only what the contract needs; loading every plugin of pytest is time lost in each process.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    failed: dict[str, str] = {}
    passed = 0
    for case in xml.parse(report).iter("testcase"):
        troubles = [child for child in case if child.tag in ("failure", "error")]
        if troubles:
            failed[case.get("name", "")] = troubles[0].text or ""
        passed += not len(case)
    return Verdict(failed, passed)


@pytest.mark.parametrize(("name", "clause"), CLAUSE_OF.items())
def test_a_specimen_fails_one_clause(
    verdicts: Callable[[str], Verdict], name: str, clause: str
) -> None:
    failed = verdicts(name).failed
    assert list(failed) == [clause], failed
    assert "What to change:" in failed[clause]
    assert "Traceback" not in failed[clause]


def test_the_control_fails_none(verdicts: Callable[[str], Verdict]) -> None:
    assert verdicts("sound") == Verdict({}, len(clauses()))


def test_every_clause_has_a_specimen() -> None:
    assert clauses() - set(CLAUSE_OF.values()) == {
        "test_kinds_have_titles",
        "test_origins_are_origins",
    }


def clauses() -> set[str]:
    return {name for name in dir(RegistryTypeContract) if name.startswith("test_")}
