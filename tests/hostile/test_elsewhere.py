"""A plugin that misbehaves while it looks for registries elsewhere costs only its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.hostile.conftest import Install

SCRIPT = """
import json, sys
from pathlib import Path
from desktop.app import build
from desktop.engine import elsewhere
from desktop.engine.drafts import Place

elsewhere.LOOK_SECONDS = 2.0
app = build(Path(sys.argv[1]), writable=True)
(environment,) = app.environments.all()
place = Place(environment, app.environments.tenants(environment)[0])
said = []
for found in app.elsewhere.find(place):
    if isinstance(found, elsewhere.Trouble):
        said.append([found.type_id, found.error.code, str(found.error)])
    else:
        taken = app.elsewhere.take(found, place)[0].name if found.name == "mine" else ""
        said.append([found.type_id, found.name, taken])
masked = sorted(app.vault.handed_out)
app.close()
print(json.dumps({"said": said, "masked": masked}))
"""
Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(hostile: Install, tmp_path: Path) -> Look:
    """Give what the program finds elsewhere with these specimens installed."""
    shelf = tmp_path / "shelf.json"
    shelf.write_text(json.dumps({"mine": ["https://registry.example", "canary-token"]}), "utf-8")

    def look(*names: str) -> dict[str, Any]:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        ended = subprocess.run(
            [str(hostile(*names).python), "-c", SCRIPT, str(tmp_path / "data")],
            env=kept
            | {
                "HOME": str(tmp_path),
                "REGISTRY_DESKTOP_KEYRING": "none",
                "SPECIMEN_SHELF": str(shelf),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "canary" not in ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    return look


def test_a_failing_type_does_not_end_the_others(look: Look) -> None:
    found = look("dies_elsewhere", "hangs_elsewhere", "sound")
    said = {(type_id, first): last for type_id, first, last in found["said"]}
    assert "hostile-dies-elsewhere 1.0" in said["hostile-dies-elsewhere", "worker-died"]
    # What it knew before it hung can be taken over all the same.
    assert said["hostile-hangs-elsewhere", "mine"] == "mine"
    assert "within 2 seconds" in said["hostile-hangs-elsewhere", "no-answer"]
    assert said["hostile-sound", "mine"] == "mine 2"
    assert found["masked"] == ["canary-token"]


def test_more_than_anybody_has_is_not_listed_to_the_end(look: Look) -> None:
    said = look("floods_elsewhere", "sound")["said"]
    floods = [entry for entry in said if entry[0] == "hostile-floods-elsewhere"]
    assert len(floods) == 1001
    assert floods[-1][1] == "too-much-at-once"
    assert [entry[:2] for entry in said if entry[0] == "hostile-sound"] == [
        ["hostile-sound", "mine"]
    ]
