"""Blobs: what comes is what the descriptor says, from wherever it comes, or it is refused."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from registrykit.cancel import CancelToken
from registrykit.errors import (
    BadAnswer,
    Cancelled,
    NotAllowed,
    NotFound,
    RegistryError,
    Unreachable,
)
from registrykit.oci import Descriptor, Image, Registry, digest_of
from registrykit.testing import faults
from registrykit.testing.answers import Fault
from registrykit.testing.oci import Layer, OciSite, reading
from registrykit.testing.servers import Answer, Site
from registrykit.urls import Basic, Credentials

CONTENT = b"0123456789" * 1000

Read = Callable[[Registry, Descriptor], bytes]


def whole(registry: Registry, descriptor: Descriptor) -> bytes:
    return registry.read_blob("acme/a", descriptor)


def streamed(registry: Registry, descriptor: Descriptor) -> bytes:
    with registry.blob("acme/a", descriptor) as blob:
        assert blob.length == descriptor.size
        return b"".join(blob)


both = pytest.mark.parametrize("read", [whole, streamed])


def pushed(site: OciSite, content: bytes = CONTENT) -> Descriptor:
    site.push_image("acme/a", "1.0", layers=[Layer(content)])
    return Descriptor("a/b", digest_of(content), len(content))


def path_of(descriptor: Descriptor) -> str:
    return f"/v2/acme/a/blobs/{descriptor.digest}"


def failure(site: OciSite, read: Read, descriptor: Descriptor) -> RegistryError:
    with reading(site) as registry, pytest.raises(RegistryError) as raised:
        read(registry, descriptor)
    assert raised.value.remedy
    return raised.value


@both
@pytest.mark.parametrize("content", [CONTENT, b"", b"x", bytes(3_000_000)])
def test_a_blob_comes_whole(read: Read, content: bytes) -> None:
    with OciSite() as site, reading(site) as registry:
        descriptor = pushed(site, content)
        assert read(registry, descriptor) == content
        manifest = registry.manifest("acme/a", "1.0")
        assert isinstance(manifest.document, Image)
        assert read(registry, manifest.document.layers[0]) == content
        sha512 = f"sha512:{hashlib.sha512(content).hexdigest()}"
        site.put(f"/v2/acme/a/blobs/{sha512}", content)
        assert read(registry, Descriptor("a/b", sha512, len(content))) == content


def flipped(answer: Answer, _: object) -> Answer:
    assert isinstance(answer.body, bytes)
    return replace(answer, body=b"X" + answer.body[1:])


def longer(answer: Answer, _: object) -> Answer:
    assert isinstance(answer.body, bytes)
    return replace(answer, body=answer.body + b"more")


def shorter(answer: Answer, _: object) -> Answer:
    assert isinstance(answer.body, bytes)
    return replace(answer, body=answer.body[:-4])


def empty(answer: Answer, _: object) -> Answer:
    return replace(answer, body=b"")


@both
@pytest.mark.parametrize(
    ("case", "fault", "code"),
    [
        ("BL-01", flipped, "digest-mismatch"),
        ("BL-02", faults.cut(0), "truncated"),
        ("BL-02", faults.cut(1), "truncated"),
        ("BL-02", faults.cut(len(CONTENT) - 1), "truncated"),
        ("BL-08", longer, "size-mismatch"),
        ("BL-08", faults.endless(b"x" * 65536), "size-mismatch"),
        ("BL-09", empty, "size-mismatch"),
        ("BL-09", shorter, "size-mismatch"),
        ("HT-23", faults.html(), "size-mismatch"),
    ],
)
def test_other_bytes_are_refused(read: Read, case: str, fault: Fault, code: str) -> None:
    with OciSite() as site:
        descriptor = pushed(site)
        site.spoil(path_of(descriptor), fault)
        error = failure(site, read, descriptor)
        assert error.code == code, case
        assert isinstance(error, Unreachable if code == "truncated" else BadAnswer)
        # A whole blob is asked for once more, a stream has to be begun anew by its reader.
        assert len(site.log) == (2 if read is whole else 1)


def test_ht_02_a_length_that_is_not_kept() -> None:
    with OciSite() as site:
        descriptor = pushed(site)
        site.spoil(path_of(descriptor), faults.wrong_length(len(CONTENT) + 5))
        assert failure(site, whole, descriptor).code == "truncated"
        assert failure(site, streamed, descriptor).code == "size-mismatch"


@pytest.mark.parametrize("fault", [flipped, faults.cut(100), shorter])
def test_bl_01_what_was_damaged_on_the_way_is_fetched_again(fault: Fault) -> None:
    with OciSite() as site, reading(site) as registry:
        descriptor = pushed(site)
        site.spoil(path_of(descriptor), faults.first(1, fault))
        assert registry.read_blob("acme/a", descriptor) == CONTENT
        assert len(site.log) == 2


@both
@pytest.mark.parametrize("chunked", [False, True])
def test_bl_07_what_somebody_packed_on_the_way_is_unpacked(read: Read, chunked: bool) -> None:
    packed = gzip.compress(CONTENT, mtime=0)

    def fault(answer: Answer, _: object) -> Answer:
        return Answer(200, packed, {"Content-Encoding": "gzip"}, chunked=chunked)

    with OciSite() as site:
        descriptor = pushed(site)
        site.spoil(path_of(descriptor), fault)
        with reading(site) as registry:
            assert read(registry, descriptor) == CONTENT
        assert site.log[0].headers["accept-encoding"] == "identity"
        site.spoil(path_of(descriptor), faults.gzip_bomb(50_000_000))
        assert failure(site, read, descriptor).code == "size-mismatch"
        site.spoil(path_of(descriptor), faults.cut_gzip(0.5))
        assert failure(site, read, descriptor).code == "size-mismatch"


@both
def test_bl_07_a_packed_blob_with_a_needless_header_stays_as_it_is(read: Read) -> None:
    packed = gzip.compress(CONTENT, mtime=0)
    with OciSite() as site, reading(site) as registry:
        descriptor = pushed(site, packed)
        site.put(path_of(descriptor), Answer(200, packed, {"Content-Encoding": "gzip"}))
        assert read(registry, descriptor) == packed


def test_a_blob_that_is_too_large_to_be_read_whole_is_not_asked_for() -> None:
    with OciSite() as site, reading(site) as registry:
        descriptor = pushed(site)
        with pytest.raises(BadAnswer) as raised:
            registry.read_blob("acme/a", descriptor, at_most=len(CONTENT) - 1)
        assert raised.value.code == "too-large"
        with pytest.raises(BadAnswer):
            registry.read_blob("acme/a", msgspec.structs.replace(descriptor, size=2**62))
        assert not site.log
        assert registry.read_blob("acme/a", descriptor, at_most=len(CONTENT)) == CONTENT


@both
def test_mf_20_a_blob_that_is_not_there(read: Read) -> None:
    with OciSite() as site:
        pushed(site)
        error = failure(site, read, Descriptor("a/b", digest_of(b"gone"), 4))
        assert isinstance(error, NotFound)
        assert error.code == "no-blob"
        assert "acme/a" in str(error)


@both
def test_mf_01_no_invalid_digest_gets_into_a_url(read: Read) -> None:
    with OciSite() as site:
        for digest in ("sha256:../../x", "1.0\n", ""):
            assert failure(site, read, Descriptor("a/b", digest, 4)).code == "bad-reference"
        assert not site.log


@both
def test_bl_12_a_redirect_to_storage_is_followed(read: Read) -> None:
    with Site() as storage, OciSite() as site, reading(site) as registry:
        site.manners.storage = storage
        descriptor = pushed(site)
        assert read(registry, descriptor) == CONTENT
        assert storage.log[0].path.endswith("?signature=s3cret")
        storage.spoil("*", faults.status(403, b"expired s3cret"))
        with pytest.raises(RegistryError) as raised:
            read(registry, descriptor)
        assert "signature" not in str(raised.value)
        # BL-13: every attempt gets a link of its own from the registry.
        storage.mend()
        assert read(registry, descriptor) == CONTENT
        assert len(site.log) == 3


@both
def test_ec_01_credentials_that_run_out_are_renewed(read: Read) -> None:
    expired = b'{"errors":[{"message":"Your authorization token has expired."}]}'
    with OciSite(sign_in=Basic("AWS", "first")) as site:

        def source(known: Credentials | None) -> Credentials:
            site.account = Basic("AWS", "first" if known is None else "second")
            return site.account

        descriptor = pushed(site)
        with reading(site, source=source) as registry:
            registry.tags("acme/a")
            site.spoil(path_of(descriptor), faults.first(1, faults.status(403, expired)))
            assert read(registry, descriptor) == CONTENT
            assert site.account == Basic("AWS", "second")
            site.spoil(path_of(descriptor), faults.status(403, b'{"message":"not for you"}'))
            with pytest.raises(NotAllowed) as raised:
                read(registry, descriptor)
            assert "not for you" in raised.value.cause


def test_a_stream_that_is_left_in_the_middle_leaves_nothing_open() -> None:
    with OciSite() as site, reading(site) as registry:
        descriptor = pushed(site, bytes(3_000_000))
        with registry.blob("acme/a", descriptor) as blob:
            next(iter(blob))
        with pytest.raises(KeyError), registry.blob("acme/a", descriptor) as blob:
            raise KeyError
        for _ in range(20):
            with registry.blob("acme/a", descriptor):
                pass
        assert streamed(registry, descriptor) == bytes(3_000_000)


def test_a_stream_ends_when_it_is_cancelled() -> None:
    token = CancelToken()
    with OciSite() as site, reading(site, cancel=token) as registry:
        descriptor = pushed(site, bytes(3_000_000))
        with registry.blob("acme/a", descriptor) as blob:
            pieces = iter(blob)
            next(pieces)
            token.cancel()
            with pytest.raises(Cancelled):
                list(pieces)
