"""Where packs lie that are not FIPS compliant: the vendor's two places, and others.

Both are named in the Palette VerteX documentation, Use non-FIPS Packs. Nothing here touches the
network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registrykit.forms import Problem
from registrykit.oci.addresses import Address, read_address
from registrykit.oci.entered import overlaps, path_problems, read

VENDOR = "415789037893.dkr.ecr.us-east-1.amazonaws.com"
PRESETS = {"production": "production", "community": "community"}
"""The base content path of each of the vendor's registries."""


@dataclass(frozen=True, slots=True)
class Place:
    """A registry and the base content paths in it, below `address.base`."""

    address: Address
    paths: tuple[str, ...]


def where(preset: str, endpoint: str, paths: Sequence[str]) -> Place | None:
    """Return the place that was chosen or entered; None where the endpoint is not one."""
    if base := PRESETS.get(preset):
        return Place(read_address(VENDOR), (base,))
    address, _ = read(endpoint)
    return Place(address, _entered(paths)) if address else None


def troubles(endpoint: str, paths: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with a place that was entered."""
    address, trouble = read(endpoint)
    if not endpoint.strip():
        yield Problem("endpoint", "The endpoint is missing.", "Enter the host of the registry.")
    elif trouble is not None:
        yield trouble
    entered = _entered(paths)
    if not entered:
        yield Problem(
            "base_content_path",
            "The base content path is missing.",
            "Enter the path that has spectro-packs/archive below it.",
        )
    host = address.origin.authority if address else ""
    yield from path_problems("base_content_path", entered, host)
    yield from overlaps("pack", entered)


def contradictions(preset: str, endpoint: str, paths: Sequence[str]) -> Iterator[Problem]:
    """Yield what was entered besides one of the vendor's registries, and is not that one."""
    base = PRESETS[preset]
    known, remedy = read_address(VENDOR), "Leave it empty, or choose another registry (custom)."
    if endpoint.strip():
        other = where("custom", endpoint, ())
        if other is None or other.address not in (known, Address(known.root, base)):
            yield Problem("endpoint", f"The endpoint of {preset} is {VENDOR}.", remedy)
    if _entered(paths) not in ((), (base,)):
        yield Problem("base_content_path", f"The base content path of {preset} is {base}.", remedy)


def _entered(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for path in paths if (text := path.strip().strip("/")))
