"""What reaches standard output and standard error, and in which form."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # a title, a link, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_JOINERS = "\u200c\u200d"
"""Invisible, but scripts and emoji need them."""


class Trouble(Protocol):
    """What every error of this program says."""

    code: str
    cause: str
    remedy: str


def clean(text: str, *, lines: bool = False) -> str:
    """Return text from outside without what would drive a terminal or turn its direction.

    With `lines`, line breaks and tabs stay; without, they become spaces.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(c, lines=lines) for c in _ESCAPES.sub("", text.replace("\r\n", "\n")))


def _shown(character: str, *, lines: bool) -> str:
    if character in "\n\t":
        return character if lines else " "
    category = unicodedata.category(character)
    if category in ("Zl", "Zp"):
        return "\n" if lines else " "
    if category == "Cs":
        return "\ufffd"
    if category == "Cc" or (category == "Cf" and character not in _JOINERS):
        return ""
    return character


def error_shape(error: Exception) -> dict[str, str]:
    """Return the `error` object: code, message, cause, remedy."""
    return {
        "code": getattr(error, "code", "error"),
        "message": str(error),
        "cause": getattr(error, "cause", ""),
        "remedy": getattr(error, "remedy", ""),
    }


class Output:
    """The two streams. With `as_json`, standard output gets one JSON object and nothing else."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._told = False

    def show(self, shape: Mapping[str, Any], text: Callable[[], None]) -> None:
        """Print the shape as JSON, or call `text`, which prints for people."""
        if self.as_json:
            self._told = True
            # ASCII alone: whole in every encoding, and nothing in it can drive a terminal.
            self.write(json.dumps(shape, indent=2, ensure_ascii=True) + "\n")
        else:
            text()

    def write(self, text: str) -> None:
        """Write to standard output as it is."""
        _write(sys.stdout, text)

    def line(self, text: str = "") -> None:
        """Write a cleaned line to standard output."""
        self.write(clean(text) + "\n")

    def document(self, text: str) -> None:
        """Write a whole text: untouched, except where a terminal would read it."""
        self.write(clean(text, lines=True) if _is_screen(sys.stdout) else text)

    def note(self, text: str, *, lines: bool = False) -> None:
        """Write a cleaned line to standard error; with `lines`, a text of several."""
        _write(sys.stderr, clean(text, lines=lines) + "\n")

    def error(self, error: Exception) -> None:
        """Say what happened, why, and what to do; with JSON as the object on standard output."""
        if self.as_json and not self._told:
            self.show({"error": error_shape(error)}, lambda: None)
            return
        self.trouble(str(error), getattr(error, "cause", ""), getattr(error, "remedy", ""))

    def trouble(self, message: str, cause: str, remedy: str) -> None:
        """Write the three parts to standard error, one line each."""
        self.note(message)
        if cause:
            self.note(f"  Why: {cause}")
        if remedy:
            self.note(f"  What to do: {remedy}")

    def console(self, *, errors: bool = False) -> Console:
        """Return rich's console on standard output or standard error, nothing interpreted."""
        from rich.console import Console

        stream = sys.stderr if errors else sys.stdout
        # What is not read on a screen is not cut to its width.
        width = None if _is_screen(stream) else 10_000
        return Console(
            file=stream,
            width=width,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def print(self, *renderables: Any) -> None:
        """Print tables and texts of rich to standard output."""
        console = self.console()
        with console.capture() as captured:
            for renderable in renderables:
                console.print(renderable)
        shown = captured.get()
        if not _is_screen(sys.stdout):
            shown = "\n".join(line.rstrip() for line in shown.split("\n"))
        self.write(shown)


def _is_screen(stream: IO[str] | None) -> bool:
    return stream is not None and stream.isatty()


def _write(stream: IO[str] | None, text: str) -> None:
    if stream is None:
        # Started without this stream, as a program without a console is.
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()


def _silence(stream: IO[str]) -> None:
    """Let what follows go nowhere: whoever read this stream has read enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
