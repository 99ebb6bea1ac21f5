"""Names on the wire of an OCI registry: repositories, tags and digests, each matched as a whole."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from registrykit.errors import BadConfig, RegistryError

if TYPE_CHECKING:
    from hashlib import _Hash

LONGEST_REPOSITORY = 255

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")


def is_repository(text: str) -> bool:
    """Say whether `text` is the name of a repository (distribution-spec, "Pulling manifests")."""
    return len(text) <= LONGEST_REPOSITORY and _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Say whether `text` can be a tag; a version with a plus sign cannot."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Say whether `text` is a digest of a kind that can be checked: sha256 or sha512."""
    return _DIGEST.fullmatch(text) is not None


def repository_path(*parts: str, error: type[RegistryError] = BadConfig) -> str:
    """Join parts of a repository's name; empty ones and slashes too many are left out.

    All parts may be empty. Raises `error` for what no repository can be called.
    """
    path = "/".join(piece for part in parts for piece in part.strip().split("/") if piece)
    if path and not is_repository(path):
        raise error(
            f"{_shown(path)} cannot be the path of a repository.",
            cause="A path has small letters and digits, with single dots, underscores, hyphens "
            f"and slashes between them, and at most {LONGEST_REPOSITORY} characters.",
            remedy="Enter the path as the registry shows it, without its host and without a tag.",
            code="bad-repository",
        )
    return path


def hash_for(digest: str) -> _Hash:
    """Return a new hash of the kind that `digest` names."""
    return hashlib.new(digest.partition(":")[0])


def digest_of(content: bytes, like: str = "sha256:") -> str:
    """Return the digest of `content`, of the same kind as `like`."""
    digest = hash_for(like)
    digest.update(content)
    return f"{digest.name}:{digest.hexdigest()}"


def same_digest(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _shown(text: str, longest: int = 80) -> str:
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
