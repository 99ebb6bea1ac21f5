"""Look at untrusted text before anything parses it, and quote it in messages."""

from __future__ import annotations

import codecs

from registrykit.errors import BadAnswer

_MOST_REMARKS = 100


class Remarks:
    """Plain sentences, without a full stop, about what was ignored, shortened or looks wrong."""

    def __init__(self) -> None:
        self._told: dict[str, None] = {}
        self._more = 0

    def add(self, remark: str) -> None:
        """Add a remark, unless it was made before or there are very many already."""
        if len(self._told) < _MOST_REMARKS:
            self._told[remark] = None
        elif remark not in self._told:
            self._more += 1

    @property
    def all(self) -> tuple[str, ...]:
        """Return the remarks in their order, the last of them for those that had no place."""
        more = (f"there are {self._more:,} more problems",) if self._more else ()
        return (*self._told, *more)


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


def readable(
    content: bytes, name: str, limit: int, remarks: Remarks, size: int | None = None
) -> str:
    """Return what people read of a file: at most `limit` bytes, with a mark where it was cut.

    That counts for the file and for its text in UTF-8, where each byte that is no text takes three.
    `size` is how many bytes the file has, where `content` is only its beginning.
    """
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    cut = len(content) > limit
    text = codecs.getincrementaldecoder(encoding)("replace").decode(content[:limit], not cut)
    if "\ufffd" in text:
        remarks.add(f"{name} has bytes that are not text")
    whole = max(size or 0, len(content))
    mark = f"[shortened: {limit:,} of {whole:,} bytes]" if cut else ""
    if len(text) > limit // 3 and len(encoded := text.encode()) > limit:
        text, mark = (
            encoded[:limit].decode("utf-8", "ignore"),
            f"[the beginning of {whole:,} bytes]",
        )
    if mark:
        remarks.add(f"{name} of {whole:,} bytes was shortened")
        text += f"\n\n{mark}\n"
    return text


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
