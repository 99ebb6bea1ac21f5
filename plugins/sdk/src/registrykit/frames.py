"""The wire between host and worker: length-prefixed msgpack frames, typed on arrival.

A frame is a 4-byte big-endian length and that many bytes of msgpack, at most 8 MiB. Never pickle:
the worker is not trusted. Events travel in batches; the worker may have `WINDOW` batches under way
that the host has not acknowledged, so neither side's memory grows with a fast or hostile other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec

from registrykit.artifacts import Artifact, Version
from registrykit.description import TypeDescription
from registrykit.elsewhere import KnownElsewhere
from registrykit.errors import PluginFault
from registrykit.events import (
    Check,
    Complete,
    Document,
    Found,
    Known,
    Note,
    Progress,
    Skip,
    SyncEvent,
    Unchanged,
)
from registrykit.sync import Settings

PROTOCOL = 1
MAX_FRAME = 8 * 1024 * 1024
MAX_EVENTS = 1000
MAX_MEMORY = 1024 * 1024
WINDOW = 4
CHUNK = 256 * 1024


# From the host to the worker


class Call(msgspec.Struct, frozen=True, tag="call"):
    """Run one method of one type; secrets are in `config`, which is never logged.

    `environ` is what `elsewhere` is told of the host's environment.
    """

    method: str
    distribution: str = ""
    type_id: str = ""
    config: dict[str, Any] = {}
    config_version: int = 1
    settings: Settings = Settings()
    items: tuple[tuple[Artifact, Version], ...] = ()
    environ: dict[str, str] = {}


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    """One batch has been taken."""


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """End the running call."""


class KnownRows(msgspec.Struct, frozen=True, tag="known"):
    """Part of the answer to `AskKnown`; `last` ends it."""

    rows: tuple[Known, ...]
    last: bool


class Remembered(msgspec.Struct, frozen=True, tag="remembered"):
    """The answer to `AskMemory`."""

    memory: dict[str, Any] | None


# From the worker to the host


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    protocol: int


class Listed(msgspec.Struct, frozen=True, array_like=True, tag="f"):
    """A `Found` on the wire: its artifact stands once in the batch."""

    artifact: int
    version: Version


class Plain(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """Any other event on the wire."""

    event: Unchanged | Skip | Complete | Document | Progress | Note


class Batch(msgspec.Struct, frozen=True, tag="batch"):
    artifacts: tuple[Artifact, ...]
    rows: tuple[Listed | Plain, ...]


class Checked(msgspec.Struct, frozen=True, tag="checked"):
    check: Check


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """The documents of item `index` of the call could not be fetched."""

    index: int
    reason: str
    code: str = ""


class Fetched(msgspec.Struct, frozen=True, tag="fetched"):
    """The documents of item `index` of the call are all sent."""

    index: int


class Bytes(msgspec.Struct, frozen=True, tag="bytes"):
    """A piece of what is being saved."""

    content: bytes


class Saved(msgspec.Struct, frozen=True, tag="saved"):
    name: str


class Described(msgspec.Struct, frozen=True, tag="described"):
    types: tuple[TypeDescription, ...]


class AskKnown(msgspec.Struct, frozen=True, tag="ask-known"):
    prefix: str


class AskMemory(msgspec.Struct, frozen=True, tag="ask-memory"):
    prefix: str


class Logged(msgspec.Struct, frozen=True, tag="logged"):
    level: int
    message: str


class Traffic(msgspec.Struct, frozen=True, tag="traffic"):
    """Requests made and bytes received by the call so far; sent with its end."""

    requests: int
    bytes: int


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The call ended with an error; `fault` marks one that is the plugin's own."""

    kind: str
    code: str
    message: str
    cause: str = ""
    remedy: str = ""
    retry_after: float | None = None


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The call is done; `again` says whether the next one finds here what a new worker has."""

    again: bool = False


ToWorker = Call | Ack | Cancel | KnownRows | Remembered
ToHost = (
    Ready
    | Batch
    | Checked
    | Missing
    | Fetched
    | Bytes
    | Saved
    | Described
    | KnownElsewhere
    | AskKnown
    | AskMemory
    | Logged
    | Traffic
    | Failed
    | Finished
)

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_to_host: msgspec.msgpack.Decoder[ToHost] = msgspec.msgpack.Decoder(ToHost)


def pack(frame: ToWorker | ToHost) -> bytes:
    """Return the frame as bytes; raises PluginFault where it is too large or cannot be encoded."""
    try:
        body = _encoder.encode(frame)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise PluginFault(
            "The plugin yielded something that cannot be sent.", cause=str(error)
        ) from None
    if len(body) > MAX_FRAME:
        raise PluginFault(
            f"The plugin yielded more than {MAX_FRAME // 1024 // 1024} MiB at once.",
            cause=f"{len(body):,} bytes in one event",
            code="too-much-at-once",
        )
    return struct.pack(">I", len(body)) + body


def read_to_worker(stream: BinaryIO) -> ToWorker | None:
    body = _read(stream)
    return None if body is None else _to_worker.decode(body)


def read_to_host(stream: BinaryIO) -> ToHost | None:
    """Return the next frame, or None at the end of the stream.

    Raises PluginFault for anything that is not a frame of the protocol.
    """
    body = _read(stream)
    if body is None:
        return None
    try:
        return _to_host.decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise PluginFault(
            "The plugin sent something that is not part of the protocol.",
            cause=str(error),
            code="garbage",
        ) from None


def _read(stream: BinaryIO) -> bytes | None:
    head = _exactly(stream, 4)
    if head is None:
        return None
    (length,) = struct.unpack(">I", head)
    if length > MAX_FRAME:
        raise PluginFault(
            "The plugin sent something that is not part of the protocol.",
            cause=f"a frame of {length:,} bytes was announced",
            code="garbage",
        )
    return _exactly(stream, length)


def _exactly(stream: BinaryIO, length: int) -> bytes | None:
    parts: list[bytes] = []
    missing = length
    while missing:
        part = stream.read(missing)
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def batches(events: Iterable[SyncEvent]) -> Iterator[bytes]:
    """Yield the events as packed batches, halving a batch that does not fit into a frame."""
    chunk = list(events)
    try:
        yield pack(_batch(chunk))
    except PluginFault as fault:
        if len(chunk) < 2 or fault.code != "too-much-at-once":
            raise
        half = len(chunk) // 2
        yield from batches(chunk[:half])
        yield from batches(chunk[half:])


def _batch(events: list[SyncEvent]) -> Batch:
    artifacts: list[Artifact] = []
    places: dict[int, int] = {}
    rows: list[Listed | Plain] = []
    for event in events:
        if isinstance(event, Found):
            place = places.get(id(event.artifact))
            if place is None:
                place = places[id(event.artifact)] = len(artifacts)
                artifacts.append(event.artifact)
            rows.append(Listed(place, event.version))
        else:
            rows.append(Plain(event))
    return Batch(tuple(artifacts), tuple(rows))


def unbatch(batch: Batch) -> list[SyncEvent]:
    """Return the events of a batch; raises PluginFault where it breaks the rules."""
    if len(batch.rows) > MAX_EVENTS:
        raise PluginFault(f"The plugin sent more than {MAX_EVENTS} events at once.", code="garbage")
    events: list[SyncEvent] = []
    for row in batch.rows:
        if isinstance(row, Plain):
            events.append(row.event)
        elif 0 <= row.artifact < len(batch.artifacts):
            events.append(Found(batch.artifacts[row.artifact], row.version))
        else:
            raise PluginFault("The plugin sent a version without an artifact.", code="garbage")
    return events
