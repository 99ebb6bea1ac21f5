"""The program: `registry-desktop`, or `python -m desktop`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line, or in a frozen program the worker that the program starts itself as."""
    given = sys.argv[1:]
    if given[:1] == ["--worker"]:
        from registrykit.worker import main as work

        work()
        return 0
    from desktop.cli.main import main as run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
