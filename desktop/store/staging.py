"""Staging what a run finds, in scratch tables that nothing outlives.

They live in a temporary file that ends with the program, so a kill leaves every prefix as it was;
`desktop.store.commits` takes over what is complete.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from desktop.store.database import Transaction
from registrykit.artifacts import Artifact, Version
from registrykit.events import Document, Found, Skip
from registrykit.versions import is_prerelease, is_semver, sort_key

_encode = msgspec.json.Encoder(order="deterministic").encode
_ESCAPED_SPACE = (rb"\n", rb"\r", rb"\t")

_STAGE = f"INSERT OR IGNORE INTO stage VALUES ({', '.join('?' * 19)})"


def body_of(version: Version) -> bytes:
    """Return what has no column of its own as JSON with sorted keys."""
    return _encode(
        {
            "description": version.description,
            "urls": version.urls,
            "dependencies": version.dependencies,
            "facts": version.facts,
        }
    )


def fingerprint(version: Version, body: bytes) -> bytes:
    """Return a hash of everything that counts as a change; not `created`, order, white space.

    The digest of what one pulls stands for its content too, where there is one.
    """
    for escape in _ESCAPED_SPACE:
        body = body.replace(escape, b" ")
    body = b" ".join(body.split())
    digest = version.digest or version.content_digest
    head = f"{digest}\0{version.app_version}\0{version.deprecated}\0{version.size}\0"
    return hashlib.blake2b(head.encode() + body, digest_size=16).digest()


def _row(run: int, artifact: Artifact, keywords: bytes, version: Version) -> tuple[Any, ...]:
    body = body_of(version)
    return (
        run,
        artifact.kind,
        artifact.path,
        artifact.shown_name,
        artifact.display_name,
        artifact.description,
        keywords.decode(),
        version.version,
        version.wire_tag,
        version.digest,
        version.content_digest,
        version.size,
        version.created,
        version.app_version,
        version.deprecated,
        is_semver(version.version) and not is_prerelease(version.version),
        sort_key(version.version),
        fingerprint(version, body),
        body,
    )


def stage(tx: Transaction, run: int, found: Iterable[Found]) -> None:
    """Stage versions; of one that is listed twice the first stands."""
    rows: list[tuple[Any, ...]] = []
    artifact: Artifact | None = None
    keywords = b"[]"
    for event in found:
        if event.artifact is not artifact:
            artifact = event.artifact
            keywords = _encode(artifact.keywords)
        rows.append(_row(run, event.artifact, keywords, event.version))
    if not rows:
        return
    inserted = tx.sql(_STAGE, rows).rowcount
    if inserted < len(rows):
        _note_twice(tx, run, rows)


def _note_twice(tx: Transaction, run: int, rows: list[tuple[Any, ...]]) -> None:
    noted: set[tuple[str, str]] = set()
    for row in rows:
        kind, path, version, tag, digest = row[1], row[2], row[7], row[8], row[9] or row[10]
        first = tx.one(
            "SELECT ifnull(nullif(digest, ''), content_digest) FROM stage"
            " WHERE run = ? AND path = ? AND kind = ? AND version = ? AND tag = ?",
            (run, path, kind, version, tag),
        )
        if first != digest and (path, version) not in noted:
            noted.add((path, version))
            tx.sql(
                "INSERT INTO stage_skip VALUES (?, ?, ?, ?, 'listed-twice')",
                (run, kind, path, version),
            )


def stage_skips(tx: Transaction, run: int, skips: Iterable[Skip]) -> None:
    for skip in skips:
        ref = skip.ref
        tx.sql(
            "INSERT INTO stage_skip VALUES (?, ?, ?, ?, ?)",
            (run, ref.kind, ref.path, ref.version, skip.reason),
        )
        tx.sql("INSERT INTO stage_kept VALUES (?, ?, ?, ?)", (run, ref.path, ref.version, False))


def stage_documents(tx: Transaction, run: int, documents: Iterable[Document]) -> None:
    for document in documents:
        ref = document.ref
        tx.sql(
            "INSERT INTO stage_document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run,
                ref.kind,
                ref.path,
                ref.version,
                ref.tag,
                document.name,
                document.media_type,
                digest_of(document.text),
                document.text,
            ),
        )


def keep_prefix(tx: Transaction, run: int, prefix: str) -> None:
    """Everything at or under `prefix` counts as seen."""
    tx.sql("INSERT INTO stage_kept VALUES (?, ?, '', ?)", (run, prefix, True))


def digest_of(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def drop_stage(tx: Transaction, run: int) -> None:
    for table in ("stage", "stage_kept", "stage_skip", "stage_document"):
        tx.sql(f"DELETE FROM {table} WHERE run = ?", (run,))
