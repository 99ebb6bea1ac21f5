"""`Context.map`, in a process of its own: what goes wrong there ends the process."""

from __future__ import annotations

import subprocess
import sys

FIRST_USE = """
import logging, sys, threading
from typing import Any, cast
import msgspec
from registrykit.cancel import CancelToken
from registrykit.sync import Context, Settings

ctx = Context(None, cast(Any, None), CancelToken(), logging.getLogger(), Settings())
sys.setswitchinterval(1e-6)
for number in range(400):
    inner = msgspec.defstruct("Inner", [("a", str, ""), ("b", dict[str, Any], {})])
    outer = msgspec.defstruct("Outer", [("c", list[inner], []), ("d", inner | None, None)])
    together = threading.Barrier(8)

    def read(_):
        together.wait()
        return msgspec.convert({"c": [{"a": "x"}], "d": {"b": {}}}, outer)

    assert all(found.c[0].a == "x" for found in ctx.map(read, range(8)))
"""


def test_threads_may_be_the_first_to_read_into_a_struct() -> None:
    ended = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, timeout=300)
    assert ended.returncode == 0, ended.stderr.decode()
