"""What a loopback server is asked and what it answers, down to the bytes on the wire."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

_MEDIA_TYPES = {".yaml": "text/yaml", ".json": "application/json", ".tgz": "application/gzip"}
_SMALLEST_PACKED = 256


@dataclass(frozen=True)
class Request:
    """What a client asked for; header names are in lower case, `path` is without the query."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Logged(NamedTuple):
    """One request with the status that it was answered with; `path` is as it was asked for."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int


class Send(NamedTuple):
    """Bytes for the wire."""

    content: bytes
    in_body: bool


class Pause(NamedTuple):
    seconds: float


class End(Enum):
    """How a connection ends before its time."""

    CLOSE = "close"
    RESET = "reset"


Step = Send | Pause | End
Wire = Callable[[Iterator[Step]], Iterator[Step]]


@dataclass(frozen=True)
class Answer:
    """What is sent back. `body` may be endless; it then goes out in chunks.

    `length` is announced in place of the true one: any text, or empty for none. `wire` changes
    what is sent, step by step.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False
    length: str | None = None
    wire: tuple[Wire, ...] = ()


Content = bytes | str | Answer
Route = Content | Callable[[Request], Content]
Fault = Callable[[Answer, Request], Answer]


class Stored:
    """A route with what is computed once: its hash and its packed form."""

    def __init__(self, content: Route, etag: str | None, modified: datetime) -> None:
        self._content = content
        self._etag = etag
        self._modified = modified.replace(microsecond=0)
        self._packed: bytes | None = None

    def answer(self, request: Request, *, packs: bool) -> Answer:
        content = self._content(request) if callable(self._content) else self._content
        if isinstance(content, Answer):
            return content
        body = content.encode() if isinstance(content, str) else content
        if callable(self._content):
            return Answer(body=body, headers={"Content-Type": _media_type(request.path)})
        if self._etag is None:
            self._etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "Content-Type": _media_type(request.path),
            "Last-Modified": format_datetime(self._modified, usegmt=True),
            "ETag": self._etag,
        }
        if not self._etag:
            del headers["ETag"]
        if self._is_known(request):
            return Answer(304, headers=headers)
        if packs and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Vary"] = "Accept-Encoding"
            if len(body) >= _SMALLEST_PACKED and not request.path.endswith(".tgz"):
                self._packed = self._packed or gzip.compress(body, mtime=0)
                return Answer(body=self._packed, headers={**headers, "Content-Encoding": "gzip"})
        return Answer(body=body, headers=headers)

    def _is_known(self, request: Request) -> bool:
        """Say whether the client's copy is still right (RFC 9110, section 13.2.2)."""
        if known := request.headers.get("if-none-match"):
            tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
            return bool(self._etag) and bool({"*", self._etag} & tags)
        if since := request.headers.get("if-modified-since"):
            with suppress(ValueError):
                return self._modified <= parsedate_to_datetime(since)
        return False


def steps_of(answer: Answer, request: Request) -> Iterator[Step]:
    """Yield what goes over the wire: head and body, in one piece where that is possible."""
    body, chunked = answer.body, answer.chunked
    empty = request.method == "HEAD" or answer.status in (204, 304) or answer.status < 200
    headers = {"Date": format_datetime(datetime.now(UTC), usegmt=True), **answer.headers}
    if not isinstance(body, bytes):
        chunked = chunked or answer.length is None
    if answer.length is not None:
        if answer.length:
            headers["Content-Length"] = answer.length
    elif chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif isinstance(body, bytes) and answer.status >= 200 and answer.status not in (204, 304):
        headers["Content-Length"] = str(len(body))
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    if empty:
        yield Send(head, False)
    elif isinstance(body, bytes) and not chunked and not answer.wire and len(body) < 65536:
        yield Send(head + body, False)
    else:
        yield Send(head, False)
        pieces = [body] if isinstance(body, bytes) else body
        for piece in pieces:
            if chunked and piece:
                yield Send(b"%x\r\n%b\r\n" % (len(piece), piece), True)
            elif piece:
                yield Send(piece, True)
        if chunked:
            yield Send(b"0\r\n\r\n", True)


def _media_type(path: str) -> str:
    return _MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream")
