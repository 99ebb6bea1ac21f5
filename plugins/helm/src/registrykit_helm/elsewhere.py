"""The repositories that Helm itself knows; those in OCI registries are for another type."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from registrykit.elsewhere import KnownElsewhere
from registrykit.helm_repositories import repositories as known


def repositories(
    environ: Mapping[str, str], platform: str = sys.platform
) -> Iterator[KnownElsewhere]:
    """Yield the repositories on web servers; nothing where Helm was never used."""
    return known(environ, platform)
