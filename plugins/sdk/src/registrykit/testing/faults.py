"""Ways in which a server's answer goes wrong, for `Site.spoil`; they can be combined.

    site.spoil("/index.yaml", faults.cut_gzip(0.5), faults.drip(0.01))

Each is a function from the right answer, and the request, to the wrong one. Those that change the
answer come before those that change how it is sent.
"""

from __future__ import annotations

import gzip as gzip_module
import itertools
import random
import threading
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from registrykit.testing.answers import Answer, End, Fault, Pause, Request, Send, Step, Wire

__all__ = [
    "FaultPlan",
    "cut",
    "cut_gzip",
    "downgrade",
    "drip",
    "endless",
    "first",
    "gzip_bomb",
    "html",
    "only_chunked",
    "raw",
    "redirect",
    "redirect_loop",
    "reset",
    "stall",
    "status",
    "wrong_length",
]


def status(code: int, body: bytes = b"", *, retry_after: str = "") -> Fault:
    """Answer with another status; `retry_after` is sent as it stands."""
    headers = {"Content-Type": "text/plain"} | ({"Retry-After": retry_after} if retry_after else {})
    return lambda answer, request: Answer(code, body, headers)


def html(title: str = "Sign in") -> Fault:
    """Answer with a web page, as a network does that wants a log-in first."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>"
    return lambda answer, request: Answer(200, page.encode(), {"Content-Type": "text/html"})


def redirect(to: str, code: int = 302) -> Fault:
    """Send the client elsewhere; `to` is sent as it stands."""
    return lambda answer, request: Answer(code, b"", {"Location": to})


def redirect_loop(code: int = 302) -> Fault:
    """Send the client to where it is."""
    return lambda answer, request: Answer(code, b"", {"Location": request.path})


def downgrade(host: str) -> Fault:
    """Send the client to the same path of `host` without encryption."""
    return lambda answer, request: Answer(302, b"", {"Location": f"http://{host}{request.path}"})


def raw(*pieces: bytes, end: End | None = End.CLOSE) -> Fault:
    """Send exactly these bytes in place of the answer; without `end` the connection stays."""
    steps: list[Step] = [Send(piece, True) for piece in pieces]
    if end is not None:
        steps.append(end)
    return lambda answer, request: Answer(wire=(lambda _: iter(steps),))


def wrong_length(length: str | int) -> Fault:
    """Announce another length, which may be any text; the body stays as it is."""
    return lambda answer, request: replace(answer, length=str(length))


def only_chunked(size: int = 1024) -> Fault:
    """Send the body in chunks of `size` bytes, without a length."""

    def fault(answer: Answer, request: Request) -> Answer:
        body = _body(answer)
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        return replace(answer, body=pieces, chunked=True)

    return fault


def cut(at: int) -> Fault:
    """Close the connection after `at` bytes of the body; the full length was announced."""
    return _wired(lambda steps: _cut(steps, at, End.CLOSE, whole=False))


def reset(at: int | None = None) -> Fault:
    """Break the connection after `at` bytes of the whole answer, head and all; at once if None."""
    return _wired(lambda steps: _cut(steps, at or 0, End.RESET, whole=True))


def cut_gzip(share: float = 0.5, *, chunked: bool = True) -> Fault:
    """Pack the body, keep that share of it, and send this in perfectly good framing."""

    def fault(answer: Answer, request: Request) -> Answer:
        body = _body(answer)
        if answer.headers.get("Content-Encoding") != "gzip":
            body = gzip_module.compress(body, mtime=0)
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(
            answer, body=body[: int(len(body) * share)], headers=headers, chunked=chunked
        )

    return fault


def gzip_bomb(size: int = 1024**3) -> Fault:
    """Send about a thousandth of `size` bytes, which unpack to `size`."""

    def pieces() -> Iterator[bytes]:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        block, left = bytes(1024 * 1024), size
        while left > 0:
            if piece := packer.compress(block[:left]):
                yield piece
            left -= len(block)
        yield packer.flush()

    return lambda answer, request: Answer(200, pieces(), {"Content-Encoding": "gzip"})


def endless(piece: bytes = b" " * 65536) -> Fault:
    """Send the piece again and again, for ever."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield piece

    def fault(answer: Answer, request: Request) -> Answer:
        headers = {k: v for k, v in answer.headers.items() if k != "Content-Encoding"}
        return replace(answer, body=pieces(), headers=headers, chunked=True)

    return fault


def drip(interval: float, size: int = 1, *, headers: bool = False) -> Fault:
    """Send `size` bytes at a time, `interval` seconds apart: the body, or with `headers` all."""

    def slowly(steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            if not isinstance(step, Send) or not (headers or step.in_body):
                yield step
                continue
            for at in range(0, len(step.content), size):
                yield Send(step.content[at : at + size], step.in_body)
                yield Pause(interval)

    return _wired(slowly)


def stall(seconds: float = 3600.0, *, at: int | None = None) -> Fault:
    """Say nothing for a while: before the answer, or after `at` bytes of its body."""

    def late(steps: Iterator[Step]) -> Iterator[Step]:
        if at is None:
            yield Pause(seconds)
            yield from steps
            return
        yield from _paused(steps, at, seconds)

    return _wired(late)


def first(times: int, *faults: Fault) -> Fault:
    """Apply the faults to the first `times` answers, and leave the others alone."""
    turn = itertools.count()

    def fault(answer: Answer, request: Request) -> Answer:
        return _all(faults, answer, request) if next(turn) < times else answer

    return fault


class FaultPlan:
    """Break a share of all answers, in a way that the seed decides.

    What happens to the n-th request for a path depends on the seed, the path and n alone, not on
    the order in which threads ask. `applied` counts the faults by their place in `faults`.
    """

    def __init__(self, seed: int, rate: float = 0.3, faults: Sequence[Fault] | None = None) -> None:
        self.seed = seed
        self.rate = rate
        self.faults = list(faults) if faults is not None else _usual()
        self.applied: Counter[int] = Counter()
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, answer: Answer, request: Request) -> Answer:
        with self._lock:
            self._asked[request.path] += 1
            dice = random.Random(f"{self.seed} {request.path} {self._asked[request.path]}")
            if dice.random() >= self.rate:
                return answer
            choice = dice.randrange(len(self.faults))
            self.applied[choice] += 1
        return self.faults[choice](answer, request)


def _usual() -> list[Fault]:
    return [
        status(503),
        status(500),
        status(429, retry_after="0"),
        html(),
        reset(),
        reset(200),
        cut(10),
        cut_gzip(0.5),
        drip(0.005, 4096),
        stall(0.05),
    ]


def _wired(wire: Wire) -> Fault:
    return lambda answer, request: replace(answer, wire=(*answer.wire, wire))


def _all(faults: Sequence[Fault], answer: Answer, request: Request) -> Answer:
    for fault in faults:
        answer = fault(answer, request)
    return answer


def _body(answer: Answer) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)


def _cut(steps: Iterator[Step], at: int, end: End, *, whole: bool) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Send) and (whole or step.in_body):
            if len(step.content) > at:
                yield Send(step.content[:at], step.in_body)
                break
            at -= len(step.content)
        yield step
    yield end


def _paused(steps: Iterator[Step], at: int, seconds: float) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Send) and step.in_body and at >= 0:
            if len(step.content) > at:
                yield Send(step.content[:at], True)
                yield Pause(seconds)
                yield Send(step.content[at:], True)
                at = -1
                continue
            at -= len(step.content)
        yield step
