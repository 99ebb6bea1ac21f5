"""What a plugin says while it synchronizes or checks: frozen events, yielded by a generator."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from registrykit.artifacts import Artifact, Version

Verdict = Literal["ok", "warning", "failed", "skipped"]


class Ref(msgspec.Struct, frozen=True):
    """Point to a path of the registry, or to one version there.

    `tag` is `Version.wire_tag`; it says which is meant where several tags have the same version.
    """

    path: str
    version: str = ""
    kind: str = ""
    tag: str = ""


class Found(msgspec.Struct, frozen=True, tag="found"):
    """This version is in the registry now. Yield the same `Artifact` object for its versions."""

    artifact: Artifact
    version: Version


class Unchanged(msgspec.Struct, frozen=True, tag="unchanged"):
    """Everything at or under `prefix` is as stored, and counts as seen.

    `memory`, where given, replaces what is remembered for the prefix. Only a prefix with memory
    is among those that an interrupted run has completed when it is resumed.
    """

    prefix: str
    memory: dict[str, Any] | None = None


class Skip(msgspec.Struct, frozen=True, tag="skip"):
    """Something could not be read; what is stored at or under `ref` is kept."""

    ref: Ref
    reason: str


class Complete(msgspec.Struct, frozen=True, tag="complete"):
    """Every path at or under `prefix` has been yielded in this run; what was not is gone.

    `memory` (at most 1 MiB as msgpack) is what the plugin wants to be told next time: validators,
    hashes. It is stored only together with the prefix that it vouches for. `as_of` is the time
    (RFC 3339) that the source gives for its own listing; a listing that goes back in time does
    not remove anything without the user's consent.
    """

    prefix: str
    memory: dict[str, Any] | None = None
    as_of: str = ""


DOCUMENT_NAMES = ("readme", "values", "schema", "manifest", "metadata", "presets", "logo")
LARGEST_LOGO = 256 * 1024
"""Bytes of a picture that are kept."""


class Document(msgspec.Struct, frozen=True, tag="document"):
    """Text that belongs to a version; `name` is one of `DOCUMENT_NAMES`, another is a fault.

    A `logo` is a picture: its text is base64 of at most `LARGEST_LOGO` bytes, its `media_type`
    begins with `image/`. What `sync` yields for a version is all that it has: nothing more is
    fetched of it unless the user asks.
    """

    ref: Ref
    name: str
    text: str
    media_type: str = "text/plain"


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the run is; `total` only where it is known. `unit` is a plural noun."""

    done: int
    total: int | None = None
    unit: str = ""


class Note(msgspec.Struct, frozen=True, tag="note"):
    """A remark that the user should read with the run's result."""

    code: str
    message: str


SyncEvent = Found | Unchanged | Skip | Complete | Document | Progress | Note


LARGEST_CERTIFICATE = 64 * 1024


class Check(msgspec.Struct, frozen=True):
    """The verdict of one stage of the connection check; `seconds` is what it took.

    `certificate` is what the server presented, as PEM text, whether it is trusted or not; only the
    stage that sees it has it. `registrykit.certificates.presented` reads it.
    """

    stage: str
    verdict: Verdict
    message: str = ""
    code: str = ""
    remedy: str = ""
    seconds: float = 0.0
    certificate: Annotated[str, msgspec.Meta(max_length=LARGEST_CERTIFICATE)] = ""


class Known(msgspec.Struct, frozen=True):
    """A version as it is stored on the user's machine."""

    path: str
    version: str
    tag: str
    digest: str
