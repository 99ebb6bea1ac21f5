"""FIPS in the VerteX editions: what is declared about packs, and whether a tenant may use them.

What registries, publishers and users declared is read from the facts of a version. The switch of
a tenant decides about the use of packs alone: they are read, shown and searched all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desktop.engine import words
from desktop.engine.details import Section
from desktop.engine.environments import WITH_FIPS
from desktop.store import declared
from desktop.store import registries as stored
from desktop.store.database import Database
from desktop.store.values import (
    ArtifactRow,
    EnvironmentRow,
    RegistryRow,
    TenantRow,
    VersionRow,
)
from registrykit import fips
from registrykit.fips import Compliance, FipsStatus

PACK = "pack"
"""The only kind that has a status; what others have under that name is a fact like any."""

_REFUSED = frozenset(("not_compliant", "conflicting"))


@dataclass(frozen=True)
class Use:
    """What a tenant may do with the packs of a registry.

    `refused` counts the packs whose latest version is not usable, `reason` says why.
    """

    tenant: TenantRow
    refused: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Declared:
    """What is declared of the packs of a registry, by their latest versions."""

    packs: Mapping[FipsStatus, int]
    compliance: Compliance
    uses: tuple[Use, ...]


def usable(environment: EnvironmentRow, tenant: TenantRow, status: FipsStatus) -> str:
    """Return why a pack of this status may not be used in a tenant; empty where it may."""
    if environment.edition not in WITH_FIPS or tenant.allow_non_fips or status not in _REFUSED:
        return ""
    return f"not usable in tenant {tenant.name}: non-FIPS packs are not allowed"


def status(version: VersionRow) -> FipsStatus:
    """Return what is declared of a version of a pack, all in all."""
    return fips.status_of(version.body["facts"].get(fips.FACT))


def statuses(db: Database, artifacts: Iterable[ArtifactRow]) -> dict[int, FipsStatus]:
    """Return the status of the latest version of each pack in an environment with FIPS, by id."""
    with_fips = {row.id for row in stored.environments(db) if row.edition in WITH_FIPS}
    if not with_fips:
        return {}
    places = {row.id for row in stored.registries(db) if row.environment_id in with_fips}
    packs = [row.id for row in artifacts if row.kind == PACK and row.registry_id in places]
    found = declared.of_artifacts(db, packs, fips.FACT)
    return {artifact: fips.status_of(found.get(artifact)) for artifact in packs}


def section(
    db: Database,
    registry: RegistryRow,
    artifact: ArtifactRow,
    version: VersionRow,
    tenant: TenantRow | None = None,
) -> Section | None:
    """Return what is declared of a version and where it may be used, for `catalog show`.

    None for what has no status. Without `tenant` it speaks of every tenant that sees the registry.
    """
    environment = _environment(db, registry)
    if environment is None or artifact.kind != PACK:
        return None
    fact = version.body["facts"].get(fips.FACT)
    found = status(version)
    content: dict[str, Any] = {"status": fips.WORDS[found], "declared": fips.said(fact)}
    if version.digest:
        content["of"] = version.digest
    tenants = _tenants(db, registry, tenant)
    content["use"] = [
        usable(environment, one, found) or f"usable in tenant {one.name}" for one in tenants
    ]
    return Section("FIPS", "fips", content)


def of_registry(
    db: Database, registry: RegistryRow, tenant: TenantRow | None = None
) -> Declared | None:
    """Return what is declared of the packs of a registry; None without packs, or without FIPS."""
    environment = _environment(db, registry)
    if environment is None:
        return None
    facts = declared.of_registry(db, registry.id, PACK, fips.FACT)
    if not facts:
        return None
    counts = Counter(fips.status_of(fact) for fact in facts)
    uses = []
    for one in _tenants(db, registry, tenant):
        reasons = {found: usable(environment, one, found) for found in counts}
        refused = sum(count for found, count in counts.items() if reasons[found])
        uses.append(Use(one, refused, next(filter(None, reasons.values()), "")))
    return Declared(counts, fips.roll_up(counts), tuple(uses))


def summary(found: Declared) -> str:
    """Return the counts in words, such as `68 packs: 66 not compliant, 2 unknown`."""
    counts = [
        f"{found.packs[one]:,} {fips.WORDS[one]}" for one in fips.STATUSES if found.packs.get(one)
    ]
    return f"{words.counted(sum(found.packs.values()), 'pack')}: {', '.join(counts)}"


def use_in_words(use: Use, found: Declared) -> str:
    """Return what a tenant may do with the packs of a registry."""
    if not use.refused:
        return f"usable in tenant {use.tenant.name}"
    some = use.refused < sum(found.packs.values())
    return f"{words.counted(use.refused, 'pack')} {use.reason}" if some else use.reason


def _environment(db: Database, registry: RegistryRow) -> EnvironmentRow | None:
    """Return the environment of a registry if FIPS matters there."""
    return next(
        (
            row
            for row in stored.environments(db)
            if row.id == registry.environment_id and row.edition in WITH_FIPS
        ),
        None,
    )


def _tenants(db: Database, registry: RegistryRow, tenant: TenantRow | None) -> Sequence[TenantRow]:
    """Return the tenants that see a registry, or the one of them that was chosen."""
    return [
        row
        for row in stored.tenants(db, registry.environment_id)
        if registry.tenant_id in (None, row.id) and (tenant is None or tenant.id == row.id)
    ]
