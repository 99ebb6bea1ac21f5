"""What a worker is asked to do, and what that cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from registrykit import frames
from registrykit.artifacts import Artifact, Version
from registrykit.sync import Settings


@dataclass
class Traffic:
    """What a call cost on the network."""

    requests: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Missing:
    """The documents of one item could not be fetched."""

    index: int
    reason: str
    code: str


@dataclass(frozen=True)
class Job:
    """Everything that a worker must know of a registry to work for it."""

    distribution: str
    version: str
    type_id: str
    config: Mapping[str, Any] = field(repr=False)
    config_version: int = 1
    settings: Settings = field(default_factory=Settings)

    @property
    def plugin(self) -> str:
        return f"{self.distribution} {self.version}".strip()

    def follows(self, earlier: Job) -> bool:
        """Say whether the worker of an `earlier` job may do this one.

        That has the same configuration, secrets and all, or none: then it only loaded the plugin.
        """
        same = (self.distribution, self.version) == (earlier.distribution, earlier.version)
        return same and (
            not earlier.config or (self.type_id, self.config) == (earlier.type_id, earlier.config)
        )

    def resumed(self, completed: Iterable[str]) -> Job:
        """Return the job of a run that has stored the `completed` prefixes already."""
        return replace(
            self, settings=msgspec.structs.replace(self.settings, completed=tuple(completed))
        )


def call_of(method: str, job: Job, items: tuple[tuple[Artifact, Version], ...] = ()) -> frames.Call:
    """Return the frame that asks a worker to run `method`."""
    return frames.Call(
        method,
        job.distribution,
        job.type_id,
        dict(job.config),
        job.config_version,
        job.settings,
        items,
    )
