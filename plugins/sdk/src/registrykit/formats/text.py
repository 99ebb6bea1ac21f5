"""Look at untrusted text before anything parses it, and quote it in messages."""

from __future__ import annotations

import codecs

from registrykit.errors import BadAnswer


def utf8(content: bytes, *, what: str = "the file") -> bytes:
    """Return `content` as UTF-8 without a byte-order mark; UTF-16 is recoded.

    Raises `BadAnswer` (`yaml-encoding`) with the position of the first wrong byte.
    """
    encoding = "utf-8"
    if content.startswith(codecs.BOM_UTF8):
        content = content[len(codecs.BOM_UTF8) :]
    elif content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        encoding = "utf-32"
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(content) >= 2 and (content[0] == 0) != (content[1] == 0):
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    elif content.isascii():
        return content
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadAnswer(
            f"{sentence(what)} cannot be read.",
            cause=f"Byte {error.start} does not belong to {encoding.upper()} text: "
            f"0x{content[error.start]:02x}.",
            remedy="Ask the owner of the registry to save it as UTF-8.",
            code="yaml-encoding",
        ) from None
    return content if encoding == "utf-8" else text.encode("utf-8")


def long_line(content: bytes, limit: int) -> int:
    """Return the number of the first line with more than `limit` bytes, 0 if there is none."""
    start = 0
    while len(content) - start > limit:
        window = start, start + limit + 1
        end = max(content.rfind(b"\n", *window), content.rfind(b"\r", *window))
        if end < 0:
            return content.count(b"\n", 0, start) + 1
        start = end + 1
    return 0


def line_at(content: bytes, number: int) -> tuple[bytes, bool]:
    """Return the line `number`, counted from 0, and whether it is the last one with text."""
    start = 0
    for _ in range(number):
        end = content.find(b"\n", start)
        if end < 0:
            return b"", True
        start = end + 1
    end = content.find(b"\n", start)
    if end < 0:
        return content[start:], True
    return content[start:end], not content[end : end + 4096].strip()


def shortened(text: str, limit: int = 60) -> str:
    """Return `text` in quotes for a message: short, on one line, without control characters."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown) + '"'


def sentence(text: str) -> str:
    """Return `text` with a capital at the beginning."""
    return text[:1].upper() + text[1:]
