"""`kill -9` at any moment of a run leaves every prefix old or new, and no registry lost.

The reader here is plain sqlite3, not the program. What this cannot show is a power cut: a kill
does not drop what the operating system has not written yet.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.scripted import content, open_bench

pytestmark = pytest.mark.reliability

KILLS = 100
SEED = 20261123
VICTIM = Path(__file__).with_name("victim.py")

Rows = dict[str, dict[str, dict[str, str]]]


class Victim:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, generation: int) -> int:
        """Begin a synchronization and return the process id to kill."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{generation}\n")
        self._process.stdin.flush()
        return int(self._line())

    def finish(self) -> str:
        """Wait for the end and return what the run said, empty if it was killed."""
        said = ""
        while (line := self._line()) != "over":
            said = line
        return said

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the victim's parent died"
        return line.strip()


@contextmanager
def victim(data_dir: Path, *options: str) -> Iterator[Victim]:
    process = subprocess.Popen(
        [sys.executable, str(VICTIM), str(data_dir), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Victim(process)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(30)


def read(data_dir: Path) -> tuple[Rows, list[str], set[tuple[str, str]]]:
    """Return what is present, the problems of the file, and the removals that are noted."""
    connection = sqlite3.connect(data_dir / "registry-desktop.db")
    problems = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    problems += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
    if connection.execute("SELECT name FROM registry").fetchall() != [("Scripted",)]:
        problems.append("the registry is lost")
    rows: Rows = {}
    for path, version, digest in connection.execute(
        "SELECT a.path, v.version, v.digest FROM artifact a JOIN version v"
        " ON v.artifact_id = a.id WHERE v.state = 'present'"
    ):
        rows.setdefault(path.split("/")[0], {}).setdefault(path, {})[version] = digest
    counted = connection.execute(
        "SELECT count(*) FROM artifact a WHERE a.versions <> (SELECT count(*) FROM version v"
        " WHERE v.artifact_id = a.id AND v.state = 'present')"
    ).fetchone()
    searched = connection.execute(
        "SELECT count(*) FROM artifact a WHERE (a.versions > 0) <>"
        " (a.id IN (SELECT artifact_id FROM search_text))"
    ).fetchone()
    problems += [f"{counted[0]} counts are wrong"] * bool(counted[0])
    problems += [f"{searched[0]} search rows are wrong"] * bool(searched[0])
    connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    connection.rollback()
    noted = {
        (row[0], row[1])
        for row in connection.execute(
            "SELECT a.path, v.version FROM removal r JOIN version v ON v.id = r.version_id"
            " JOIN artifact a ON a.id = v.artifact_id"
        )
    }
    connection.close()
    return rows, [problem for problem in problems if problem != "ok"], noted


def generations_in(rows: Rows, noted: set[tuple[str, str]], newest: int) -> tuple[int, ...]:
    """Return which generation each prefix holds; raises AssertionError for a mixture.

    What a finished prefix no longer lists is noted, and goes at the end of the run.
    """
    found = []
    for prefix in content(0):
        there = {
            path: {v: d for v, d in versions.items() if (path, v) not in noted}
            for path, versions in rows.get(prefix, {}).items()
        }
        if not there:
            found.append(-1)
            continue
        match = [g for g in range(newest + 1) if content(g)[prefix] == there]
        assert match, f"{prefix} is neither old nor new: {there}"
        found.append(match[0])
    return tuple(found)


def test_100_kills_leave_every_prefix_old_or_new(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    open_bench(data_dir).app.close()
    chance = random.Random(SEED)
    states: set[tuple[int, ...]] = set()
    generation, kills, finished, longest = 0, 0, 0, 1.0
    with victim(data_dir) as runner:
        started = time.monotonic()
        runner.start(0)
        assert runner.finish().startswith("ended")
        longest = time.monotonic() - started
        while kills < KILLS:
            generation += 1 if chance.random() < 0.5 or not finished else 0
            process = runner.start(generation)
            time.sleep(chance.uniform(0, longest))
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            ended = runner.finish().startswith("ended")
            kills += not ended
            finished += ended
            rows, problems, noted = read(data_dir)
            assert not problems
            states.add(generations_in(rows, noted, generation))
        # The first ends the run that was killed last, with what that had stored; the second is new.
        for _ in range(2):
            runner.start(generation)
            said = runner.finish()
            assert said.startswith("ended"), said
    rows, problems, noted = read(data_dir)
    assert (problems, noted) == ([], set())
    assert rows == content(generation)
    assert len(states) >= 20, f"only {len(states)} distinct states were reached"


def test_the_check_notices_a_store_without_transactions(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    open_bench(data_dir).app.close()
    chance = random.Random(SEED)
    with victim(data_dir, "broken") as runner:
        started = time.monotonic()
        runner.start(0)
        assert runner.finish().startswith("ended")
        longest = time.monotonic() - started
        for generation in range(1, 60):
            process = runner.start(generation)
            time.sleep(chance.uniform(longest / 3, longest))
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            runner.finish()
            rows, problems, noted = read(data_dir)
            try:
                assert not problems
                generations_in(rows, noted, generation)
            except AssertionError:
                return
    pytest.fail("60 kills without transactions left nothing half done: the check is blind")
