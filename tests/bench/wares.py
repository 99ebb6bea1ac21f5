"""What the estate's registries hold, and how they fared: names, version histories, outcomes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from registrykit.formats.kinds import ARTIFACT, CHART, IMAGE, ZARF
from registrykit.formats.pack import LAYERS, PACK
from registrykit.versions import is_prerelease, is_semver, sort_key

DAY = 24 * 3600.0
KNOWN = (
    "cert-manager nginx redis postgresql argo-cd prometheus grafana loki vault consul kafka"
    " rabbitmq elasticsearch istio linkerd traefik harbor keycloak minio velero external-dns"
    " ingress-nginx metrics-server cluster-autoscaler fluent-bit jaeger cilium calico longhorn"
    " rook-ceph gitlab jenkins sonarqube airflow spark kyverno gatekeeper falco trivy tempo mimir"
).split()
QUALIFIERS = (
    "amber atlas aurora basalt beacon birch blue bright cedar cobalt coral crimson delta drift"
    " echo ember fern flint frost garnet granite harbor hazel indigo iris ivory jade juniper"
    " lunar maple meadow mist nova oak onyx opal orchid pearl pine quartz raven river ruby sage"
    " silver slate solar spruce stone summit swift tidal topaz velvet violet willow winter zephyr"
).split()
SUBJECTS = (
    "account audit backup basket billing booking cache cart catalog checkout claims cluster"
    " config contact content customer dashboard delivery device document event export fleet"
    " fraud gateway identity image import inventory invoice ledger loan location login mail"
    " market media message metric network notification offer order parcel partner payment"
    " payroll policy portal price profile queue quote rating refund release report return"
    " review risk route schedule search secret session shipment stock storage support survey"
    " task tax telemetry tenant ticket token tracing traffic user voucher wallet warehouse web"
).split()
ROLES = (
    "agent api adapter bridge broker collector console controller core cron daemon engine"
    " exporter frontend gateway indexer ingest job listener loader mirror monitor operator proxy"
    " relay resolver runner scheduler server service sidecar stack store stream sync ui watcher"
    " worker writer"
).split()
PHRASES = (
    "for Kubernetes|on Kubernetes clusters|with high availability|and its dashboards"
    "|for the whole company|behind the internal gateway|with persistent storage|in every region"
    "|as a stateful set|with automatic failover|for the data platform|used by the mobile team"
    "|with sensible defaults|and nothing else|including custom resources|for air-gapped sites"
).split("|")
KEYWORDS = (
    "database cache queue monitoring logging security network storage ingress mesh ci backup"
    " billing internal platform deprecated-soon gpu edge observability gitops"
).split()


KINDS = (CHART, PACK, ZARF, IMAGE, ARTIFACT)
CLOUDS = "all aws azure gcp vsphere openstack maas edge edge-native baremetal".split()
ADDONS = "logging|monitoring|load balancer|security|ingress|storage|network|registry".split("|")


@dataclass(frozen=True)
class Outcome:
    """How the last synchronization of a registry ended, for a list that shows every state."""

    outcome: str
    code: str = ""
    message: str = ""
    remedy: str = ""
    age_days: float = 0.2
    changed: dict[str, Any] = field(default_factory=dict)


def _failed(code: str, message: str, remedy: str, age_days: float) -> Outcome:
    return Outcome("failed", code, message, remedy, age_days, {"failures": 2})


FINE = Outcome("unchanged")
OUTCOMES = {
    0: Outcome("ok"),
    2: Outcome("partial", "", "Some entries could not be read.", "See what was skipped."),
    3: Outcome("held", "held", "held: 140 versions would vanish", "Look at the list and decide."),
    5: _failed("dns", "The name of the host is not known.", "Check the name.", 2.5),
    6: _failed("sign-in-failed", "The password was not accepted.", "Sign in again.", 4.0),
    8: _failed("timeout", "The host did not answer in time.", "Try again later.", 0.6),
    9: _failed("expired-certificate", "The certificate has expired.", "Tell its owner.", 9.0),
    11: _failed("untrusted-tls", "The certificate is not trusted.", "Give its own CA.", 1.5),
    12: Outcome("cancelled", "cancelled", "It was cancelled.", "Synchronize again."),
    13: Outcome("interrupted", "interrupted", "The program ended.", "Synchronize again."),
    14: Outcome("never", age_days=0.0),
    15: Outcome("ok", age_days=3.0),
    17: Outcome("unchanged", changed={"automatic": False}, age_days=20.0),
    18: Outcome("ok", changed={"config": {"insecure_skip_verify": True}}),
    19: Outcome("ok", changed={"type": "quay", "type_title": "Quay", "plugin": "registrykit-quay"}),
    60: Outcome("ok", changed={"hidden": True}),
    85: Outcome("unchanged", changed={"hidden": True}),
    90: Outcome("ok", changed={"removed_at": -2 * DAY}),
}
"""By the place of the registry; all others are fine. `removed_at` counts from now."""


def facts(kind: str, path: str, place: str, number: int) -> dict[str, Any]:
    """Return what a source says of every version of an artifact; `number` chooses."""
    images = [f"registry.example/{path}/{part}:{number % 97}.0" for part in ("server", "agent")]
    if kind == "pack":
        layer = LAYERS[number % 11] if number % 11 < len(LAYERS) else "addon"
        found: dict[str, Any] = {
            "layer": layer,
            "cloudTypes": CLOUDS[number % 10 : number % 10 + 1 + number % 3],
            "images": images,
        }
        if layer == "addon":
            found["addonType"] = ADDONS[number % len(ADDONS)]
        if number % 13 == 0:
            found["state"] = "deprecated"
        if number % 3:
            status = "compliant" if number % 3 == 1 else "not_compliant"
            found["fips"] = {"status": status, "basis": "registry_declared"}
        return found
    if kind == "zarf":
        return {
            "architectures": ["amd64", "arm64"][: 1 + number % 2],
            "components": [{"name": "base", "required": True}, {"name": "extras"}],
            "images": images,
        }
    if kind == "image":
        return {"platforms": ["linux/amd64", "linux/arm64", "linux/s390x"][: 1 + number % 3]}
    team = [{"email": "team@example.com", "name": "team"}]
    return {"apiVersion": "v2", "home": place, "maintainers": team, "type": "application"}


@dataclass(frozen=True)
class Named:
    """A version as text, whether it is stable, and its key."""

    text: str
    stable: bool
    key: bytes


def histories(chance: random.Random, longest: int) -> list[list[Named]]:
    """Return version histories, oldest first, the longest before all others."""
    lengths = [max(400, longest)] * 2 + [400] * 40 + [60] * 150
    found = [[_named(text) for text in _numbers(chance, length)] for length in lengths]
    tags = [f"2025-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    found += [[_named(tag) for tag in tags], [_named(f"build-{n}") for n in range(400)]] * 4
    return found


def _numbers(chance: random.Random, length: int) -> Iterator[str]:
    major, minor, patch = chance.randrange(3), chance.randrange(9), 0
    mark = chance.choice(["", "", "", "v"])
    count = 0
    while count < length:
        dice = chance.random()
        if dice < 0.008:
            major, minor, patch = major + 1, 0, 0
        elif dice < 0.35:
            minor, patch = minor + 1, 0
        else:
            patch += 1
        number = f"{mark}{major}.{minor}.{patch}"
        if patch == 0 and chance.random() < 0.4:
            for step in range(1, chance.randrange(2, 4)):
                yield f"{number}-rc.{step}"
                count += 1
        yield number
        count += 1


def _named(text: str) -> Named:
    return Named(text, is_semver(text) and not is_prerelease(text), sort_key(text))


def counts(total: int, places: int, chance: random.Random) -> list[int]:
    """Return how many versions each artifact has: most have few, some have very many."""
    if not places:
        return []
    counts = [1 + int(chance.expovariate(1 / 4)) for _ in range(places)]
    for place in range(0, places, 400):
        counts[place] += chance.randrange(100, 400)
    if total >= 100_000:
        counts[places // 2] = 5_000
    for place in chance.choices(range(places), k=max(0, total - sum(counts))):
        counts[place] += 1
    excess = sum(counts) - total
    for place in range(places):
        fewer = max(0, min(excess, counts[place] - 1))
        counts[place] -= fewer
        excess -= fewer
    return counts


def name(chance: random.Random) -> str:
    dice = chance.random()
    if dice < 0.02:
        return chance.choice(KNOWN)
    if dice < 0.35:
        return f"{chance.choice(SUBJECTS)}-{chance.choice(ROLES)}"
    if dice < 0.9:
        return f"{chance.choice(QUALIFIERS)}-{chance.choice(SUBJECTS)}-{chance.choice(ROLES)}"
    return f"{chance.choice(KNOWN)}-{chance.choice(ROLES)}-{chance.choice(QUALIFIERS)}"
