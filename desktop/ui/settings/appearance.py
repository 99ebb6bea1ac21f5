"""Settings: light and dark, and what follows the system."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop.ui.parts.facts import Fact, Facts
from desktop.ui.parts.progress import moves
from desktop.ui.session import Session
from desktop.ui.settings.section import Section
from desktop.ui.settings.setting import Setting
from desktop.ui.theme import APPEARANCES, Theme, wants_contrast
from registrykit.forms import Choice, FieldSpec


class AppearanceSection(Section):
    """Needs nothing of the program behind the window, so it is never locked."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, self.tr("Appearance"))
        names = (self.tr("As the system"), self.tr("Light"), self.tr("Dark"))
        self._colors = Setting(
            FieldSpec(
                "appearance",
                "choice",
                self.tr("Colors"),
                help=self.tr("As the system: the window changes with it while it is open."),
                choices=tuple(map(Choice, APPEARANCES, names)),
            )
        )
        self._colors.decided.connect(self._decided)
        self.add(self._colors)
        self.add_part(self.tr("What follows the system"))
        self._follows = Facts()
        self.add(self._follows, gap=4)
        style = QGuiApplication.styleHints()
        hints = style.accessibility()
        hints.contrastPreferenceChanged.connect(self._system_changed)
        self.column.addStretch(1)

    def show_stored(self) -> None:
        self._colors.show_stored(str(self.session.prefs.value("appearance", "system")))
        self._system_changed()

    def _system_changed(self) -> None:
        if not moves():
            motion = self.tr("Nothing moves, because the system asks for stillness.")
        elif _knows_motion():
            motion = self.tr("Progress bars move; the system does not ask for stillness.")
        else:
            motion = self.tr(
                "Only progress bars move. Whether the system asks for stillness is not known here."
            )
        contrast = (
            self.tr("High contrast, because the system asks for it.")
            if wants_contrast()
            else self.tr("Ordinary contrast; the system does not ask for more.")
        )
        self._follows.show_facts(
            [
                Fact(self.tr("Motion"), motion),
                Fact(self.tr("Contrast"), contrast),
                Fact(self.tr("Size"), self.tr("Text and icons follow the scale of the screen.")),
            ]
        )

    def _decided(self, appearance: str) -> None:
        self.session.prefs.setValue("appearance", appearance)
        application = QApplication.instance()
        theme = application.findChild(Theme) if application else None
        if theme is not None:
            theme.set_appearance(appearance)
        self.show_stored()


def _knows_motion() -> bool:
    """Say whether Qt can tell what the system wants; it can from 6.12 on."""
    style = QGuiApplication.styleHints()
    hints = style.accessibility()
    return hasattr(hints, "motionPreference")
