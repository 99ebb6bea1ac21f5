"""What a request gives back, how far it may go, and what is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a request may go; times are in seconds, sizes in bytes.

    `idle` is the longest silence, `deadline` the whole exchange with redirects and repetitions.
    A server that asks to wait longer than `longest_wait` is not waited for. `slowest` is the least
    number of bytes per second that a download brings on average over `idle` seconds.
    """

    connect: float = 10.0
    idle: float = 30.0
    deadline: float = 120.0
    download_deadline: float = 1800.0
    max_bytes: int = 64 * MIB
    max_download: int = 1024 * MIB
    header_bytes: int = 64 * KIB
    header_lines: int = 100
    redirects: int = 5
    tries: int = 3
    backoff: float = 0.25
    longest_wait: float = 5.0
    longest_retry_after: float = 6 * 3600.0
    failures: int = 3
    slowest: int = KIB


class Headers(Mapping[str, str]):
    """Header fields by name, whatever its case; repeated ones are joined with a comma."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = {name.lower(): value for name, value in (values or {}).items()}

    @classmethod
    def of_lower(cls, values: dict[str, str]) -> Headers:
        """Take over a dictionary whose names are in lower case already."""
        headers = cls()
        headers._values = values
        return headers

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({sorted(self._values)})"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer; `url` is where it came from in the end.

    `etag` and `last_modified` are empty where the server gave none that can be sent back. With
    `not_modified` (status 304) there is no body and they are those that were asked with.
    """

    status: int
    headers: Headers
    url: str
    body: bytes
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


class Stats:
    """Count requests that were sent, and bytes of bodies as they came over the wire."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = 0
        self._bytes = 0

    @property
    def requests(self) -> int:
        return self._requests

    @property
    def bytes(self) -> int:
        return self._bytes

    def add(self, requests: int = 0, received: int = 0) -> None:
        with self._lock:
            self._requests += requests
            self._bytes += received

    def __repr__(self) -> str:
        return f"Stats(requests={self._requests}, bytes={self._bytes})"
