"""Write files whose bytes are the same on every machine.

Tar headers have fixed owners, modes and times, and gzip frames hold stored blocks, because the
output of zlib's compression differs between its versions and forks.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_MTIME = 1735689600  # 2025-01-01T00:00:00Z, for every member of every archive


def tar(files: Mapping[str, bytes]) -> bytes:
    """Return a tar archive with the files in the order of their paths."""
    members = (_tar_member(path, body) for path, body in sorted(files.items()))
    return b"".join(members) + bytes(1024)


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def to_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _tar_member(path: str, body: bytes) -> bytes:
    """Return one file as POSIX ustar: root's, mode 0644, fixed time."""
    name = path.encode("ascii")
    if len(name) > 100:
        raise ValueError(f"{path} does not fit the header of ustar.")
    header = struct.pack(
        "100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12x",
        *(name, b"0000644\0", b"0000000\0", b"0000000\0"),
        *(b"%011o\0" % len(body), b"%011o\0" % _MTIME, b" " * 8, b"0", b"", b"ustar\0", b"00"),
        *(b"root", b"root", b"0000000\0", b"0000000\0", b""),
    )
    checksum = b"%06o\0 " % sum(header)
    return header[:148] + checksum + header[156:] + body + bytes(-len(body) % 512)


def stored_gzip(body: bytes) -> bytes:
    """Return `body` as a gzip file of stored blocks (RFC 1951, 3.2.4) without name or time."""
    blocks = [body[start : start + 0xFFFF] for start in range(0, len(body), 0xFFFF)] or [b""]
    framed = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block
        for block in blocks
    )
    trailer = struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + framed + trailer


def to_yaml(fields: Mapping[str, Any], *, ordered: bool = True) -> str:
    """Return YAML as Helm lays it out: two spaces, lists at their key's depth, sorted keys."""
    return "\n".join(_mapping_lines(fields, ordered)) + "\n"


def _mapping_lines(fields: Mapping[str, Any], ordered: bool) -> Iterator[str]:
    for key in sorted(fields) if ordered else fields:
        value = fields[key]
        if isinstance(value, Mapping) and value:
            yield f"{_scalar(key)}:"
            yield from ("  " + line for line in _mapping_lines(value, ordered))
        elif isinstance(value, list) and value:
            yield f"{_scalar(key)}:"
            yield from _list_lines(value, ordered)
        elif isinstance(value, str) and value.endswith("\n"):
            yield f"{_scalar(key)}: |"
            yield from ("  " + line for line in value.splitlines())
        else:
            yield f"{_scalar(key)}: {_scalar(value)}"


def _list_lines(values: Iterable[Any], ordered: bool) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            lines = list(_mapping_lines(value, ordered))
        else:
            lines = [_scalar(value)]
        yield f"- {lines[0]}"
        yield from ("  " + line for line in lines[1:])


_PLAIN = re.compile(r"[A-Za-z0-9/^~](?:[A-Za-z0-9 _./@+(),;'=^-]|:(?! |\Z))*(?<! )")
# Text that YAML 1.1 would take for a number or a time.
_NUMBER_LIKE = re.compile(
    r"\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|0[xbo][\da-fA-F_]+|\d+(?::[0-5]?\d)+(?:\.\d*)?"
    r"|\d{4}-\d\d?-\d\d?(?:[Tt ].*)?"
)
_NOT_TEXT = {"~", "y", "n", "yes", "no", "true", "false", "on", "off", "null"}


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        number = _NUMBER_LIKE.fullmatch(value) or value.lower() in _NOT_TEXT
        if _PLAIN.fullmatch(value) and not number:
            return value
        if value.isprintable() and not number:
            return "'" + value.replace("'", "''") + "'"
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in YAML.")
