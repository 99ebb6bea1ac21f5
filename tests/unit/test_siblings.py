"""The same version in several registries: the same bytes, other bytes, and FIPS twins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop.engine.siblings import Sibling, siblings
from desktop.store import catalog
from desktop.store import registries as stored
from registrykit import Artifact, Complete, Found, Version
from tests.scripted import Bench, digest_for

ARCHIVE, OTHER, MANIFEST, MANIFEST_TOO = map(digest_for, ("archive", "other", "one", "two"))


def beside(bench: Bench, number: int, name: str, **columns: object) -> Bench:
    """Return a bench for another registry of the same environment."""
    row = replace(bench.registry, id=f"scripted0000{number}", name=name, **columns)  # type: ignore[arg-type]
    with bench.app.db.write() as tx:
        stored.save_registry(tx, row)
    return replace(bench, registry_id=row.id)


def listed(path: str, version: Version, kind: str = "chart") -> tuple[Found, Complete]:
    return Found(Artifact(kind, path), version), Complete("")


def found(bench: Bench, path: str, visible: list[str] | None = None) -> list[Sibling]:
    (artifact,) = catalog.find_artifacts(bench.app.db, bench.registry_id, path)
    version = catalog.versions_of(bench.app.db, artifact.id)[0]
    return siblings(bench.app.db, bench.registry, artifact, version, visible=visible)


@pytest.mark.parametrize(
    ("version", "other", "answer"),
    [
        # An index lists the digest of the archive, an OCI registry that of the manifest.
        (Version("1", digest=ARCHIVE), Version("1", "", MANIFEST, content_digest=ARCHIVE), "same"),
        (Version("1", digest=ARCHIVE), Version("1", "", MANIFEST, content_digest=OTHER), "other"),
        (Version("1", digest=ARCHIVE), Version("1", digest=OTHER), "other"),
        (Version("1", digest=MANIFEST), Version("1", digest=MANIFEST), "same"),
        (Version("1", digest=ARCHIVE), Version("1"), "unknown"),
        (Version("1"), Version("1"), "unknown"),
        (Version("1", digest=ARCHIVE), Version("1", digest="sha512:" + "a" * 128), "unknown"),
        (
            Version("1", digest=ARCHIVE),
            Version("1", digest=f"manifest+{MANIFEST}"),
            "unknown",
        ),
        (
            Version("1", "", MANIFEST, content_digest=f"manifest+{MANIFEST}"),
            Version("1", "", MANIFEST_TOO, content_digest=f"manifest+{MANIFEST_TOO}"),
            "other",
        ),
    ],
)
def test_bytes_are_compared_by_what_is_saved(
    bench: Bench, version: Version, other: Version, answer: str
) -> None:
    bench.sync(*listed("team/nginx", version))
    second = beside(bench, 2, "Second")
    second.sync(*listed("NGINX", other))
    (one,) = found(bench, "team/nginx")
    (back,) = found(second, "NGINX")
    assert (one.bytes, back.bytes) == (answer, answer)
    assert (one.registry, one.path, one.version) == ("Second", "NGINX", "1")
    assert back.registry == "Scripted"


def test_only_the_same_kind_name_and_version_that_is_there_counts(bench: Bench) -> None:
    bench.sync(
        *listed("a/nginx", Version("1.0.0", digest=ARCHIVE))[:1],
        *listed("b/nginx", Version("1.0.0", digest=ARCHIVE))[:1],
        *listed("a/nginx-two", Version("1.0.0", digest=ARCHIVE))[:1],
        *listed("c/nginx", Version("2.0.0", digest=ARCHIVE))[:1],
        *listed("d/nginx", Version("1.0.0", digest=ARCHIVE), "pack")[:1],
        Complete(""),
    )
    assert [one.path for one in found(bench, "a/nginx")] == ["b/nginx"]
    second, removed = beside(bench, 2, "Second"), beside(bench, 3, "Removed")
    elsewhere = beside(bench, 4, "Elsewhere")
    for other in (second, removed, elsewhere):
        other.sync(*listed("nginx", Version("1.0.0", digest=ARCHIVE)))
    environment = bench.app.environments.add("other", "none")
    with bench.app.db.write() as tx:
        stored.update_registry(tx, removed.registry_id, removed_at=1.0)
        stored.update_registry(tx, elsewhere.registry_id, environment_id=environment.id)
    assert [one.registry for one in found(bench, "a/nginx")] == ["Scripted", "Second"]
    assert [one.path for one in found(bench, "a/nginx", [bench.registry_id])] == ["b/nginx"]
    second.sync(Complete(""), accept_held=True)
    assert [one.registry for one in found(bench, "a/nginx")] == ["Scripted"]


def test_packs_of_opposite_declarations_are_twins(bench: Bench) -> None:
    def declared(status: str) -> Version:
        fact = {"status": status, "basis": "registry_declared", "source": "", "declared": {}}
        return Version("1.0.0", digest=digest_for(status), facts={"fips": fact} if status else {})

    bench.sync(*listed("nginx", declared("compliant"), "pack"))
    said = {}
    for number, status in enumerate(("not_compliant", "compliant", "unknown", ""), 2):
        beside(bench, number, f"R{number}").sync(*listed("nginx", declared(status), "pack"))
    for one in found(bench, "nginx"):
        said[one.fips] = (one.is_twin, one.words)
    assert said == {
        "not_compliant": (True, "other bytes, FIPS twin: not compliant"),
        "compliant": (False, "the same bytes, FIPS: compliant"),
        "unknown": (False, "other bytes, FIPS: unknown"),
        "": (False, "other bytes"),
    }


def test_they_are_looked_up_in_indexes(bench: Bench) -> None:
    from desktop.store.siblings import _STATEMENT

    plan = bench.app.db.rows(f"EXPLAIN QUERY PLAN {_STATEMENT}", dict.fromkeys(_NAMES))
    steps = [row[3] for row in plan]
    assert not [step for step in steps if step.startswith("SCAN")]


_NAMES = ("name", "kind", "artifact", "version", "environment", "most")
