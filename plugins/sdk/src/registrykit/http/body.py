"""Turn the body on the wire into the body that was meant: unpacked, bounded, whole."""

from __future__ import annotations

import io
import time
import zlib

from registrykit.errors import RegistryError
from registrykit.http import explain
from registrykit.http.exchange import Broken, Exchange, Overdue
from registrykit.http.wire import Answer

_MOST_OF_AN_ERROR = 16 * 1024
_LONGEST_ERROR = 2.0
_GZIP = 31  # zlib's number for "gzip, with its header and its checksum"


def read_body(answer: Answer, host: str, limit: int, *, decode: bool) -> bytes:
    """Return the whole body, unpacked if `decode`; at most `limit` bytes before and after."""
    encoding = answer.headers.get("content-encoding", "").lower() if decode else ""
    if encoding in ("", "identity") or answer.status == 304:
        return answer.whole(limit)
    if encoding not in ("gzip", "x-gzip"):
        raise explain.bad_encoding(host, encoding)
    return _unzipped(answer, host, limit)


def read_aside(answer: Answer, exchange: Exchange) -> bytes:
    """Read the body of an answer that is not what was asked for, if that is quickly done."""
    ends, exchange.ends = exchange.ends, min(exchange.ends, time.monotonic() + _LONGEST_ERROR)
    try:
        return read_body(answer, exchange.host, _MOST_OF_AN_ERROR, decode=True)
    except (Broken, Overdue, RegistryError):
        return b""
    finally:
        exchange.ends = ends


def _unzipped(answer: Answer, host: str, limit: int) -> bytes:
    """Unpack gzip, one part after another.

    The last part has to reach its own end: where a server packs while it sends, the framing of
    HTTP is in order even if the content was cut.
    """
    out = io.BytesIO()
    unpacker = zlib.decompressobj(_GZIP)
    begun = False
    for piece in answer.pieces(limit):
        rest = piece
        while rest:
            if unpacker.eof:
                if not rest.strip(b"\0"):  # some packers fill up the last block
                    break
                unpacker = zlib.decompressobj(_GZIP)
            begun = True
            try:
                out.write(unpacker.decompress(rest, limit + 1 - out.tell()))
            except zlib.error:
                raise explain.bad_encoding(host, "") from None
            if out.tell() > limit:
                raise explain.too_large(host, limit)
            rest = unpacker.unused_data
    if not begun or not unpacker.eof:
        raise explain.truncated(host, answer.received, None)
    return out.getvalue()
