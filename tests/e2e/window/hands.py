"""A mouse and a keyboard: events of the X server, as a person makes them, and how many it took."""

from __future__ import annotations

import ctypes
import os
import subprocess
from dataclasses import dataclass, field

from tests.e2e.window.seeing import Eyes, Seen, until


@dataclass
class Effort:
    """What a task took: clicks, chords of keys, and fields that were filled and left."""

    clicks: int = 0
    chords: int = 0
    fields: int = 0
    steps: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.clicks + self.chords + self.fields


class Hands:
    """Mouse and keyboard on one display; `effort` counts until somebody puts a new one there."""

    def __init__(self, xdotool: str, display: str, eyes: Eyes) -> None:
        self._xdotool = xdotool
        self._environment = {**os.environ, "DISPLAY": display}
        self._eyes = eyes
        self.effort = Effort()

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            [self._xdotool, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    # The mouse

    def click(self, what: Seen | str, *, button: int = 1, times: int = 1) -> Seen:
        """Click the middle of something; a text is the name of the only thing that has it."""
        seen = self._eyes.find(name=what) if isinstance(what, str) else what
        x, y = seen.center
        self._do("mousemove", str(x), str(y))
        self._do("click", "--repeat", str(times), "--delay", "60", str(button))
        self.effort.clicks += 1
        self.effort.steps.append(f"click {seen.name or seen.object}")
        return seen

    def point(self, seen: Seen) -> None:
        """Move the mouse there, which shows a tooltip."""
        x, y = seen.center
        self._do("mousemove", str(x), str(y))

    def scroll(self, seen: Seen, notches: int) -> None:
        """Turn the wheel over something, down for a positive number."""
        self.point(seen)
        self._do("click", "--repeat", str(abs(notches)), "5" if notches > 0 else "4")

    def close_window(self) -> None:
        """Ask the window to close, as the button in its title bar does."""
        found = self._eyes.ask("active")
        assert found is not None, "there is no window"
        ask_to_close(self._environment["DISPLAY"], int(found["id"]))

    # The keyboard

    def press(self, *chords: str) -> None:
        """Press keys, such as `ctrl+k` or `Tab`, one after the other."""
        for chord in chords:
            self.take_keyboard()
            self._do("key", "--clearmodifiers", chord)
            self.effort.chords += 1
            self.effort.steps.append(f"press {chord}")

    def type(self, text: str) -> None:
        """Type a text into what has the focus: one field."""
        self.take_keyboard()
        self._do("type", "--clearmodifiers", "--delay", "4", "--", text)
        self.effort.fields += 1
        self.effort.steps.append("type into the field")

    def fill(self, what: Seen | str, text: str) -> None:
        """Click a field, replace what it holds, and leave it: one field in all."""
        before = self.effort.clicks, self.effort.chords
        self.click(what)
        self.press("ctrl+a")
        self.effort.clicks, self.effort.chords = before
        del self.effort.steps[-2:]
        self.type(text)

    def take_keyboard(self) -> None:
        """Do what a window manager would: give the keyboard to the window that should have it."""
        asked = False

        def active() -> bool:
            nonlocal asked
            found = self._eyes.ask("active")
            if found is None:
                return False
            if not found["active"] and not asked:
                asked = True
                self._do("windowfocus", str(found["id"]))
            return bool(found["active"])

        until(active, "the keyboard for the window")


class _ClientMessage(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("words", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 24),  # Xlib copies the largest of its events
    )


def ask_to_close(display: str, window: int) -> None:
    """Send a window WM_DELETE_WINDOW (ICCCM 4.2.8.1), which xdotool cannot."""
    xlib = ctypes.CDLL("libX11.so.6")
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XInternAtom.restype = ctypes.c_ulong
    xlib.XInternAtom.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
    xlib.XSendEvent.argtypes = (
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_int,
        ctypes.c_long,
        ctypes.POINTER(_ClientMessage),
    )
    xlib.XCloseDisplay.argtypes = (ctypes.c_void_p,)
    connection = xlib.XOpenDisplay(display.encode())
    assert connection, f"no display {display}"
    client_message, format_of_words = 33, 32
    protocols, delete = (
        xlib.XInternAtom(connection, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")
    )
    event = _ClientMessage(type=client_message, window=window, message_type=protocols)
    event.format, event.words[0] = format_of_words, delete
    xlib.XSendEvent(connection, window, 0, 0, ctypes.byref(event))
    xlib.XCloseDisplay(connection)
