"""The program: `registry-desktop`, or `python -m desktop`."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from desktop.cli.screen import has_screen


def main() -> int:
    """Show the window or run the command line; in a frozen program also the worker.

    Without arguments the window comes at once: nothing of the command line is imported before it.
    """
    given = sys.argv[1:]
    if given[:1] == ["--worker"]:
        from registrykit.worker import main as work

        work()
        return 0
    if not given and has_screen(sys.platform, os.environ):
        try:
            from desktop.paths import default_data_dir

            return open_window(default_data_dir())
        except (Exception, KeyboardInterrupt) as error:
            from desktop.cli.main import window_failed

            return window_failed(error)
    from desktop.cli.main import main as run

    return run(given, open_window)


def open_window(
    data_dir: Path,
    *,
    demo: bool = False,
    demo_dir: Path | None = None,
    offline: bool = False,
    proxy: str = "",
    safe_mode: bool = False,
) -> int:
    """Show the window until it is closed; raises ImportError where this installation has none."""
    # Until the first picture nearly everything that is made is kept: nothing to collect.
    gc.disable()
    from desktop.ui.start import Options, run

    return run(
        Options(
            data_dir,
            demo=demo,
            demo_dir=demo_dir,
            offline=offline,
            proxy=proxy,
            safe_mode=safe_mode,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
