"""Secrets that are looked for afterwards, in every spelling in which they could have got away."""

from __future__ import annotations

import base64
import html
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

from desktop.store.database import FILE

SHORTEST = 8
"""Bytes below which a piece of base64 says nothing."""


def spellings(secret: str) -> dict[str, bytes]:
    """Return the bytes to look for, by what they are; a PEM text is looked for line by line."""
    if secret.startswith("-----BEGIN"):
        lines = [line for line in secret.split("\n") if line and not line.startswith("-----")]
        return {
            f"{how} of line {number}": spelling
            for number, line in enumerate(lines)
            if len(line) >= SHORTEST
            for how, spelling in spellings(line).items()
        } | _binary("DER", base64.b64decode("".join(lines)))
    texts = {
        "text": secret,
        "JSON": json.dumps(secret)[1:-1],
        "JSON in UTF-8": json.dumps(secret, ensure_ascii=False)[1:-1],
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "HTML": html.escape(secret),
        "HTML with bare quotes": html.escape(secret, quote=False),
        "HTML in numbers": html.escape(secret).encode("ascii", "xmlcharrefreplace").decode(),
        "bytes of Python": repr(secret.encode())[2:-1],
        "UTF-8 read as Latin-1": secret.encode().decode("latin-1"),
    }
    for how, quoted in (
        ("URL", quote(secret, safe="")),
        ("path of a URL", quote(secret)),
        ("form", quote_plus(secret)),
    ):
        texts |= {how: quoted, f"{how} in lower case": lower_percent(quoted)}
    found = {how: text.encode() for how, text in texts.items()}
    for encoding in ("utf-16-le", "utf-16-be"):
        found[encoding] = secret.encode(encoding)
    return found | _binary("UTF-8", secret.encode()) | _in_latin_1(secret)


def _in_latin_1(secret: str) -> dict[str, bytes]:
    try:
        encoded = secret.encode("latin-1")
    except UnicodeEncodeError:
        return {}
    return {"Latin-1": encoded} | _binary("Latin-1", encoded)


def _binary(name: str, content: bytes) -> dict[str, bytes]:
    """Return hexadecimal, and base64 wherever in a longer text the secret begins.

    So a user name and a password packed together are found too, whatever the user name is.
    """
    found = {
        f"{name} in hex": content.hex().encode(),
        f"{name} in HEX": content.hex().upper().encode(),
    }
    for place, first in ((0, 0), (1, 2), (2, 3)):
        packed = base64.b64encode(bytes(place) + content)
        certain = packed[first : (place + len(content)) // 3 * 4]
        if len(certain) >= SHORTEST:
            found[f"base64 of {name} at {place}"] = certain
            found[f"base64url of {name} at {place}"] = certain.translate(
                bytes.maketrans(b"+/", b"-_")
            )
    return found


def lower_percent(quoted: str) -> str:
    """Return a quoted text with its percent codes in lower case, as some servers write them."""
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


class Scanner:
    """Looks for secrets in texts, files, databases and processes."""

    def __init__(self, *secrets: str) -> None:
        self._spellings: dict[bytes, str] = {}
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Look for these too, and for their halves: a message may be cut in the middle of one."""
        halves = [half for secret in secrets for half in _halves(secret)]
        for secret in (*secrets, *halves):
            for how, spelling in spellings(secret).items():
                # Never the secret itself: this ends in the reports of tests.
                self._spellings.setdefault(spelling, f"secret {len(secret)} long: {how}")

    def content(self, content: bytes | str) -> list[str]:
        """Return how secrets stand in `content`; empty where none does."""
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogateescape")
        return [how for spelling, how in self._spellings.items() if spelling in content]

    def files(self, folder: Path) -> list[str]:
        """Return the hits in all files below `folder`, in their names, and in databases' rows."""
        found = []
        for path in sorted(folder.rglob("*")):
            found += _at(path, self.content(str(path.relative_to(folder))))
            if path.is_file():
                found += _at(path, self.content(path.read_bytes()))
            if path.name == FILE:
                found += _at(path, self.rows(path))
        return found

    def rows(self, path: Path) -> list[str]:
        """Return the hits in the rows of a database: its pages may hold a long value in pieces."""
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found = []
            for (table,) in tables.fetchall():
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    for cell in row:
                        if isinstance(cell, str | bytes):
                            found += [f"{table}: {how}" for how in self.content(cell)]
            return found
        finally:
            connection.close()

    def processes(self, pids: Iterable[int]) -> list[str]:
        """Return the hits in the command lines and environments of processes."""
        return [
            hit
            for pid in pids
            for what in ("cmdline", "environ")
            for hit in _at(f"{what} of a process", self.content(_of_process(pid, what)))
        ]


def _halves(secret: str) -> tuple[str, ...]:
    middle = len(secret) // 2
    return () if middle < SHORTEST or "\n" in secret else (secret[:middle], secret[middle:])


def _at(place: object, hits: list[str]) -> list[str]:
    return [f"{place}: {hit}" for hit in hits]


def _of_process(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with."""
    pairs = _of_process(pid, "environ").decode("utf-8", "surrogateescape").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    return list(_descendants(pid))


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))
