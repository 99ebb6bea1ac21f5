"""The program, whose workers find real names on loopback; the first word says where.

    python -m tests.e2e.real_names '{"charts.example.com": 40001}' --data-dir … sync

Only where connections lead to is changed: names, certificates and processes are as always.
"""

from __future__ import annotations

import functools
import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

WORKER = "--worker"


def connect(ports: Mapping[str, int], host: str, port: int) -> socket.socket:
    """Return a connection to the site that is `host`; every other name does not exist."""
    if host not in ports or port != 443:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return socket.create_connection(("127.0.0.1", ports[host]))


def main() -> int:
    places, *words = sys.argv[1:]
    if words == [WORKER]:
        from registrykit import sync, worker

        found = functools.partial(connect, json.loads(places))
        found_there = functools.partial(sync.open_context, connect=found)
        worker.open_context = found_there  # type: ignore[attr-defined]
        worker.main()
        return 0
    from desktop import app
    from desktop.__main__ import main as run
    from desktop.engine.workers import Workers

    command = [sys.executable, "-I", str(Path(__file__).resolve()), places, WORKER]
    app.build = functools.partial(app.build, workers=Workers(command))
    sys.argv[1:] = words
    return run()


if __name__ == "__main__":
    sys.exit(main())
