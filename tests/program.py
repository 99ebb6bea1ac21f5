"""The real program, run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """The error object of a command that failed."""
        found: dict[str, str] = self.json["error"]
        return found


class Program:
    """Registry Desktop on one data directory, without a keyring unless `env` says otherwise."""

    def __init__(self, data_dir: Path, *, python: str | Path = sys.executable) -> None:
        self.data_dir = data_dir
        self._python = python
        self.env = {"REGISTRY_DESKTOP_KEYRING": "none"}

    def command(self, *words: str) -> list[str]:
        return [str(self._python), "-m", "desktop", "--data-dir", str(self.data_dir), *words]

    @property
    def environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")
        return {name: os.environ[name] for name in kept if name in os.environ} | self.env

    def run(self, *words: str, stdin: str = "", seconds: float = 120) -> Result:
        done = subprocess.run(
            self.command(*words),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=self.environment,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def json(self, *words: str, code: int = 0, stdin: str = "") -> Any:
        """Run with --json and return the object; fails where the exit code is another."""
        result = self.run("--json", *words, stdin=stdin)
        assert result.code == code, (words, result)
        assert "Traceback" not in result.err
        return result.json

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
