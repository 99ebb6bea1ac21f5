"""How far a registry is followed; sizes are in bytes, times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from registrykit.http.answer import KIB, MIB


@dataclass(frozen=True, slots=True)
class OciLimits:
    """Bounds on what one registry may send.

    `page_size` is what is asked for at most. A list ends with an error after `pages` pages,
    `empty_pages` of them empty in a row, `names` names or `listing` seconds. Indexes are followed
    `depth` deep and to `children` manifests. A token counts for at least `token_life_least` and at
    most `token_life_most`; another one is asked for after `token_apart` at the earliest.
    """

    page_size: int = 1000
    page: int = 8 * MIB
    pages: int = 10_000
    empty_pages: int = 100
    names: int = 1_000_000
    listing: float = 1800.0
    manifest: int = 4 * MIB
    blob: int = 4 * MIB
    depth: int = 3
    children: int = 1000
    token: int = MIB
    longest_token: int = 32 * KIB
    token_life_least: float = 60.0
    token_life_most: float = 12 * 3600.0
    token_apart: float = 10.0
