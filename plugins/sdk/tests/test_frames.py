"""The wire: what comes back is what was sent, and anything else is refused."""

from __future__ import annotations

import io
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrykit import (
    Artifact,
    Check,
    Complete,
    Dependency,
    Document,
    Found,
    Known,
    KnownElsewhere,
    Note,
    PluginFault,
    Progress,
    Ref,
    Skip,
    SyncEvent,
    Unchanged,
    Version,
)
from registrykit.events import LARGEST_CERTIFICATE
from registrykit.frames import (
    MAX_EVENTS,
    MAX_FRAME,
    Ack,
    AskKnown,
    AskMemory,
    Batch,
    Bytes,
    Call,
    Cancel,
    Checked,
    Failed,
    Fetched,
    Finished,
    KnownRows,
    Listed,
    Logged,
    Missing,
    Ready,
    Remembered,
    Saved,
    ToHost,
    ToWorker,
    Traffic,
    batches,
    pack,
    read_to_host,
    read_to_worker,
    unbatch,
)
from registrykit.sync import Settings

A, B = Artifact("chart", "a"), Artifact("pack", "x/b", keywords=("one", "two"))
RICH = Version(
    "1.0.0+build",
    tag="1.0.0_build",
    digest="sha256:" + "0" * 64,
    size=7,
    created="2026-01-31T12:00:00Z",
    deprecated=True,
    urls=("http://a.example/a.tgz",),
    dependencies=(Dependency("c", ">=1", optional=True),),
    facts={"type": "library", "numbers": [1, 2], "nested": {"yes": True}},
)
EVENTS: list[SyncEvent] = [
    Found(A, RICH),
    Found(B, Version("2")),
    Found(A, Version("3")),
    Unchanged("x", memory={"etag": "y"}),
    Skip(Ref("a", "4"), "broken"),
    Document(Ref("a", "3"), "readme", "# ä", "text/markdown"),
    Progress(1, 2, "charts"),
    Note("odd", "Odd."),
    Complete("", memory=None, as_of="2026-01-31T12:00:00Z"),
]


def body(content: bytes) -> io.BytesIO:
    return io.BytesIO(struct.pack(">I", len(content)) + content)


def host_reads(packed: bytes) -> ToHost:
    frame = read_to_host(io.BytesIO(packed))
    assert frame is not None
    return frame


@pytest.mark.parametrize(
    "frame",
    [
        Call("sync", "d", "t", {"a": [1]}, 2, Settings(full=True), ((A, RICH),)),
        Call("elsewhere", "d", "t", environ={"HOME": "/home/me"}),
        Ack(),
        Cancel(),
        KnownRows((Known("a", "1", "", ""),), last=True),
        Remembered(None),
        Remembered({"a": {"b": [1, None, True]}}),
    ],
)
def test_the_worker_reads_what_the_host_sent(frame: ToWorker) -> None:
    assert read_to_worker(io.BytesIO(pack(frame))) == frame


@pytest.mark.parametrize(
    "frame",
    [
        Ready(1),
        Checked(Check("tcp", "ok", "Yes.", seconds=0.1)),
        Missing(1, "gone", "not-found"),
        Fetched(2),
        Bytes(b"\x00\xff"),
        Saved("a.tgz"),
        KnownElsewhere("Tool", "~/file"),
        KnownElsewhere("Tool", "~/file", "n", {"a": 1, "b": ["c"], "d": True}, {"e": "f"}, ("g",)),
        AskKnown("a"),
        AskMemory(""),
        Logged(20, "line"),
        Traffic(1, 2),
        Failed("throttled", "slow", "Slow down.", retry_after=1.5),
        Finished(),
    ],
)
def test_the_host_reads_what_the_worker_sent(frame: ToHost) -> None:
    assert host_reads(pack(frame)) == frame


def test_events_survive_the_wire_and_share_their_artifacts() -> None:
    (packed,) = batches(EVENTS)
    batch = host_reads(packed)
    assert isinstance(batch, Batch)
    assert batch.artifacts == (A, B)
    assert unbatch(batch) == EVENTS


def test_a_batch_that_is_too_large_is_halved() -> None:
    events: list[SyncEvent] = [
        Document(Ref("a", str(number)), "readme", "x" * 3_000_000) for number in range(5)
    ]
    sent = list(batches(events))
    assert len(sent) > 1
    assert all(len(packed) <= MAX_FRAME + 4 for packed in sent)
    arrived = [host_reads(packed) for packed in sent]
    assert [e for frame in arrived if isinstance(frame, Batch) for e in unbatch(frame)] == events


def test_one_event_that_is_too_large_is_refused() -> None:
    giant = Document(Ref("a", "1"), "readme", "x" * (MAX_FRAME + 1))
    with pytest.raises(PluginFault, match="8 MiB at once") as caught:
        list(batches([Note("a", "b"), giant]))
    assert caught.value.code == "too-much-at-once"


@pytest.mark.parametrize(
    "value",
    [
        object(),
        "\ud800",
        {1: object()},
        2**70,
    ],
)
def test_what_cannot_be_encoded_is_a_fault_of_the_plugin(value: Any) -> None:
    with pytest.raises(PluginFault, match="cannot be sent"):
        list(batches([Found(A, Version("1", facts={"x": value}))]))


def test_endless_nesting_is_a_fault_of_the_plugin() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(PluginFault, match="cannot be sent"):
        list(batches([Found(A, Version("1", facts=endless))]))


@pytest.mark.parametrize("cut", [0, 2, 4, 9])
def test_a_stream_that_ends_in_a_frame_is_at_its_end(cut: int) -> None:
    assert read_to_host(io.BytesIO(pack(Logged(20, "a long line"))[:cut])) is None


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(b"\xff\xff\xff\xff"),
        io.BytesIO(struct.pack(">I", MAX_FRAME + 1)),
        io.BytesIO(b"Traceback (most recent call last):"),
        body(b""),
        body(b"\xc1"),
        body(b"\x91" * 5000 + b"\x00"),
        body(msgspec.msgpack.encode(["a", "list"])),
        body(msgspec.msgpack.encode({"type": "unknown"})),
        body(msgspec.msgpack.encode({"type": "ready", "protocol": "one"})),
        body(msgspec.msgpack.encode({"type": "call", "method": "sync"})),
        body(msgspec.msgpack.encode({"type": "elsewhere", "tool": "t"})),
        body(msgspec.msgpack.encode({"type": "elsewhere", "tool": "t", "file": "f", "name": 1})),
        body(pack(KnownElsewhere("t", "f", secrets={"a": 1}))[4:]),  # type: ignore[dict-item]
        body(pack(KnownElsewhere("t", "f", values={"a": None}))[4:]),  # type: ignore[dict-item]
        body(pack(KnownElsewhere("t", "f", values={"a": [1]}))[4:]),  # type: ignore[list-item]
        body(pack(Finished())[4:] + b"\x00"),
    ],
)
def test_the_host_refuses_everything_else(stream: io.BytesIO) -> None:
    with pytest.raises(PluginFault) as caught:
        read_to_host(stream)
    assert caught.value.code == "garbage"


def test_fields_of_another_type_are_refused_on_arrival() -> None:
    wrong = Found(Artifact("chart", 7), Version("1"))  # type: ignore[arg-type]
    (packed,) = batches([wrong])
    with pytest.raises(PluginFault) as caught:
        host_reads(packed)
    assert "Expected `str`, got `int`" in caught.value.cause


def test_a_certificate_of_any_length_is_refused_on_arrival() -> None:
    largest = Check("tls", "ok", certificate="x" * LARGEST_CERTIFICATE)
    assert host_reads(pack(Checked(largest))) == Checked(largest)
    with pytest.raises(PluginFault) as caught:
        host_reads(pack(Checked(Check("tls", "ok", certificate="x" * (LARGEST_CERTIFICATE + 1)))))
    assert caught.value.code == "garbage"


@pytest.mark.parametrize(
    "batch",
    [
        Batch((A,), (Listed(1, Version("1")),)),
        Batch((A,), (Listed(-1, Version("1")),)),
        Batch((A,), (Listed(0, Version("1")),) * (MAX_EVENTS + 1)),
    ],
)
def test_a_batch_that_breaks_the_rules_is_refused(batch: Batch) -> None:
    with pytest.raises(PluginFault) as caught:
        unbatch(batch)
    assert caught.value.code == "garbage"


def refused_or_read(stream: io.BytesIO) -> str:
    """Return the code of the refusal, or whether a frame was read."""
    try:
        frame = read_to_host(stream)
    except PluginFault as fault:
        return fault.code
    return "end" if frame is None else "frame"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_bring_anything_but_a_refusal(content: bytes) -> None:
    for stream in (io.BytesIO(content), body(content)):
        assert refused_or_read(stream) in ("garbage", "end", "frame")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([A, B]), st.text(max_size=5)), max_size=30))
def test_any_listing_survives_the_wire(listing: list[tuple[Artifact, str]]) -> None:
    events: list[SyncEvent] = [Found(artifact, Version(text)) for artifact, text in listing]
    arrived = [host_reads(packed) for packed in batches(events)]
    assert [e for frame in arrived if isinstance(frame, Batch) for e in unbatch(frame)] == events
