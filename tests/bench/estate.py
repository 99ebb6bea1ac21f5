"""Make a big data directory: registries, artifacts and versions as a large company has them.

The program itself creates the store; the rows are written in bulk beside its engine, because
nobody waits for a hundred synchronizations. The same seed gives the same content.

    python tests/bench/estate.py DIRECTORY
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from desktop.app import build
from desktop.store import columns, derived, staging
from desktop.store import registries as stored
from desktop.store.database import FILE, Transaction
from desktop.store.values import RegistryRow
from tests.bench import wares
from tests.bench.wares import DAY, KEYWORDS, PHRASES, QUALIFIERS, ROLES, SUBJECTS, Named

DAYS = 60


def make(
    data_dir: Path,
    registries: int = 100,
    artifacts: int = 100_000,
    versions: int = 1_000_000,
    seed: int = 1,
    *,
    readmes: int = 1_000,
    readme_bytes: int = 4_000,
    now: float | None = None,
) -> Path:
    """Fill a fresh data directory and return the path of its database file.

    The numbers are exact, apart from `artifacts` and `versions` that are gone upstream, about one
    in a hundred, which are among them. The newest `readmes` artifacts have a README.
    """
    now = time.time() if now is None else now
    chance = random.Random(seed)
    app = build(data_dir, writable=True, environ={"REGISTRY_DESKTOP_KEYRING": "none"})
    try:
        (environment,) = app.environments.all()
        (tenant,) = app.environments.tenants(environment)
        rows = [
            _registry(place, environment.id, tenant.id, now, chance) for place in range(registries)
        ]
        with app.db.write() as tx:
            for row in rows:
                stored.save_registry(tx, row)
            runs = {row.id: _runs(tx, row, now, chance) for row in rows}
            late = _content(tx, rows, runs, artifacts, versions, chance)
            _readmes(tx, readmes, readme_bytes, now, chance)
            columns.remember(tx, "registrykit-estate", wares.KINDS)
            tx.sql("DELETE FROM touched")
            tx.sql("INSERT INTO touched SELECT id FROM artifact")
            derived.refresh(tx)
            _ledger(tx, rows, runs, late)
            _endings(tx, rows, runs)
    finally:
        app.close()
    return data_dir / FILE


def _registry(
    place: int, environment: str, tenant: str, now: float, chance: random.Random
) -> RegistryRow:
    said = wares.OUTCOMES.get(place, replace(wares.FINE, age_days=0.02 + 0.9 * chance.random()))
    words = chance.choice(QUALIFIERS), chance.choice(SUBJECTS)
    host = f"https://{words[1]}-{place:03}.example"
    scope = "system" if place % 4 == 1 else "tenant"
    success = None if said.outcome == "never" else now - said.age_days * DAY
    config = {
        "endpoint": host,
        "auth": "none",
        "documents": "latest",
        "description": f"{words[1].title()} charts of the {words[0]} team.",
        **said.changed.get("config", {}),
    }
    values: dict[str, Any] = {
        "type": "helm",
        "type_title": "Helm",
        "plugin": "registrykit-helm",
        **said.changed,
        "config": config,
    }
    if "removed_at" in values:
        values["removed_at"] += now
    return RegistryRow(
        id=f"{chance.randrange(16**12):012x}",
        environment_id=environment,
        scope=scope,
        tenant_id=tenant if scope == "tenant" else None,
        name=f"{words[0].title()} {words[1]} {place:03}",
        created=now - (DAYS + 1) * DAY,
        plugin_version="0.1.0",
        endpoint=host,
        origins=(host,),
        identity=host,
        last_outcome=said.outcome,
        last_success=success,
        last_attempt=success and now - min(said.age_days, 0.3) * DAY,
        code=said.code,
        message=said.message,
        remedy=said.remedy,
        **values,
    )


# Runs: the first stored nearly everything, later ones what came since


def _runs(
    tx: Transaction, row: RegistryRow, now: float, chance: random.Random
) -> list[tuple[float, int]]:
    """Store the runs of a registry and return time and number of each, oldest first."""
    if row.last_success is None:
        return []
    days = sorted({0, *chance.sample(range(1, DAYS), 25)})
    shift = chance.random() * DAY
    times = [now - (DAYS - day) * DAY + shift for day in days]
    times = [at for at in times if at < row.last_success - 3600] + [row.last_success]
    found = []
    for at in times:
        run = tx.sql(
            "INSERT INTO sync_run (registry_id, started, finished, outcome, full, added, changed,"
            " removed, skipped, artifacts, versions, before, documents, documents_missing,"
            " requests, document_requests, bytes, code, message, cause, remedy, source,"
            " plugin_version, worked_from) VALUES (?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
            " 1, 0, ?, '', '', '', '', '', '0.1.0', ?)",
            (row.id, at - 4.0, at, "ok", chance.randrange(50_000, 9_000_000), at - 4.0),
        ).lastrowid
        found.append((at, run))
    return found


# Artifacts and versions


class Late(NamedTuple):
    """A line of the ledger that came after the first synchronization, in its columns."""

    registry_id: str
    run_id: int
    at: float
    change: str
    kind: str
    artifact: str
    version: str
    old_digest: str
    new_digest: str


_ARTIFACT = (
    "INSERT INTO artifact (id, registry_id, kind, path, name, display_name, description,"
    " keywords, latest, latest_is_stable, versions, deprecated)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 1, 0, 0)"
)
_VERSION = (
    "INSERT INTO version (artifact_id, version, tag, digest, size, created, app_version,"
    " deprecated, stable, sort_key, fingerprint, body, state, first_seen, gone_since,"
    f" content_digest) VALUES ({', '.join('?' * 15)}, '')"
)


def _content(
    tx: Transaction,
    rows: list[RegistryRow],
    runs: dict[str, list[tuple[float, int]]],
    artifacts: int,
    versions: int,
    chance: random.Random,
) -> list[Late]:
    """Store artifacts and versions; return what the ledger tells of later runs."""
    there = [row for row in rows if runs[row.id]]
    weights = [1.0 / (place + 3) for place in range(len(there))]
    owners = sorted(chance.choices(range(len(there)), weights, k=artifacts)) if there else []
    counts = wares.counts(versions, len(owners), chance)
    histories = wares.histories(chance, max(counts, default=0))
    created = [_text(1_500_000_000.0 + step * DAY) for step in range(3_000)]
    late: list[Late] = []
    taken: set[tuple[str, str]] = set()
    batches: tuple[list[Any], list[Any]] = ([], [])
    for place, owner in enumerate(owners):
        row = there[owner]
        kind = ("chart", "chart", "chart", "pack", "image", "zarf", "artifact")[owner % 7]
        name = wares.name(chance)
        path = name if owner % 7 < 3 else f"{chance.choice(SUBJECTS)}/{name}"
        while (row.id, path) in taken:
            more = chance.choice(QUALIFIERS)
            name, path = f"{name}-{more}", f"{path}-{more}"
        taken.add((row.id, path))
        batches[0].append((place + 1, row.id, kind, path, name, *_words(name, chance)))
        history = chance.choice(histories)
        if len(history) < counts[place]:
            history = histories[0]
        start = chance.randrange(len(history) - counts[place] + 1)
        part = history[start : start + counts[place]]
        batches[1].extend(
            _versions(place + 1, row, kind, path, part, runs[row.id], created, late, chance)
        )
        if len(batches[1]) > 50_000 or place == len(owners) - 1:
            tx.sql(_ARTIFACT, batches[0])
            tx.sql(_VERSION, batches[1])
            batches = ([], [])
    return late


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _words(name: str, chance: random.Random) -> tuple[str, str, str]:
    """Return display name, description and keywords."""
    words = name.replace("-", " ")
    return (
        words.title() if chance.random() < 0.3 else "",
        f"A {words} {' '.join(chance.sample(PHRASES, chance.randrange(1, 4)))}.",
        json.dumps(chance.sample(KEYWORDS, chance.randrange(4))),
    )


def _versions(
    number: int,
    row: RegistryRow,
    kind: str,
    path: str,
    part: list[Named],
    runs: list[tuple[float, int]],
    created: list[str],
    late: list[Late],
    chance: random.Random,
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of one artifact's versions and note in `late` what its ledger tells."""
    dice = chance.random
    deprecated = dice() < 0.04
    gone, superseded = dice() < 0.005, dice() < 0.03
    first = runs[0][0]
    day = chance.randrange(200, 2_900)
    place_of = f"{row.endpoint}/{path}"
    facts = json.dumps(wares.facts(kind, path, place_of, number), separators=(",", ":"))
    body = f'{{"dependencies":[],"description":"","facts":{facts},"urls":["{place_of}-'
    digests = chance.randbytes(32 * len(part)).hex()
    prints = chance.randbytes(16 * len(part))
    newest = len(part) - 1
    for place, named in enumerate(part):
        digest = "sha256:" + digests[place * 64 : place * 64 + 64]
        seen, gone_since = first, None
        chanced = dice()

        def tell(change: str, old: str, new: str, version: str = named.text) -> float:
            at, run = chance.choice(runs[1:])
            late.append(Late(row.id, run, at, change, kind, path, version, old, new))
            return at

        if len(runs) == 1:
            pass
        elif gone or (chanced < 0.005 and place < newest):
            gone_since = tell("removed", digest, "")
        elif chanced > 0.97 or (place == newest and chanced > 0.8):
            seen = tell("added", "", digest)
        elif chanced > 0.967:
            tell("metadata-changed", digest, digest)
        elif chanced > 0.966:
            tell("digest-moved", "sha256:" + digests[:64][::-1], digest)
        elif chanced > 0.9655:
            tell("returned", digest, digest)
        yield (
            number,
            named.text,
            named.text,
            digest,
            None if place % 9 == 0 else 2_000 + int(dice() * 90_000),
            created[min(day + place, 2_999)],
            named.text.lstrip("v") if place % 5 else "",
            place >= newest - 1 if deprecated else superseded and place < newest // 2,
            named.stable,
            named.key,
            prints[place * 16 : place * 16 + 16],
            (body + named.text + '.tgz"]}').encode(),
            "present" if gone_since is None else "gone",
            seen,
            gone_since,
        )


# What follows from the versions


def _readmes(tx: Transaction, readmes: int, size: int, now: float, chance: random.Random) -> None:
    pool = [*QUALIFIERS, *SUBJECTS, *ROLES, *KEYWORDS, "install", "values", "the", "and", "chart"]
    found = tx.sql(
        "SELECT a.id, a.name, (SELECT v.id FROM version v WHERE v.artifact_id = a.id"
        " ORDER BY v.state = 'present' DESC, v.stable DESC, v.sort_key DESC, v.id LIMIT 1)"
        " FROM artifact a ORDER BY a.id DESC LIMIT ?",
        (readmes,),
    ).fetchall()
    for number, name, version in found:
        words = chance.choices(pool, k=max(1, size // 8))
        lines = (" ".join(words[start : start + 12]) for start in range(0, len(words), 12))
        text = f"# {name} {number}\n\n" + "\n".join(lines) + "\n"
        digest = staging.digest_of(text)
        tx.sql("INSERT OR IGNORE INTO content VALUES (?, ?)", (digest, text))
        tx.sql(
            "INSERT INTO document (version_id, name, media_type, digest, fetched)"
            " VALUES (?, 'readme', 'text/markdown', ?, ?)",
            (version, digest, now),
        )
        tx.sql("INSERT INTO document_state VALUES (?, 'fetched', '', '', ?)", (version, now))


def _ledger(
    tx: Transaction,
    rows: Iterable[RegistryRow],
    runs: dict[str, list[tuple[float, int]]],
    late: list[Late],
) -> None:
    """Write the ledger in the order of time: the first runs, then what came later."""
    columns = f"INSERT INTO change ({', '.join(Late._fields)})"
    for (at, run), registry in sorted((runs[row.id][0], row.id) for row in rows if runs[row.id]):
        tx.sql(
            f"{columns} SELECT a.registry_id, ?, ?, 'added', a.kind, a.path, v.version, '',"
            " v.digest FROM artifact a JOIN version v ON v.artifact_id = a.id"
            " WHERE a.registry_id = ? AND v.first_seen = ? ORDER BY a.id, v.id",
            (run, at, registry, at),
        )
    if late:
        late.sort(key=lambda line: (line.at, line.run_id))
        tx.sql(f"{columns} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [tuple(line) for line in late])


def _endings(
    tx: Transaction, rows: Iterable[RegistryRow], runs: dict[str, list[tuple[float, int]]]
) -> None:
    """Give registries and runs their counts, and the last runs what their outcome needs."""
    tx.sql(
        "UPDATE registry SET (artifacts, versions) = (SELECT count(*) FILTER (WHERE versions > 0),"
        " ifnull(sum(versions), 0) FROM artifact a WHERE a.registry_id = registry.id)"
    )
    tx.sql(
        "UPDATE sync_run SET (artifacts, versions) = (SELECT artifacts, versions FROM registry r"
        " WHERE r.id = sync_run.registry_id), (added, changed, removed) = (SELECT"
        " count(*) FILTER (WHERE change IN ('added', 'returned')),"
        " count(*) FILTER (WHERE change IN ('digest-moved', 'metadata-changed')),"
        " count(*) FILTER (WHERE change = 'removed') FROM change c WHERE c.run_id = sync_run.id)"
    )
    for row in rows:
        if not runs[row.id]:
            continue
        run = runs[row.id][-1][1]
        tx.sql(
            "UPDATE sync_run SET outcome = ?, code = ?, message = ?, remedy = ? WHERE id = ?",
            (row.last_outcome, row.code, row.message, row.remedy, run),
        )
        if row.last_outcome == "held":
            tx.sql(
                "INSERT INTO removal SELECT ?, v.id FROM artifact a JOIN version v"
                " ON v.artifact_id = a.id WHERE a.registry_id = ? AND v.state = 'present'"
                " ORDER BY v.id LIMIT 140",
                (run, row.id),
            )
        if row.last_outcome == "partial":
            tx.sql(
                "INSERT INTO skipped (run_id, kind, path, version, reason, is_new)"
                " SELECT ?, kind, path, 'one', 'not-a-version', 1 FROM artifact"
                " WHERE registry_id = ? ORDER BY id LIMIT 3",
                (run, row.id),
            )


def main() -> None:
    """Make the estate of the directory that was given and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    for name, number in {
        **{"registries": 100, "artifacts": 100_000, "versions": 1_000_000, "seed": 1},
        **{"readmes": 1_000, "readme-bytes": 4_000},
    }.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    asked = vars(parser.parse_args())
    started = time.perf_counter()
    path = make(asked.pop("directory"), **asked)
    seconds = time.perf_counter() - started
    print(f"{path}: {path.stat().st_size / 1e6:.0f} MB in {seconds:.1f} s")


if __name__ == "__main__":
    main()
