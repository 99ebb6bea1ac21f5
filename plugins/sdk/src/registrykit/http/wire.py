"""Read one HTTP/1.1 answer from a socket: strictly, within bounds, never past the deadline.

The standard library's reader takes an answer whose headers were cut off for a whole one, ignores
contradicting lengths and waits for each line anew. All of these are errors here (RFC 9112).
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from registrykit.errors import BadAnswer, RegistryError
from registrykit.http import explain
from registrykit.http.answer import Headers
from registrykit.http.exchange import Broken, Exchange
from registrykit.http.tls import tls_alert

T = TypeVar("T")

_STATUS = re.compile(rb"HTTP/1\.([01]) ([0-9]{3})(?: [^\r\n]*)?\r?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*\r?")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_SINGLE = frozenset(
    ("content-encoding", "content-length", "content-type", "etag", "location", "transfer-encoding")
)
_LONGEST_CHUNK_LINE = 4096
_MOST_INTERIM = 20
_FIRST = 16 * 1024
_PIECE = 256 * 1024


class Answer:
    """An answer in the making: `begin` reads its head, `pieces` or `whole` its body.

    It never closes the socket: that is for the connection to do.
    """

    def __init__(self, sock: socket.socket, method: str, exchange: Exchange) -> None:
        self._sock = sock
        self._method = method
        self._exchange = exchange
        self._timeout = sock.gettimeout()
        self._rest = b""
        self._chunked = False
        self.status = 0
        self.headers = Headers()
        self.length: int | None = None
        self.received = 0
        self.done = False
        self._keep = False
        self._window = 0
        self._window_began = 0.0

    @property
    def reusable(self) -> bool:
        """Say whether the connection can serve again: all was read, and nothing besides."""
        return self.done and self._keep and not self._rest

    @property
    def leftover(self) -> bytes:
        """What came behind the part that was read."""
        return self._rest

    def begin(self) -> None:
        """Read the status and the headers; informational answers (1xx) are passed over."""
        seen = 0
        for _ in range(_MOST_INTERIM):
            head = self._read_head(seen)
            seen += len(head)
            minor = self._parse(head)
            if not 100 <= self.status < 200 or self.status == 101:
                self._frame(minor)
                return
        raise self._malformed("It sent a flood of informational answers.")

    def whole(self, limit: int) -> bytes:
        """Return the body as it stands on the wire; at most `limit` bytes."""
        if self.length is None:
            out = io.BytesIO()
            for piece in self.pieces(limit):
                out.write(piece)
            return out.getvalue()
        if self.length > limit:
            raise explain.too_large(self._exchange.host, limit, self.length)
        if self.length <= len(self._rest):
            body, self._rest = self._rest[: self.length], self._rest[self.length :]
            self.received = self.length
        else:
            # Reads into the bytes object itself; anything else copies a large body once more.
            body = io.BufferedReader(_Body(self), _PIECE).read(self.length)
        self.done = True
        return body

    def pieces(self, limit: int) -> Iterator[bytes]:
        """Yield the body's bytes as they come, without the framing; at most `limit` in all."""
        if self._chunked:
            source = self._chunks()
        elif self.length is not None:
            if self.length > limit:
                raise explain.too_large(self._exchange.host, limit, self.length)
            source = self._counted(self.length)
        else:
            source = self._until_closed()
        for piece in source:
            self._count(len(piece))
            if self.received > limit:
                raise explain.too_large(self._exchange.host, limit)
            yield piece
        self.done = True

    def fill(self, view: memoryview) -> int:
        """Put the next bytes of a body of known length into `view`."""
        if self._rest:
            first, self._rest = self._rest[: len(view)], self._rest[len(view) :]
            view[: len(first)] = first
            self._count(len(first))
            return len(first)
        missing = (self.length or 0) - self.received
        if missing == 0:
            return 0
        count = self._receive_by(lambda sock: sock.recv_into(view[:missing]), "body")
        if count == 0:
            raise self._broken("body")
        self._count(count)
        return count

    def _count(self, count: int) -> None:
        """Count bytes of the body, and end an answer that comes too slowly."""
        now = time.monotonic()
        if not self.received:
            self._window, self._window_began = 0, now
        self.received += count
        self._window += count
        limits = self._exchange.limits
        if now - self._window_began > limits.idle:
            if self._window < limits.slowest * limits.idle:
                raise self._exchange.overdue("slow", limits.idle, self.received)
            self._window, self._window_began = 0, now

    def _receive(self, size: int, part: str) -> bytes:
        return self._receive_by(lambda sock: sock.recv(size), part)

    def _receive_by(self, read: Callable[[socket.socket], T], part: str) -> T:
        """Wait for bytes, but no longer than the exchange may, and name what goes wrong."""
        exchange = self._exchange
        timeout = exchange.time_for(exchange.limits.idle)
        if timeout != self._timeout:
            self._sock.settimeout(timeout)
            self._timeout = timeout
        try:
            return read(self._sock)
        except TimeoutError:
            raise exchange.overdue("idle", exchange.limits.idle, self.received) from None
        except ssl.SSLError as error:
            if part != "body" and (fault := tls_alert(error, exchange.host)):
                raise fault from None
            raise self._broken(part, reset=True) from None
        except OSError:
            raise self._broken(part, reset=True) from None

    def _broken(self, part: str, *, reset: bool = False) -> Broken:
        return Broken(part, received=self.received, expected=self.length, reset=reset)

    def _read_head(self, seen: int) -> bytes:
        """Return the bytes up to and with the empty line; what follows is kept for the body."""
        data, scanned = self._rest, 0
        most = self._exchange.limits.header_bytes
        while True:
            if not b"HTTP/1."[: len(data)] == data[:7]:
                raise self._not_http(data)
            ends = [
                end + len(mark)
                for mark in (b"\n\r\n", b"\n\n")
                if (end := data.find(mark, max(0, scanned - 3))) >= 0
            ]
            end = min(ends, default=len(data))
            if seen + end > most:
                raise self._malformed(f"Its headers are larger than {explain.size(most)}.")
            if ends:
                self._rest = data[end:]
                return data[:end]
            scanned = len(data)
            piece = self._receive(_FIRST, "headers" if data else "request")
            if not piece:
                raise self._broken("headers" if data else "request")
            data += piece

    def _parse(self, head: bytes) -> int:
        """Take status and headers from `head`; return the minor version."""
        lines = head.split(b"\n")
        status = _STATUS.fullmatch(lines[0])
        if status is None:
            raise self._not_http(head)
        fields = lines[1:-2]
        if len(fields) > self._exchange.limits.header_lines:
            raise self._malformed("It sent too many header lines.")
        values: dict[str, str] = {}
        for line in fields:
            match = _FIELD.fullmatch(line)
            if match is None:
                raise self._malformed("One of its header lines is not valid.")
            name = match[1].decode("ascii").lower()
            value = match[2].decode("latin-1")
            if name == "set-cookie":
                continue
            if name not in values:
                values[name] = value
            elif name not in _SINGLE:
                values[name] += ", " + value
            elif values[name] != value:
                raise self._malformed(f"It sent two different headers {name}.")
        self.status = int(status[2])
        self.headers = Headers.of_lower(values)
        return int(status[1])

    def _frame(self, minor: int) -> None:
        """Find out where the body ends."""
        length = self.headers.get("content-length")
        coding = self.headers.get("transfer-encoding")
        connection = self.headers.get("connection", "").lower()
        self._keep = "close" not in connection and (minor == 1 or "keep-alive" in connection)
        if self._method in ("CONNECT", "HEAD") or self.status in (101, 204, 304):
            self.length = 0
            self._keep = self._keep and self.status != 101
        elif coding is not None:
            if coding.lower() != "chunked" or minor == 0:
                raise self._malformed("It uses a transfer encoding that is not allowed.")
            if length is not None:
                raise self._malformed("It gives two contradicting lengths.")
            self._chunked = True
        elif length is not None:
            numbers = {number.strip() for number in length.split(",")}
            number = numbers.pop()
            if numbers or not re.fullmatch(r"[0-9]{1,15}", number):
                raise self._malformed(f"The length that it gives is not valid: {length[:40]}.")
            self.length = int(number)
        else:
            self._keep = False

    def _counted(self, length: int) -> Iterator[bytes]:
        first, self._rest = self._rest[:length], self._rest[length:]
        if first:
            yield first
        missing = length - len(first)
        while missing:
            piece = self._receive(min(missing, _PIECE), "body")
            if not piece:
                raise self._broken("body")
            missing -= len(piece)
            yield piece

    def _until_closed(self) -> Iterator[bytes]:
        piece, self._rest = self._rest, b""
        while piece or (piece := self._receive(_PIECE, "body")):
            yield piece
            piece = b""

    def _chunks(self) -> Iterator[bytes]:
        data, at = self._rest, 0
        self._rest = b""
        while True:
            match = _CHUNK.match(data, at)
            if match is None:
                line_end = data.find(b"\n", at, at + _LONGEST_CHUNK_LINE)
                if line_end >= 0 or len(data) - at >= _LONGEST_CHUNK_LINE:
                    raise self._malformed("The lengths inside its body are not valid.")
                data, at = data[at:] + self._more_of_body(), 0
                continue
            at, left = match.end(), int(match[1], 16)
            if left == 0:
                break
            while left:
                if at == len(data):
                    data, at = self._more_of_body(), 0
                piece = data[at : at + left]
                at += len(piece)
                left -= len(piece)
                yield piece
            while len(data) - at < 2:
                data, at = data[at:] + self._more_of_body(), 0
            at += 2 if data.startswith(b"\r\n", at) else 1
            if data[at - 1] != 0x0A:
                raise self._malformed("The lengths inside its body are not valid.")
        self._pass_trailers(data[at:])

    def _pass_trailers(self, data: bytes) -> None:
        """Read the trailer fields, which nobody needs, up to their empty line."""
        seen = 0
        while True:
            line, newline, rest = data.partition(b"\n")
            if newline:
                seen += len(line)
                data = rest
                if line in (b"", b"\r"):
                    self._rest = data
                    return
            else:
                data += self._more_of_body()
            if seen + len(data) > self._exchange.limits.header_bytes:
                raise self._malformed("Its trailers are too large.")

    def _more_of_body(self) -> bytes:
        piece = self._receive(_PIECE, "body")
        if not piece:
            raise self._broken("body")
        return piece

    def _malformed(self, cause: str) -> BadAnswer:
        return explain.malformed(self._exchange.host, cause)

    def _not_http(self, data: bytes) -> RegistryError:
        return explain.not_http(self._exchange.host, data)


class _Body(io.RawIOBase):
    """A body of known length as a raw stream."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._answer.fill(memoryview(buffer))
