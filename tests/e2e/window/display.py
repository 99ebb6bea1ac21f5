"""A screen of its own for a program: Xvfb, and pictures of what is on it."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

WIDTH, HEIGHT = 1280, 900


class Display:
    """A private X server without a window manager; use it as a context manager."""

    def __init__(self, program: str, folder: Path, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
        """`folder` gets the screen's memory, from which pictures are made."""
        self._program = program
        self._folder = folder
        self._size = size
        self.name = ""

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        self._server = subprocess.Popen(
            [
                self._program,
                *("-displayfd", str(writing)),
                *("-screen", "0", f"{self._size[0]}x{self._size[1]}x24"),
                *("-fbdir", str(self._folder)),
                *("-nolisten", "tcp", "-noreset"),
            ],
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise RuntimeError(f"Xvfb ended with {self._server.wait()}")
        self.name = f":{number}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.terminate()
        self._server.wait(10)

    def picture(self, path: Path) -> Path:
        """Save what is on the screen as PNG; needs nothing of the program that is shown."""
        memory = (self._folder / "Xvfb_screen0").read_bytes()
        # The format is that of `xwd`: X11/XWDFile.h, 25 words in big endian.
        words = struct.unpack(">25I", memory[:100])
        header, width, height, line, colors = (words[n] for n in (0, 4, 5, 12, 19))
        start = header + 12 * colors
        rows = bytearray()
        for row in range(height):
            pixels = memory[start + row * line : start + row * line + 4 * width]
            rgb = bytearray(3 * width)
            rgb[0::3], rgb[1::3], rgb[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
            rows += b"\0" + rgb
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            shape = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
            for name, content in (
                (b"IHDR", shape),
                (b"IDAT", zlib.compress(bytes(rows), 6)),
                (b"IEND", b""),
            ):
                body = name + content
                file.write(struct.pack(">I", len(content)) + body)
                file.write(struct.pack(">I", zlib.crc32(body)))
        return path
