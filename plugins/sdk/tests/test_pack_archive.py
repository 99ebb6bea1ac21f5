"""Reading a pack's archive: what people build, and archives that are cut off, lying or too large.

The ids in the names (AR-01 …, PK-11 …) are those of the catalog of bad input.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
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
from registrykit.events import LARGEST_LOGO, Ref
from registrykit.formats.pack_archive import PackContents, PackLimits, picture_type, read_pack

PACK_JSON = json.dumps(
    {
        "name": "demo",
        "version": "1.10.0",
        "displayName": "Demo",
        "layer": "addon",
        "charts": ["charts/demo.tgz"],
    }
)
VALUES = "pack:\n  namespace: demo\n  content:\n    images:\n    - image: demo:1\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 40_000, 40_000) + b"\x08\x06\0\0\0"
FILES: dict[str, str | bytes] = {
    "pack.json": PACK_JSON,
    "values.yaml": VALUES,
    "README.md": "# Demo\n",
    "schema.yaml": "a:\n  schema: '{{ required }}'\n",
    "presets.yaml": "presets:\n- name: on\n",
    "logo.png": PNG,
    "charts/demo.tgz": "not opened",
    "manifests/pack.json": "{}",
}


def member(name: str, content: str | bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    content = content.encode() if isinstance(content, str) else content
    header = tarfile.TarInfo(name)
    header.size = len(content)
    for field, value in fields.items():
        setattr(header, field, value)
    return header, content


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], style: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=style) as archive:
        for header, content in members:
            archive.addfile(header, io.BytesIO(content))
    return made.getvalue()


def tgz(
    *more: tuple[tarfile.TarInfo, bytes],
    root: str = "demo-1.10.0/",
    files: dict[str, str | bytes] | None = None,
) -> bytes:
    """Return a pack with `files` and, behind them, `more`."""
    chosen = FILES if files is None else files
    held = [member(root + name, content) for name, content in chosen.items()]
    return gzip.compress(tar([*held, *more]), mtime=0)


def refused(source: bytes, limits: PackLimits | None = None) -> BadAnswer:
    with pytest.raises(BadAnswer) as caught:
        read_pack(source, limits=limits)
    error = caught.value
    assert all((str(error), error.cause, error.remedy))
    assert "chart" not in f"{error} {error.cause} {error.remedy} {error.code}"
    return error


def problems(source: bytes) -> str:
    return "\n".join(read_pack(source).pack.problems)


def test_everything_that_is_there_is_read() -> None:
    contents = read_pack(tgz())
    assert contents.pack.facts["images"] == ["demo:1"]
    assert contents.pack.facts["namespace"] == "demo"
    assert contents.pack.facts["presets"] == [{"name": "on"}]
    assert contents.pack.facts["logo"] == {"mediaType": "image/png", "size": len(PNG)}
    assert not contents.pack.problems
    assert contents.files["charts/demo.tgz"] == 10
    ref = Ref("acme/demo", "1.10.0", "pack")
    told = {document.name: document for document in contents.documents(ref)}
    assert list(told) == ["readme", "values", "schema", "presets", "metadata", "logo"]
    assert told["metadata"].text == PACK_JSON
    assert told["readme"].text == "# Demo\n"
    assert {document.ref for document in told.values()} == {ref}
    assert told["presets"].text == "presets:\n- name: on\n"
    assert told["logo"].media_type == "image/png"
    assert base64.b64decode(told["logo"].text) == contents.logo == PNG


@pytest.mark.parametrize("root", ["demo-1.10.0/", "demo/", "./", "", "./x/", "."])
def test_any_folder_at_the_top_or_none_will_do(root: str) -> None:
    root = "./" if root == "." else root
    contents = read_pack(tgz(root=root))
    assert contents.pack == read_pack(tgz()).pack
    assert set(contents.files) == set(FILES)


def test_pk_04_the_folder_may_be_called_otherwise() -> None:
    assert not problems(tgz(root="something-2.0/"))


def test_texts_are_optional() -> None:
    contents = read_pack(tgz(files={"pack.json": '{"name": "a", "version": "1"}'}))
    assert (contents.readme, contents.values, contents.schema) == ("", "", "")
    assert [document.name for document in contents.documents(Ref("a"))] == ["metadata"]
    assert "logo" not in contents.pack.facts


@pytest.mark.parametrize(
    ("content", "size"),
    [(PNG + b"x" * LARGEST_LOGO, LARGEST_LOGO + len(PNG)), (b"<svg/>" * 99, 594)],
    ids=["too large", "no picture that can be shown"],
)
def test_such_a_logo_is_a_fact_and_no_document(content: bytes, size: int) -> None:
    contents = read_pack(tgz(files={**FILES, "logo.png": content}))
    assert contents.pack.facts["logo"]["size"] == size
    names = [document.name for document in contents.documents(Ref("a"))]
    assert names == ["readme", "values", "schema", "presets", "metadata"]


def test_a_readme_in_another_case_counts() -> None:
    files: dict[str, str | bytes] = {"pack.json": PACK_JSON, "readme.MD": "# small\n"}
    assert read_pack(tgz(files=files)).readme == "# small\n"


@pytest.mark.parametrize(
    ("start", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF89a" + b"\0" * 20, "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<use/>" * 1000, ""),
        (b"<!DOCTYPE html><img src=x>", ""),
        (b"\x7fELF\x02\x01\x01", ""),
        (b"\x89PNG\r\n", ""),
        (b"", ""),
    ],
    ids=[
        *["pk-13 huge png", "pk-11 jpeg", "pk-14 gif", "pk-14 webp", "pk-12 pk-16 svg"],
        *["pk-12 html", "pk-12 elf", "pk-15 cut", "pk-15 empty"],
    ],
)
def test_pk_11_to_16_a_logo_is_known_by_its_first_bytes(start: bytes, media_type: str) -> None:
    assert picture_type(start) == media_type
    contents = read_pack(tgz(files={**FILES, "logo.png": start}))
    assert contents.pack.facts["logo"] == {"mediaType": media_type, "size": len(start)}
    assert ("logo.png is no picture" in "".join(contents.pack.problems)) is (media_type == "")


def test_pk_17_19_long_texts_are_kept_in_part() -> None:
    readme = ">" * 1_000_000 + "*" * 9_000_000
    contents = read_pack(
        tgz(files={**FILES, "README.md": readme, "values.yaml": os.urandom(50_000_000)})
    )
    assert len(contents.readme) < 4 * 1024 * 1024 + 100
    assert contents.readme.endswith("[shortened: 4,194,304 of 10,000,000 bytes]\n")
    assert contents.values.endswith("[the beginning of 50,000,000 bytes]\n")
    assert len(contents.values.encode()) < 4 * 1024 * 1024 + 100
    told = "".join(contents.pack.problems)
    assert "README.md of 10,000,000 bytes was shortened" in told
    assert "values.yaml has bytes that are not text" in told


def test_pk_21_22_schemas_are_text() -> None:
    text = (
        "a:\n  schema: '{{ format \"${string:[/^(\\w+\\s?)*$/]}\" }}'\n  $ref: http://127.0.0.1/\n"
    )
    assert read_pack(tgz(files={**FILES, "schema.yaml": text})).schema == text


def test_pk_25_a_file_that_is_named_and_not_there_is_a_problem() -> None:
    told = problems(tgz(files={"pack.json": PACK_JSON}))
    assert told == 'charts names "charts/demo.tgz", which is not there'


# AR: archives


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("/etc/cron.d/x", "absolute"),
        ("C:\\x", "absolute"),
        ("\\\\host\\share", "absolute"),
        ("../x", "points out of the pack"),
        ("demo/../../x", "points out of the pack"),
        ("demo/%2e%2e/x", "points out of the pack"),
        ("demo/.. /x", "points out of the pack"),
        ("..\\x", "points out of the pack"),
        ("demo/a\\b", "backslash"),
        ("demo/a\nb", "control character"),
        ("x" * 5000, "too long"),
    ],
    ids=lambda value: value[:20],
)
def test_ar_01_02_17_paths_that_lead_elsewhere_are_ignored(name: str, fault: str) -> None:
    assert fault in problems(tgz(member(name, "x")))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_ar_03_04_05_06_07_links_are_never_followed(kind: bytes) -> None:
    link = member("demo-1.10.0/link", type=kind, linkname="/etc/passwd")
    assert "is a link and was ignored" in problems(tgz(link))
    through = member("demo-1.10.0/link/x", "x")
    assert read_pack(tgz(link, through)).pack.name == "demo"
    wanted = member("demo-1.10.0/values.yaml", type=kind, linkname="/etc/passwd")
    files = {name: text for name, text in FILES.items() if name != "values.yaml"}
    assert read_pack(tgz(wanted, files=files)).values == ""
    assert refused(tgz(wanted)).code == "pack-ambiguous"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"])
def test_ar_08_devices_are_ignored(kind: bytes) -> None:
    assert "was ignored" in problems(tgz(member("demo-1.10.0/device", type=kind)))


def test_ar_09_a_file_that_is_there_twice_is_refused() -> None:
    for name in ("pack.json", "values.yaml"):
        error = refused(tgz(member(f"demo-1.10.0/{name}", "x")))
        assert error.code == "pack-ambiguous"
        assert name in error.cause
    assert "more than once" in problems(tgz(member("demo-1.10.0/charts/demo.tgz", "x")))


def test_ar_10_a_bomb_is_stopped_before_it_unpacks() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(300)) + packer.flush()
    header, _ = member("demo/values.yaml")
    header.size = 200 * 1024 * 1024
    lying = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = lying.compress(header.tobuf()) + lying.compress(bytes(header.size)) + lying.flush()
    tracemalloc.start()
    try:
        for source in (bomb, packed):
            assert refused(source).code in ("pack-too-large", "pack-incomplete", "pack-broken")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def test_ar_11_archives_inside_are_not_opened() -> None:
    inner = tgz()
    for _ in range(10):
        inner = tgz(member("demo-1.10.0/charts/next.tgz", inner), files={"pack.json": PACK_JSON})
    assert "charts/next.tgz" in read_pack(inner).files


def test_ar_12_what_follows_the_archive_is_told() -> None:
    assert "something follows the end" in problems(tgz() + b"garbage")
    assert "something follows the end" in problems(tgz() + tgz())


def test_ar_13_an_archive_that_is_cut_off_anywhere_is_never_read() -> None:
    whole = tgz()
    for length in range(20, len(whole), max(1, len(whole) // 60)):
        assert refused(whole[:length]).code in ("pack-cut-off", "pack-broken")


@pytest.mark.parametrize(
    "size", [b"-0000000001\0", b"\xff" * 12, b"\x80" + b"\x7f" * 11, b"77777777777\0", b"zzzz\0"]
)
def test_ar_14_sizes_that_lie_are_refused(size: bytes) -> None:
    header = bytearray(member("demo/pack.json")[0].tobuf())
    header[124:136] = size.ljust(12, b"\0")[:12]
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert refused(gzip.compress(bytes(header))).code in (
        *("pack-broken", "pack-too-large", "pack-cut-off"),
    )
    header[148:156] = b"0000000\0"
    assert refused(gzip.compress(bytes(header))).code == "pack-broken"


def test_ar_15_members_are_counted() -> None:
    empty = tar(member(f"demo/{number}") for number in range(30))
    assert refused(gzip.compress(empty), PackLimits(members=20)).code == "pack-too-large"
    pax = member("demo/x", pax_headers={"comment": "x" * 2_000_000})
    assert refused(tgz(pax)).code == "pack-too-large"


@pytest.mark.parametrize(
    ("start", "cause"),
    [
        (b"\xfd7zXZ\x00", "another way than gzip"),
        (b"\x28\xb5\x2f\xfd", "another way than gzip"),
        (b"PK\x03\x04", "zip"),
        (b"<!DOCTYPE html>", "web page"),
        (b"", "empty"),
        (b"text", "not compressed"),
    ],
)
def test_ar_16_19_other_files_are_no_archive(start: bytes, cause: str) -> None:
    error = refused(start)
    assert error.code == "pack-not-archive"
    assert cause in error.cause
    assert refused(tar([member("demo/pack.json", PACK_JSON)])).code == "pack-not-archive"


def test_ar_18_folders_at_the_top() -> None:
    assert refused(tgz(files={})).code == "pack-incomplete"
    assert refused(tgz(files={"values.yaml": VALUES})).code == "pack-incomplete"
    deep = tgz(root="a/b/")
    assert refused(deep).code == "pack-incomplete"
    two = tgz(member("other/pack.json", PACK_JSON))
    assert refused(two).code == "pack-ambiguous"
    assert "2 folders at the top" in problems(tgz(member("other/x", "x")))
    # What lies at the top is the pack, whatever its folders hold.
    assert read_pack(tgz(member("pack.json", PACK_JSON), files={})).pack.name == "demo"
    mark = b"\xef\xbb\xbf" + PACK_JSON.encode()
    assert read_pack(tgz(files={**FILES, "pack.json": mark})).pack.name == "demo"


def test_ar_20_times_are_ignored() -> None:
    for mtime in (0, 2**33, -1):
        assert read_pack(tgz(member("demo-1.10.0/x", "x", mtime=mtime))).pack.name == "demo"


def test_a_pack_json_that_cannot_be_read_says_so() -> None:
    assert refused(tgz(files={"pack.json": "[]"})).code == "pack-json"
    assert refused(tgz(files={"pack.json": " " * 5_000_000})).code == "pack-json"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 4000))
def test_damage_is_an_error_of_ours_or_nothing(noise: bytes, place: int) -> None:
    whole = tgz()
    at = place % len(whole)
    spoiled = whole[:at] + noise + whole[at + len(noise) :]
    try:
        contents = read_pack(spoiled)
    except BadAnswer:
        return
    assert isinstance(contents, PackContents)
