"""Read pieces of YAML fast: rapidyaml to JSON to plain values, or not at all.

rapidyaml is several times faster than libyaml, but reads some things in its own way. `FastReader`
answers only where both are known to agree, and leaves the rest to `registrykit.formats.yaml`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

try:
    import ryml as _ryml
except ImportError:
    _ryml = None

UNSURE: Final = object()

_MAX_WHOLE = 10**18
_ORDINARY = bytes(range(0x20, 0x7F)) + b"\n"
# Control characters, and what YAML 1.1 reads as a line break although it is none in YAML 1.2.
_ODD_CHARACTER = re.compile(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf")
# At the start of a token these mean something that rapidyaml reads in its own way, or not at all.
_INDICATOR = re.compile(rb" [&*!@`%~?:.|>\[{\]}](?!(?<=[|>])[-+]?\n)")
_TOKEN_FOLLOWS = frozenset(b":-?,[{")
_SIMPLE_TOKEN = re.compile(
    rb" (?:\[[^\[\]{}\"'#&*!@`%~?|>:\n]*\] *\n"
    rb"|\{\} *\n"
    rb"|[~?:][^ \n,\]}]|\.(?!\.\.))"
)
# After it, rapidyaml takes deeper lines for more of the element, where YAML has an error.
_ELEMENT_WITH_COMMENT = re.compile(rb"\n *- [^'\"\n]*(?: #|\n(?: *\n)* *#)")
# What rapidyaml changes on the way to JSON: `.5`, `1.`, `nan`, `inf`, `-0`.
_ODD_FLOAT = re.compile(rb"[ ,\[{]-?(?:[0-9]+\.|\.[0-9]+)(?:[eE][-+]?[0-9]+)? *[\n,\]}#]")
_NOT_FINITE = re.compile(rb"\.(?:inf|nan)\"")
_NEGATIVE_ZERO = re.compile(rb"-0[,\n\]}](?<=[ \[,].{3})", re.DOTALL)
_ROOM = 256 * 1024
_stderr_lock = threading.Lock()


class FastReader:
    """Read one piece after the other; room that one took is used again for the next.

    Not for two threads at once.
    """

    def __init__(self) -> None:
        self._tree: Any = _ryml.Tree() if _ryml is not None else None
        self._room = bytearray(_ROOM)

    def read(self, piece: bytes) -> Any:
        """Return the value of `piece`, or `UNSURE`.

        The piece is UTF-8 in block style, every line of it indented, with a newline at the end.
        The answer is what `registrykit.formats.yaml` gives for the same bytes, but `UNSURE` where
        that would complain or where the two might differ.
        """
        if self._tree is None or not piece.endswith(b"\n") or _looks_odd(piece):
            return UNSURE
        floats: list[str] = []

        def as_text(text: str) -> str:
            floats.append(text)
            return text

        try:
            with _quiet_stderr():
                text = self._to_json(piece)
            value = msgspec.json.Decoder(float_hook=as_text).decode(text)
        except Exception:
            # Whatever it stumbled over, the other reader says better what is wrong, and where.
            return UNSURE
        if _NOT_FINITE.search(text) or _NEGATIVE_ZERO.search(text):
            return UNSURE
        if floats and _ODD_FLOAT.search(piece):
            return UNSURE
        return value if _keeps_every_key(value, text) else UNSURE

    def _to_json(self, piece: bytes) -> bytes:
        """Return `piece` as JSON; the function that would find the room itself never frees it."""
        tree, self._tree = self._tree, _ryml.Tree()
        tree.clear()
        tree.clear_arena()
        _ryml.parse_in_arena(piece, tree)
        if len(self._room) < 2 * len(piece):
            self._room = bytearray(2 * len(piece))
        try:
            text = bytes(_ryml.emit_json_in_place(tree, self._room))
        except IndexError:
            self._room = bytearray(_ryml.compute_json_length(tree))
            text = bytes(_ryml.emit_json_in_place(tree, self._room))
        # A tree that was left in the middle of an error is never used again.
        self._tree = tree
        return text


def _looks_odd(piece: bytes) -> bool:
    rest = piece.translate(None, _ORDINARY)
    if rest and _ODD_CHARACTER.search(rest):
        return True
    for match in _INDICATOR.finditer(piece):
        at = match.start()
        before = piece[piece.rfind(b"\n", 0, at) + 1 : at].rstrip(b" ")
        if (not before or before[-1] in _TOKEN_FOLLOWS) and not _SIMPLE_TOKEN.match(piece, at):
            return True
    if b"#" in piece and _ELEMENT_WITH_COMMENT.search(piece):
        return True
    return b"<" in piece and b"<<" in piece


def _keeps_every_key(value: Any, text: bytes) -> bool:
    """Say whether no key of the JSON `text` stands twice, and no number is over-long.

    Of a key that stands twice only one is in the decoded value, so the numbers of keys differ.
    """
    if b'\\\\": ' in text:
        return False
    keys = text.count(b'": ') - text.count(b'\\": ')
    open_nodes = [[value]]
    while open_nodes:
        node: Any = open_nodes.pop()
        for child in node:
            kind = type(child)
            if kind is dict:
                keys -= len(child)
                open_nodes.append(child.values())
            elif kind is list:
                open_nodes.append(child)
            elif kind is int and not -_MAX_WHOLE < child < _MAX_WHOLE:
                return False
    return keys == 0


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep rapidyaml's own report of a syntax error off the terminal.

    It is written by C++ to file descriptor 2 and cannot be turned off; what another thread writes
    there in the same fraction of a millisecond is lost as well.
    """
    with _stderr_lock:
        try:
            saved = os.dup(2)
        except OSError:
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
