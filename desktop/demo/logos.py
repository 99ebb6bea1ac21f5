"""Draw the logos of packs: a mark on a tile with round corners, as PNG.

A mark is a list of strokes, in pixels of the tile: `disc X Y RADIUS`, `ring X Y RADIUS WIDTH`, and
with round ends `line X1 Y1 X2 Y2 WIDTH`. Only sums, products and square roots are used, which give
the same result on every machine.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Sequence

SIZE = 64

_CORNER = 14.0
_LEVELS = 7  # shades at an edge; half of the palette is for the tile's edge, half for the mark's
_Distance = Callable[[float, float], float]
"""How far a point is from a shape; less than zero inside."""


def png(ground: str, mark: str, strokes: Sequence[str]) -> bytes:
    """Return a logo in two colors, each as six hexadecimal digits."""
    pixels = bytearray(_TILE)
    for stroke in strokes:
        kind, *numbers = stroke.split()
        _draw(pixels, _SHAPES[kind](*map(float, numbers)), _box(kind, list(map(float, numbers))))
    below, above = bytes.fromhex(ground), bytes.fromhex(mark)
    mixed = [
        bytes((low * (_LEVELS - level) + high * level) // _LEVELS for low, high in colors)
        for level in range(_LEVELS + 1)
        for colors in [list(zip(below, above, strict=True))]
    ]
    palette = below * (_LEVELS + 1) + b"".join(mixed)
    transparent = bytes(255 * level // _LEVELS for level in range(_LEVELS + 1))
    rows = b"".join(
        b"\0" + bytes(high << 4 | low for high, low in zip(row[::2], row[1::2], strict=True))
        for row in (pixels[start : start + SIZE] for start in range(0, len(pixels), SIZE))
    )
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 4, 3, 0, 0, 0)),
        (b"PLTE", palette),
        (b"tRNS", transparent),
        (b"IDAT", _stored_zlib(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _draw(pixels: bytearray, distance: _Distance, box: tuple[int, int, int, int]) -> None:
    """Put a shape over what is there; where shapes overlap they become one."""
    left, top, right, bottom = box
    for y in range(max(0, top), min(SIZE, bottom)):
        for x in range(max(0, left), min(SIZE, right)):
            level = _level(distance(x + 0.5, y + 0.5))
            at = y * SIZE + x
            if level and pixels[at] >= _LEVELS:
                pixels[at] = max(pixels[at], _LEVELS + 1 + level)


def _level(distance: float) -> int:
    """Return how much of a pixel a shape covers whose edge is that far from its center."""
    return int(max(0.0, min(1.0, 0.5 - distance)) * _LEVELS + 0.5)


def _disc(x: float, y: float, radius: float) -> _Distance:
    return lambda px, py: math.sqrt((px - x) * (px - x) + (py - y) * (py - y)) - radius


def _ring(x: float, y: float, radius: float, width: float) -> _Distance:
    disc = _disc(x, y, radius)
    return lambda px, py: abs(disc(px, py)) - width / 2


def _line(x1: float, y1: float, x2: float, y2: float, width: float) -> _Distance:
    dx, dy = x2 - x1, y2 - y1
    square = dx * dx + dy * dy

    def distance(px: float, py: float) -> float:
        along = max(0.0, min(1.0, ((px - x1) * dx + (py - y1) * dy) / square))
        away, aside = px - x1 - along * dx, py - y1 - along * dy
        return math.sqrt(away * away + aside * aside) - width / 2

    return distance


_SHAPES: dict[str, Callable[..., _Distance]] = {"disc": _disc, "ring": _ring, "line": _line}


def _box(kind: str, numbers: list[float]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the pixels that a stroke can touch."""
    if kind == "line":
        x1, y1, x2, y2, width = numbers
        low_x, high_x, low_y, high_y = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        reach = width / 2
    else:
        low_x = high_x = numbers[0]
        low_y = high_y = numbers[1]
        reach = sum(numbers[2:])
    edge = reach + 1
    return int(low_x - edge), int(low_y - edge), int(high_x + edge) + 1, int(high_y + edge) + 1


def _tile() -> bytes:
    """Return the ground that all logos share: opaque, and less and less so at its corners."""
    inner = SIZE / 2 - _CORNER
    pixels = bytearray()
    for y in range(SIZE):
        for x in range(SIZE):
            away = max(0.0, abs(x + 0.5 - SIZE / 2) - inner)
            aside = max(0.0, abs(y + 0.5 - SIZE / 2) - inner)
            pixels.append(_level(math.sqrt(away * away + aside * aside) - _CORNER))
    return bytes(pixels)


_TILE = _tile()


def _stored_zlib(body: bytes) -> bytes:
    """Return `body` as one stored block (RFC 1950 and 1951, 3.2.4)."""
    block = struct.pack("<BHH", 1, len(body), len(body) ^ 0xFFFF)
    return b"\x78\x01" + block + body + struct.pack(">I", zlib.adler32(body))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
