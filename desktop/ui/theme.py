"""Colors, type and the style sheet; light and dark follow the system while the program runs.

Nothing keeps a theme object: `colors()` reads the application's palette, icons are painted in the
palette of the moment, and every widget is told by Qt when the palette changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop.ui.sheet import sheet

GRID = 4
ROW = 44
TITLE, SECTION, BODY, CAPTION = 20, 15, 13, 11
"""Arguments of the QApplication; asking it for a style later costs more time than all the rest."""
APPEARANCES = ("system", "light", "dark")


@dataclass(frozen=True)
class Colors:
    """What the window is painted with; names say what for, never which hue."""

    window: str
    sidebar: str
    surface: str
    raised: str
    hairline: str
    text: str
    secondary: str
    faint: str
    disabled: str
    accent: str
    on_accent: str
    hover: str
    selected: str
    good: str
    busy: str
    quiet: str
    attention: str
    bad: str
    good_soft: str
    busy_soft: str
    attention_soft: str
    bad_soft: str
    dark: bool

    def level(self, level: str) -> str:
        """Return the color of a `words.Level`."""
        found: str = getattr(self, level)
        return found

    def soft(self, level: str) -> str:
        """Return the color behind something of a `words.Level`."""
        found: str = getattr(self, f"{level}_soft", self.hover)
        return found


LIGHT = Colors(
    window="#fbfbfc",
    sidebar="#f3f4f6",
    surface="#ffffff",
    raised="#ffffff",
    hairline="#e3e5e9",
    text="#1b1f26",
    secondary="#525a68",
    faint="#616976",
    disabled="#8b929e",
    accent="#2f5fd0",
    on_accent="#ffffff",
    hover="#eceef2",
    selected="#e1e9fb",
    good="#1a7542",
    busy="#2f5fd0",
    quiet="#5f6774",
    attention="#945a00",
    bad="#b3261e",
    good_soft="#e6f4ec",
    busy_soft="#e8eefb",
    attention_soft="#fdf3e0",
    bad_soft="#fdecea",
    dark=False,
)
DARK = Colors(
    window="#17191d",
    sidebar="#1d2025",
    surface="#1a1c21",
    raised="#23262c",
    hairline="#2f333a",
    text="#e8eaee",
    secondary="#a9b0bc",
    faint="#979fad",
    disabled="#737b88",
    accent="#7aa2f7",
    on_accent="#10131a",
    hover="#262a31",
    selected="#2a3550",
    good="#6fce97",
    busy="#7aa2f7",
    quiet="#9aa2ae",
    attention="#e5b35c",
    bad="#f28b82",
    good_soft="#1c2f25",
    busy_soft="#212a3f",
    attention_soft="#352b19",
    bad_soft="#3b2322",
    dark=True,
)


def colors() -> Colors:
    """Return the colors of the moment."""
    palette = QGuiApplication.palette()
    found = DARK if palette.color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT
    return _high_contrast(found) if wants_contrast() else found


def wants_contrast() -> bool:
    """Say whether the system asks for high contrast."""
    # Two names: the second object ends with the first, which nothing else holds.
    style = QGuiApplication.styleHints()
    hints = style.accessibility()
    return hints.contrastPreference() == Qt.ContrastPreference.HighContrast


def _high_contrast(found: Colors) -> Colors:
    text, edge = ("#ffffff", "#9aa2ae") if found.dark else ("#000000", "#5a6270")
    return replace(found, text=text, secondary=text, faint=text, hairline=edge)


def font(size: int = BODY, *, strong: bool = False) -> QFont:
    """Return the system's font in one of the four sizes, in device-independent pixels."""
    found = QFont(QGuiApplication.font())
    found.setPixelSize(size)
    found.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return found


class Theme(QObject):
    """Applies palette and style sheet, and again whenever the system changes its mind.

    The application has been made with the arguments `start.STYLE`.
    """

    changed = Signal()

    def __init__(self, application: QApplication, appearance: str = "system") -> None:
        super().__init__(application)
        self._application = application
        self._appearance = ""
        self.set_appearance(appearance)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self.apply)
        hints.accessibility().contrastPreferenceChanged.connect(self.apply)

    def set_appearance(self, appearance: str) -> None:
        """Follow the system, or be light or dark whatever it says."""
        if appearance == self._appearance:
            return  # a style sheet is applied to every widget anew, which takes a while
        self._appearance = appearance
        schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        hints = QGuiApplication.styleHints()
        if appearance in schemes:
            hints.setColorScheme(schemes[appearance])
        else:
            hints.unsetColorScheme()
        self.apply()

    def apply(self) -> None:
        # Not every platform follows what it is told, so what was chosen counts before what it says.
        dark = self._appearance == "dark" or (
            self._appearance == "system"
            and QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        )
        found = DARK if dark else LIGHT
        if wants_contrast():
            found = _high_contrast(found)
        self._application.setFont(font())
        self._application.setPalette(_palette(found))
        self._application.setStyleSheet(sheet(found))
        self.changed.emit()


def _palette(found: Colors) -> QPalette:
    role, palette = QPalette.ColorRole, QPalette()
    for key, name in {
        role.Window: found.window,
        role.WindowText: found.text,
        role.Base: found.surface,
        role.AlternateBase: found.window,
        role.Text: found.text,
        role.PlaceholderText: found.faint,
        role.Button: found.raised,
        role.ButtonText: found.text,
        role.ToolTipBase: found.raised,
        role.ToolTipText: found.text,
        role.Highlight: found.selected,
        role.HighlightedText: found.text,
        role.Link: found.accent,
        role.LinkVisited: found.accent,
        role.BrightText: found.bad,
        role.Light: found.hairline,
        role.Midlight: found.hairline,
        role.Mid: found.hairline,
        role.Dark: found.hairline,
        role.Shadow: found.hairline,
        role.Accent: found.accent,
    }.items():
        palette.setColor(key, QColor(name))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(found.disabled))
    return palette
