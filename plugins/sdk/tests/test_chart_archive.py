"""Reading archives that are cut off, damaged, lying or too large: an error, and no harm."""

from __future__ import annotations

import gzip
import io
import os
import random
import struct
import tarfile
import tracemalloc
import zlib
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrykit.errors import BadAnswer
from registrykit.formats.chart import ChartContents, ChartLimits, read_chart

CHART_YAML = """\
apiVersion: v2
name: demo
version: 1.10.0
appVersion: 1.10
dependencies:
- name: common
  version: 2.x.x
  repository: oci://charts.example.com/stable
"""
FILES = {
    "demo/Chart.yaml": CHART_YAML,
    "demo/values.yaml": "replicas: 2\n",
    "demo/values.schema.json": '{"$ref": "https://example.com/never-fetched"}',
    "demo/README.md": "# Demo\n",
    "demo/Chart.lock": "generated: x\n",
    "demo/templates/service.yaml": "{{ .Values.replicas }}",
    "demo/charts/common-2.1.0.tgz": "not opened",
    "demo/charts/other/Chart.yaml": "name: other\n",
}


def member(name: str, content: str | bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    data = content.encode() if isinstance(content, str) else content
    header = tarfile.TarInfo(name)
    header.size = len(data)
    for field, value in fields.items():
        setattr(header, field, value)
    return header, data


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], style: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=style) as archive:
        for header, content in members:
            archive.addfile(header, io.BytesIO(content))
    return made.getvalue()


def tgz(*more: tuple[tarfile.TarInfo, bytes], files: dict[str, str] | None = None) -> bytes:
    """Return a chart with `files` and, behind them, `more`."""
    chosen = FILES if files is None else files
    return gzip.compress(tar([*(member(*pair) for pair in chosen.items()), *more]), mtime=0)


def refused(source: bytes, limits: ChartLimits | None = None) -> BadAnswer:
    with pytest.raises(BadAnswer) as caught:
        read_chart(source, limits=limits)
    error = caught.value
    assert all((str(error), error.cause, error.remedy))
    return error


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>Sign in</html>", "web page"),
        (b"  \n<html>", "web page"),
        (b"PK\x03\x04" + b"\0" * 60, "zip"),
        (tar([member("demo/Chart.yaml", CHART_YAML)]), "not compressed"),
        (b"\xfd7zXZ\x00" + b"\0" * 60, "another way"),
        (b"\x28\xb5\x2f\xfd" + b"\0" * 60, "another way"),
        (b"apiVersion: v1\n", "not compressed with gzip"),
    ],
)
def test_what_is_no_chart_archive(source: bytes, says: str) -> None:
    error = refused(source)
    assert error.code == "chart-not-archive"
    assert "not a chart archive" in str(error)
    assert says in error.cause


def test_an_archive_that_is_cut_off_anywhere_is_never_read() -> None:
    source = tgz(member("demo/big", os.urandom(3000)))
    for end in range(2, len(source)):
        error = refused(source[:end])
        assert error.code == "chart-cut-off", end
        assert "archive is cut off" in str(error)


def test_a_tar_that_is_cut_off_inside_a_good_gzip() -> None:
    whole = tar([member(*pair) for pair in FILES.items()])
    ends = whole.rstrip(b"\0")
    for end in (100, 511, 600, 1023, len(ends) - 1):
        if end % 512:
            assert refused(gzip.compress(whole[:end])).code == "chart-cut-off", end
    length = -(-len(ends) // 512) * 512
    assert read_chart(gzip.compress(whole[:length])) == read_chart(tgz()), "no end mark is fine"


def test_what_follows_the_archive_is_told_and_not_read() -> None:
    other = tgz(files={"other/Chart.yaml": CHART_YAML})
    for behind in (b"garbage", other, b"\0" * 10):
        chart = read_chart(tgz() + behind)
        assert (chart.name, chart.problems) == (
            "demo",
            ("something follows the end of the archive",),
        )
    inside = gzip.compress(tar([member(*pair) for pair in FILES.items()]) + b"garbage")
    assert read_chart(inside).problems == ("something follows the end of the archive",)


def test_damage_is_noticed() -> None:
    source = bytearray(tgz())
    source[-5] ^= 0xFF
    assert refused(bytes(source)).code == "chart-broken"
    assert refused(b"\x1f\x8b\x08\x00" + b"\xff" * 100).code == "chart-broken"
    plain = bytearray(tar([member(*pair) for pair in FILES.items()]))
    plain[10] ^= 1
    assert refused(gzip.compress(bytes(plain))).code == "chart-broken"


def sized(field: bytes, name: str = "demo/Chart.yaml") -> bytes:
    """Return an archive whose only header has `field` as its size, with a right checksum."""
    header = bytearray(tarfile.TarInfo(name).tobuf())
    header[124:136] = field.ljust(12, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return gzip.compress(bytes(header) + b"\0" * 2048)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        (b"-0000000512", "chart-broken"),
        (b"\xff" * 12, "chart-broken"),
        (b"\xff" + b"\xff" * 10 + b"\x00", "chart-broken"),
        (b"0x10", "chart-broken"),
        (b"99999999", "chart-broken"),
        (b"\x80" + b"\x7f" * 11, "chart-too-large"),
        (b"77777777777", "chart-too-large"),
        (b"00030000000", "chart-too-large"),
        (b"00000010000", "chart-cut-off"),
    ],
)
def test_sizes_that_lie(field: bytes, code: str) -> None:
    assert refused(sized(field)).code == code


@pytest.mark.parametrize(
    "records",
    [b"30 size=-512\n", b"12 size=-99\n", b"9 size=x\n", b"0 a=b\n", b"99999 path=x\n", b"x",
     b"5 ab\n", b"6 a=bc", b"-5 a=b\n"],
)  # fmt: skip
def test_extended_headers_that_lie(records: bytes) -> None:
    header = member("x", records, type=tarfile.XHDTYPE)
    source = gzip.compress(tar([header, *(member(*pair) for pair in FILES.items())]))
    assert refused(source).code == "chart-broken"


def test_extended_headers_name_members() -> None:
    long = "demo/" + "d" * 200 + "/" + "é" * 100
    for style in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        members = [member(*pair) for pair in FILES.items()]
        source = gzip.compress(tar([*members, member(long, "x")], style))
        assert (long, 1) in read_chart(source).files
    prefixed = "demo/" + "d" * 100 + "/x"
    source = gzip.compress(tar([*members, member(prefixed, "x")], tarfile.USTAR_FORMAT))
    assert (prefixed, 1) in read_chart(source).files


def test_global_headers_change_nothing() -> None:
    made = io.BytesIO()
    with tarfile.open(
        fileobj=made, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "evil", "size": "9"}
    ) as archive:
        for name, text in FILES.items():
            header, content = member(name, text)
            archive.addfile(header, io.BytesIO(content))
    assert read_chart(gzip.compress(made.getvalue())) == read_chart(tgz())


def test_sparse_members_are_passed_over() -> None:
    header = bytearray(member("demo/sparse", b"x" * 512)[0].tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    extension = b"\0" * 512
    rest = tar([member(*pair) for pair in FILES.items()])
    chart = read_chart(gzip.compress(bytes(header) + extension + b"x" * 512 + rest))
    assert chart.name == "demo"
    assert chart.problems == ('"demo/sparse" is no plain file and was ignored',)
    endless = bytes(header) + (b"\0" * 504 + b"\1" + b"\0" * 7) * 3000
    assert refused(gzip.compress(endless)).code == "chart-too-large"


def test_dates_owners_and_modes_do_not_matter() -> None:
    odd = member("demo/odd", "x", mtime=2**33, mode=0o7777, uid=2**40, gname="é" * 20)
    assert ("demo/odd", 1) in read_chart(tgz(odd)).files


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (ChartLimits(unpacked=10_000), "unpacks to more than 10,000"),
        (ChartLimits(file=10), "10 are allowed"),
        (ChartLimits(members=3), "more than 3 members"),
        (ChartLimits(ratio=2, free=4096), "2 times its size"),
    ],
)
def test_limits_hold(limits: ChartLimits, says: str) -> None:
    error = refused(tgz(), limits)
    assert error.code == "chart-too-large"
    assert says in error.cause


def test_bombs_stop_early_and_stay_small() -> None:
    bomb = _squeezed(256)
    tracemalloc.start()
    try:
        assert refused(bomb).code == "chart-too-large"
        behind = zlib.decompress(tgz(), wbits=31)
        assert refused(_squeezed(64, behind)).code == "chart-too-large"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def _squeezed(mebibytes: int, start: bytes | None = None) -> bytes:
    """Return that much of one byte as gzip, of which a header claims a part."""
    claimed = tarfile.TarInfo("demo/big")
    claimed.size = 4 * 1024 * 1024
    packer = zlib.compressobj(6, wbits=31)
    packed = [packer.compress(start or claimed.tobuf())]
    packed += [packer.compress(bytes(1024 * 1024)) for _ in range(mebibytes)]
    return b"".join([*packed, packer.flush()])


def test_very_many_members_and_very_long_headers() -> None:
    empty = member("demo/x")[0].tobuf()
    assert refused(gzip.compress(empty * 20_001)).code == "chart-too-large"
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, b"K"):
        header = member("x", type=kind, size=100_000_000)[0].tobuf()
        assert refused(gzip.compress(header + b"a" * 100_000)).code == "chart-too-large"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=600))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    for source in (content, b"\x1f\x8b" + content, gzip.compress(content)):
        _read_or_refuse(source)


def test_no_mutation_raises_anything_else() -> None:
    chance = random.Random(3)
    plain = tar([member(*pair) for pair in FILES.items()])
    read = 0
    for _ in range(800):
        content = bytearray(plain)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(0, len(FILES) * 1024, 512) + chance.randrange(345)
            content[at : at + 1] = bytes((chance.choice((0, 0x20, 0x31, 0x37, 0x80, 0xFF)),))
        for at in range(0, len(content), 512):
            header = content[at : at + 512]
            if header[257:262] == b"ustar" and chance.random() < 0.9:
                header[148:156] = b" " * 8
                content[at + 148 : at + 156] = b"%06o\0 " % sum(header)
        read += _read_or_refuse(gzip.compress(bytes(content), 1)) is not None
    assert read > 100


def _read_or_refuse(source: bytes) -> ChartContents | None:
    try:
        return read_chart(source)
    except BadAnswer as error:
        return None if error.code.startswith("chart-") else pytest.fail(error.code)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[a-zé]{1,8}(/[a-z0-9_]{1,60}){0,3}", fullmatch=True),
        st.binary(max_size=1500),
        max_size=6,
    ),
    st.sampled_from((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)),
)
def test_files_are_those_that_tarfile_finds(extra: dict[str, bytes], style: int) -> None:
    members = [member(*pair) for pair in FILES.items()]
    members += [member(f"demo/x/{name}", content) for name, content in extra.items()]
    source = gzip.compress(tar(members, style), 1)
    with tarfile.open(fileobj=io.BytesIO(source)) as archive:
        expected = tuple((one.name, one.size) for one in archive if one.isreg())
    assert read_chart(source).files == expected


def test_the_trailer_of_gzip_is_checked() -> None:
    source = tgz()
    length = struct.unpack("<I", source[-4:])[0]
    lying = source[:-4] + struct.pack("<I", length + 1)
    assert refused(lying).code == "chart-broken"
