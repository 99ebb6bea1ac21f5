"""What a measurement says: a ratio of two things of the same run, and the limit it must keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One measured value; `floor` is what it is compared with, both in `unit`.

    Without a floor the limit is one of the value itself.
    """

    name: str
    value: float
    limit: float
    unit: str = "ms"
    floor: float | None = None
    note: str = ""

    @property
    def judged(self) -> float:
        return self.value if self.floor is None else self.value / self.floor

    @property
    def is_kept(self) -> bool:
        return self.judged <= self.limit


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a table for people."""
    head = ("", "measured", "floor", "is", "limit", "")
    rows = [head]
    for line in lines:
        of = "" if line.floor is None else " x"
        rows.append(
            (
                line.name,
                f"{line.value:.1f} {line.unit}",
                "" if line.floor is None else f"{line.floor:.1f} {line.unit}",
                f"{line.judged:.2f}{of}",
                f"{line.limit:g}{of}",
                ("ok" if line.is_kept else "TOO MUCH") + (f"  {line.note}" if line.note else ""),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, len(head) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def share(values: Sequence[float], part: float) -> float:
    """Return the value that this part of them, 0 to 1, does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]
