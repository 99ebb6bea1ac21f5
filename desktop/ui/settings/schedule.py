"""Settings: when registries are synchronized unasked, and how long removed ones are kept."""

from __future__ import annotations

from desktop.ui.home.coming import ComingList
from desktop.ui.parts.text import hairline, label
from desktop.ui.session import Session
from desktop.ui.settings.section import Section
from desktop.ui.settings.setting import Setting
from registrykit.forms import FieldSpec

SHOWN = 5


class ScheduleSection(Section):
    """The rule in words, the switch, and what it comes to."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            self.tr("Schedule"),
            self.tr(
                "While the program is open, every registry is synchronized 24 hours after its "
                "last success. One that cannot be reached is tried again after 5 minutes, then "
                "less and less often, at least every 6 hours. One that does not accept its "
                "password waits for you, and so does a default until you first ask for it."
            ),
        )
        self._paused = Setting(
            FieldSpec(
                "paused",
                "flag",
                self.tr("Pause the schedule"),
                help=self.tr(
                    "Nothing is synchronized unasked. What you synchronize yourself still is."
                ),
            )
        )
        self.add_setting(self._paused, "paused")
        self.column.addSpacing(16)
        self.column.addWidget(hairline())
        self.column.addSpacing(8)
        self._coming = ComingList(session)
        self._title = label(self.tr("Runs next"), "section")
        self.column.addWidget(self._title)
        self._none = label("", "secondary", wrap=True)
        self.column.addWidget(self._coming)
        self.column.addWidget(self._none)
        self.add_part(self.tr("Removed registries"))
        self._days = Setting(
            FieldSpec(
                "kept_days",
                "number",
                self.tr("Days that a removed registry is kept"),
                help=self.tr(
                    "Until then it can be restored with its catalog. Afterwards it is deleted "
                    "with its secrets when the program starts."
                ),
            )
        )
        self.add_setting(self._days, "kept_days")
        self.column.addStretch(1)
        session.registries_changed.connect(self._heard)
        session.run_ended.connect(lambda _event: self._heard())

    def show_stored(self) -> None:
        super().show_stored()
        why = self._why_nothing_runs()
        self._none.setText(why)
        for part in (self._title, self._none):
            part.setVisible(bool(why))
        self._coming.setVisible(not why)
        if not why:
            app = self.session.app
            self._coming.show_coming(app.coming(app.registries.visible(), SHOWN))

    def _why_nothing_runs(self) -> str:
        session = self.session
        if not session.is_ready:
            return self.tr("What runs next is known when the program has started.")
        if not session.writable:
            return self.tr("The other program that has this data open keeps the schedule.")
        if session.app.settings.read().paused:
            return self.tr("Nothing runs next: the schedule is paused.")
        if session.app.network().offline:
            return self.tr("Nothing runs next: the program was started without a network.")
        return ""
