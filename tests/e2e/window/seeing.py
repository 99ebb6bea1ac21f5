"""The other end of `eyes.py`: what is on the screen, found as a screen reader finds it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds after which something that was expected has not come."""
_GLANCE = 0.04


@dataclass(frozen=True)
class Seen:
    """One thing on the screen; `role` is Qt's name of it, `rect` in pixels of the screen.

    `key` tells widgets apart; of what has the focus it is that of the widget, not of its part.
    """

    name: str
    role: str
    value: str
    description: str
    states: frozenset[str]
    object: str
    kind: str
    rect: tuple[int, int, int, int]
    key: int
    window: int
    children: tuple[Seen, ...] = field(repr=False)

    @property
    def center(self) -> tuple[int, int]:
        x, y, width, height = self.rect
        return x + width // 2, y + height // 2

    def walk(self) -> Iterator[Seen]:
        yield self
        for child in self.children:
            yield from child.walk()


def until(condition: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Wait until a condition returns something true, and return that; fails after the deadline."""
    over = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > over:
            raise AssertionError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(_GLANCE)


class Eyes:
    """What the program shows, asked anew each time."""

    def __init__(self, path: Path, gone: Callable[[], str | None]) -> None:
        """`gone` says how the program ended, None while it runs."""
        self._gone = gone
        self._socket = socket.socket(socket.AF_UNIX)
        until(lambda: self._connected(path), "the program")
        self._lines = self._socket.makefile("rw", encoding="utf-8")

    def _connected(self, path: Path) -> bool:
        self._require_running()
        try:
            self._socket.connect(str(path))
        except OSError:
            return False
        return True

    def _require_running(self) -> None:
        ended = self._gone()
        if ended is not None:
            raise AssertionError(f"the program has ended: {ended}")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, what: str) -> Any:
        try:
            self._lines.write(json.dumps({"ask": what}) + "\n")
            self._lines.flush()
            line = self._lines.readline()
        except OSError:
            line = ""
        if not line:
            self._require_running()
            raise AssertionError("the program does not answer any more")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["answer"]

    def windows(self) -> list[Seen]:
        """Return the windows, popups and menus that are there."""
        return [_seen(each, number) for number, each in enumerate(self.ask("tree"))]

    def everything(self) -> list[Seen]:
        return [seen for window in self.windows() for seen in window.walk()]

    def focused(self) -> Seen | None:
        found = self.ask("focus")
        return _seen({"children": [], **found}, 0) if found else None

    def all(
        self, role: str = "", name: str = "", *, object: str = "", having: str = ""
    ) -> list[Seen]:
        """Return what has this role, name and objectName; `having` is a part of its name."""
        return [
            seen
            for seen in self.everything()
            if role in ("", seen.role)
            and name in ("", seen.name)
            and object in ("", seen.object)
            and having in seen.name
        ]

    def find(
        self,
        role: str = "",
        name: str = "",
        *,
        object: str = "",
        having: str = "",
        seconds: float = PATIENCE,
    ) -> Seen:
        """Wait for the one thing of this description, until it rests, and return it."""
        wanted = " ".join(part for part in (role, name, object, having) if part)

        before: list[tuple[int, int, int, int]] = []

        def one() -> Seen | None:
            found = self.all(role, name, object=object, having=having)
            rects, before[:] = list(before), [seen.rect for seen in found]
            return found[0] if len(found) == 1 and rects == before else None

        try:
            return until(one, wanted, seconds)
        except AssertionError as error:
            there = "\n".join(describe(self.windows()))
            found = self.all(role, name, object=object, having=having)
            raise AssertionError(f"{error}: {len(found)} there\n{there}") from None

    def gone(self, role: str = "", name: str = "", *, object: str = "") -> None:
        """Wait until nothing of this description is there any more."""
        until(lambda: not self.all(role, name, object=object), f"the end of {role} {name} {object}")

    def text(self) -> str:
        """Return every name and value that is visible, a line each."""
        parts = [part for seen in self.everything() for part in (seen.name, seen.value) if part]
        return "\n".join(dict.fromkeys(parts))

    def read(self, text: str, seconds: float = PATIENCE) -> str:
        """Wait until a text is visible somewhere; return the line that holds it."""

        def line() -> str | None:
            return next((each for each in self.text().splitlines() if text in each), None)

        try:
            return until(line, repr(text), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is:\n{self.text()}") from None


def describe(windows: list[Seen], depth: int = 0) -> Iterator[str]:
    """Return the tree as lines, for people."""
    for seen in windows:
        states = " ".join(sorted(seen.states - {"focusable", "selectable"}))
        words = f"{seen.role} {seen.name!r} {seen.object} {seen.value!r} {states} {seen.rect}"
        yield "  " * depth + words
        yield from describe(list(seen.children), depth + 1)


def _seen(found: dict[str, Any], window: int) -> Seen:
    return Seen(
        name=found["name"],
        role=found["role"],
        value=found["value"],
        description=found["description"],
        states=frozenset(found["states"]),
        object=found["object"],
        kind=found["kind"],
        rect=tuple(found["rect"]),
        key=found["key"],
        window=window,
        children=tuple(_seen(child, window) for child in found["children"]),
    )
