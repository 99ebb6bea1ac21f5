"""Walk through an untrusted `.tgz` without ever writing, linking or seeking.

The gzip stream and the tar headers are read here and not by `tarfile`, whose loops and sizes an
archive can steer. Nothing is trusted: sizes are bounded before anything is read, a checksum that
does not fit ends the walk, and links and devices are only told of.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, NoReturn

from registrykit.errors import BadAnswer

_MIB = 1024 * 1024
_BLOCK = 512
_STEP = 64 * 1024
_GZIP = b"\x1f\x8b"
_OCTAL = re.compile(rb"[0-7]*")
_DECIMAL = re.compile(rb"[0-9]{1,19}")
_KINDS: dict[bytes, MemberKind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"1": "link",
    b"2": "link",
    b"3": "device",
    b"4": "device",
    b"5": "folder",
    b"6": "device",
}
_WITHOUT_CONTENT = b"123456"
_DRIVE = re.compile(r"[A-Za-z]:")
_DOTS = re.compile(r"(?:\.|%2e| )+", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SEPARATOR = re.compile(r"[/\\]|%2f|%5c", re.IGNORECASE)
_MAX_NAME = 4096
_TRY_AGAIN = "Try again; if it happens again, ask the owner of the registry."

MemberKind = Literal["file", "folder", "link", "device", "other"]


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold, in bytes; `ratio` counts once `free` bytes were unpacked."""

    unpacked: int = 100 * _MIB
    file: int = 5 * _MIB
    members: int = 20_000
    ratio: int = 200
    free: int = 10 * _MIB
    header: int = _MIB


@dataclass(frozen=True)
class Member:
    """One member; `name` as the archive spells it, with bytes that are not UTF-8 as `\\xNN`."""

    name: str
    kind: MemberKind
    size: int


class Refusal:
    """Raise what is wrong with an archive; `what` it holds begins each code: `chart-cut-off`."""

    def __init__(self, what: str) -> None:
        self.what = what

    def not_archive(self, start: bytes) -> NoReturn:
        """Raise the error for a download that begins like something else."""
        raise BadAnswer(
            f"The download is not a {self.what} archive.",
            cause=_look_of(start),
            remedy=f"Check the URL of the {self.what} and the sign-in.",
            code=f"{self.what}-not-archive",
        )

    def cut_off(self) -> NoReturn:
        """Raise the error for an archive that ends before its end."""
        raise BadAnswer(
            f"The {self.what} archive is cut off.",
            cause="The download ended before the end of the archive.",
            remedy=_TRY_AGAIN,
            code=f"{self.what}-cut-off",
        )

    def broken(self, cause: str) -> NoReturn:
        """Raise the error for an archive that no program can read."""
        raise BadAnswer(
            f"The {self.what} archive is damaged.",
            cause=f"{cause}.",
            remedy=_TRY_AGAIN,
            code=f"{self.what}-broken",
        )

    def too_large(self, cause: str) -> NoReturn:
        """Raise the error for an archive that exceeds a limit."""
        raise BadAnswer(
            f"The {self.what} archive is too large to be read.",
            cause=f"{cause}.",
            remedy=self._owner,
            code=f"{self.what}-too-large",
        )

    def ambiguous(self, cause: str) -> NoReturn:
        """Raise the error for an archive that two readers would read differently."""
        raise BadAnswer(
            "This is an ambiguous archive.",
            cause=cause,
            remedy=self._owner,
            code=f"{self.what}-ambiguous",
        )

    def incomplete(self, cause: str) -> NoReturn:
        """Raise the error for an archive of something else."""
        raise BadAnswer(
            f"The archive is not that of a {self.what}.",
            cause=cause,
            remedy=self._owner,
            code=f"{self.what}-incomplete",
        )

    @property
    def _owner(self) -> str:
        return f"Ask the owner of the registry to build the {self.what} again."


class Archive:
    """An archive that is being read from its beginning to its end, once."""

    def __init__(self, stream: BinaryIO, limits: ArchiveLimits, what: str = "chart") -> None:
        """Raises `BadAnswer` (`chart-not-archive`) if the stream is not gzip at all."""
        self.refuse = Refusal(what)
        self._limits = limits
        self._stream = _Gunzip(stream, limits, self.refuse)
        self._left = 0
        self._padding = 0
        self.problems: list[str] = []

    def members(self) -> Iterator[Member]:
        """Yield every member; ask for its `content` before the next one, or never."""
        count = 0
        name: bytes | None = None
        records: dict[bytes, bytes] = {}
        while (header := self._header()) is not None:
            count += 1
            if count > self._limits.members:
                self.refuse.too_large(f"It has more than {self._limits.members:,} members")
            kind = header[156:157]
            size = 0 if kind in _WITHOUT_CONTENT else _number(header[124:136], self.refuse)
            if kind in (b"x", b"g", b"L", b"K"):
                extra = self._extra(size)
                if kind == b"x":
                    records = _records(extra, self.refuse)
                elif kind == b"L":
                    name = extra.split(b"\0", 1)[0]
                continue
            if b"size" in records and kind not in _WITHOUT_CONTENT:
                size = _decimal(records[b"size"], self.refuse)
            raw = records.get(b"path", name if name is not None else _name(header))
            member = self._member(raw, kind, size, b"GNU.sparse.major" in records)
            if kind == b"S":
                self._skip_sparse_map(header)
            self._left = member.size
            self._padding = -member.size % _BLOCK
            yield member
            self._skip(self._left + self._padding)
            name, records = None, {}
        if self._stream.drain():
            self.problems.append("something follows the end of the archive")

    def content(self, at_most: int | None = None) -> bytes:
        """Return the content of the member that was yielded last, or only its first bytes."""
        wanted = self._left if at_most is None else min(self._left, at_most)
        content = self._stream.read(wanted)
        if len(content) < wanted:
            self.refuse.cut_off()
        self._left -= wanted
        return content

    def _header(self) -> bytes | None:
        header = self._stream.read(_BLOCK)
        if not header or not header.strip(b"\0"):
            if header and len(header) < _BLOCK:
                self.refuse.cut_off()
            return None
        if len(header) < _BLOCK:
            self.refuse.cut_off()
        told = header[148:156].strip(b" \0")
        if not told or not _OCTAL.fullmatch(told):
            self.refuse.broken("A header in it has no checksum")
        rest = header[:148] + b" " * 8 + header[156:]
        # Some old programs added the bytes up as signed numbers.
        high = sum(byte > 127 for byte in rest) if not rest.isascii() else 0
        if int(told, 8) not in (sum(rest), sum(rest) - 256 * high):
            self.refuse.broken("The checksum of a header in it is wrong")
        return header

    def _member(self, raw: bytes, kind: bytes, size: int, sparse: bool) -> Member:
        if size > self._limits.unpacked:
            self.refuse.too_large(f"A file in it claims to have {size:,} bytes")
        told = "other" if sparse else _KINDS.get(kind, "other")
        if told == "file" and raw.endswith(b"/"):
            told = "folder"
        if told == "file" and size > self._limits.file:
            self.refuse.too_large(
                f"A file in it has {size:,} bytes; {self._limits.file:,} are allowed"
            )
        return Member(raw.decode("utf-8", "backslashreplace"), told, size)

    def _extra(self, size: int) -> bytes:
        """Return what a header says about the member behind it: a long name, or records."""
        if size > self._limits.header:
            self.refuse.too_large(f"A header in it has {size:,} bytes")
        self._left = size
        extra = self.content()
        self._skip(-size % _BLOCK)
        return extra

    def _skip_sparse_map(self, header: bytes) -> None:
        more = header[482] != 0
        for _ in range(self._limits.header // _BLOCK):
            if not more:
                return
            block = self._stream.read(_BLOCK)
            if len(block) < _BLOCK:
                self.refuse.cut_off()
            more = block[504] != 0
        self.refuse.too_large("A header in it never ends")

    def _skip(self, size: int) -> None:
        while size > 0:
            passed = len(self._stream.read(min(size, _STEP)))
            if not passed:
                self.refuse.cut_off()
            size -= passed
        self._left = self._padding = 0


class _Gunzip:
    """Unpack a gzip stream bit by bit, within the limits."""

    def __init__(self, stream: BinaryIO, limits: ArchiveLimits, refuse: Refusal) -> None:
        self._stream = stream
        self._limits = limits
        self._refuse = refuse
        self._packed = b""
        while len(self._packed) < _BLOCK and (more := stream.read(_STEP)):
            self._packed += more
        self._taken = len(self._packed)
        if not self._packed.startswith(_GZIP):
            refuse.not_archive(self._packed)
        self._inflate = zlib.decompressobj(wbits=31)
        self._ready = bytearray()
        self._given = 0

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end of the stream."""
        while len(self._ready) < size and not self._inflate.eof:
            self._unpack()
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def drain(self) -> bool:
        """Read to the end, so that its checksum is checked; say whether anything but zeros came."""
        garbage = False
        while rest := self.read(_STEP):
            garbage = garbage or bool(rest.strip(b"\0"))
        behind = self._inflate.unused_data or self._stream.read(1)
        return garbage or bool(behind)

    def _unpack(self) -> None:
        if not self._packed:
            self._packed = self._stream.read(_STEP)
            self._taken += len(self._packed)
            if not self._packed:
                self._refuse.cut_off()
        try:
            given = self._inflate.decompress(self._packed, _STEP)
        except zlib.error:
            self._refuse.broken("Its compressed content is damaged")
        self._packed = self._inflate.unconsumed_tail
        self._ready += given
        self._given += len(given)
        if self._given > self._limits.unpacked:
            self._refuse.too_large(f"It unpacks to more than {self._limits.unpacked:,} bytes")
        if self._given > max(self._limits.free, self._limits.ratio * self._taken):
            self._refuse.too_large(f"It unpacks to more than {self._limits.ratio} times its size")


def path_fault(name: str, what: str = "chart") -> str:
    """Return why nobody should follow the path `name` of a member, or nothing."""
    if not name.strip("/. "):
        return "" if name.strip("/") == "." else "has no name"
    if len(name) > _MAX_NAME:
        return "has too long a name"
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "is an absolute path"
    parts = _SEPARATOR.split(name)
    if any(_DOTS.fullmatch(part) and part != "." for part in parts):
        return f"points out of the {what}"
    if "\\" in name:
        return "has a backslash in its name"
    if _CONTROL.search(name):
        return "has a control character in its name"
    return ""


def _look_of(start: bytes) -> str:
    """Say what a download that begins with `start` looks like."""
    text = start[:512].lstrip().lower()
    if not start:
        return "The download is empty."
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "It is a web page: is a login or a proxy in the way?"
    if start.startswith(b"PK\x03\x04"):
        return "It is a zip file."
    if start[257:262] == b"ustar":
        return "It is a tar file that is not compressed."
    if start.startswith((b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"BZh")):
        return "It is compressed in another way than gzip."
    return "It is not compressed with gzip."


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    # GNU's own format keeps times where POSIX has the prefix.
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _number(digits: bytes, refuse: Refusal) -> int:
    """Return a number field: octal, or binary with its first bit set."""
    if digits[0] & 0x80:
        if digits[0] & 0x40:
            refuse.broken("A size in it is negative")
        return int.from_bytes(bytes((digits[0] & 0x7F,)) + digits[1:], "big")
    told = digits.strip(b" \0")
    if not _OCTAL.fullmatch(told):
        refuse.broken("A size in it is not a number")
    return int(told or b"0", 8)


def _decimal(digits: bytes, refuse: Refusal) -> int:
    if not _DECIMAL.fullmatch(digits):
        refuse.broken("A size in it is not a number")
    return int(digits)


def _records(extra: bytes, refuse: Refusal) -> dict[bytes, bytes]:
    """Return the records `length key=value` of a PAX header."""
    records = {}
    at = 0
    while at < len(extra):
        digits, _, _ = extra[at : at + 20].partition(b" ")
        if not _DECIMAL.fullmatch(digits):
            refuse.broken("An extended header in it cannot be read")
        end = at + int(digits)
        record = extra[at + len(digits) + 1 : end]
        key, equals, content = record.partition(b"=")
        if end > len(extra) or not equals or not content.endswith(b"\n"):
            refuse.broken("An extended header in it cannot be read")
        records[key] = content[:-1]
        at = end
    return records
