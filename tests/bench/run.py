"""Measure what must be fast, and say whether it is: `dev.py bench [NAME…]`.

Every value is compared with something of the same run or with a limit that people feel.
"""

from __future__ import annotations

import importlib
import sys

BENCHES = {
    "start": "tests.bench.first_paint",
    "scroll": "tests.bench.scrolling",
    "search": "tests.bench.searching",
    "stalls": "tests.bench.stalls",
    "crawl": "tests.bench.crawl",
}


def main(names: list[str]) -> int:
    from tests.bench.measure import table

    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}.", file=sys.stderr)
        print(f"  What to do: Name one of {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    lines = []
    for name in names or BENCHES:
        lines += importlib.import_module(BENCHES[name]).measure()
    print(table(lines))
    return 0 if all(line.is_kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
