"""A program without a window that synchronizes one OCI registry for every line of its input.

    python -m tests.bench.synchronizing URL DATA_DIR

Each time it prints a line of JSON about the run; `memory` is the most that a worker took, in MB.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

_UNIT = 1 if sys.platform == "darwin" else 1024


def main(url: str, data_dir: str) -> None:
    from desktop.app import build
    from desktop.engine.drafts import Place

    app = build(Path(data_dir), writable=True, environ={"REGISTRY_DESKTOP_KEYRING": "none"})
    try:
        environment = app.environments.all()[0]
        place = Place(environment, app.environments.tenants(environment)[0])
        values = {"endpoint": url, "documents": "on-demand"}
        row, _ = app.registries.add("Bench", place, app.registries.draft("oci", values, {}))
        for _ in sys.stdin:
            run = app.synchronize(row).future.result()
            # What a worker took is known once it has ended.
            app.workers.close()
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT / 1e6
            told = {
                "outcome": run.outcome,
                "versions": run.versions,
                "added": run.added,
                "requests": run.requests,
                "seconds": (run.finished or 0.0) - run.started,
                "memory": memory,
                "message": run.message,
            }
            print(json.dumps(told), flush=True)
    finally:
        app.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
