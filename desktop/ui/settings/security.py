"""Settings: where secrets are kept, which hosts are allowed, and what was decided."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from desktop.engine import decisions
from desktop.engine.words import State
from desktop.store import registries as stored
from desktop.store.values import AuditRow, RegistryRow
from desktop.ui.destination import Destination
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.state import StateLabel
from desktop.ui.parts.table import ROW_PIXELS, Column, Table
from desktop.ui.parts.text import label, visible
from desktop.ui.session import Session
from desktop.ui.settings.lines import ActionLine, Lines
from desktop.ui.settings.saving import why_locked
from desktop.ui.settings.section import Section
from desktop.ui.tasks import Latest

DECISIONS = 200
_SHOWN_ROWS = 9


class SecuritySection(Section):
    """The keyring is asked in the background, where it may take its time."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, self.tr("Security"))
        self._asked = False
        self._audit = Latest()
        self.add_part(self.tr("Passwords, tokens and keys"))
        self._keyring = StateLabel()
        self._keyring.setObjectName("keyring")
        self._without = label("", "secondary", wrap=True)
        self.column.addWidget(self._keyring)
        self.column.addWidget(self._without)
        self.add_part(
            self.tr("Approved hosts"),
            self.tr(
                "Hosts besides its own that a registry may ask, since you allowed it. Credentials "
                "go only where the registry's connection says."
            ),
        )
        self._trouble = ProblemCard()
        self.column.addWidget(self._trouble)
        self._hosts = Lines(self.tr("No other host was approved."))
        self.column.addWidget(self._hosts)
        self.add_part(self.tr("Without verified TLS"))
        self._danger = label(
            self.tr(
                "The certificates of these registries are not checked, so somebody in between "
                "could read and change what they send, and read the password. A CA certificate in "
                "the connection is the better way."
            ),
            "attention",
            wrap=True,
        )
        self.column.addWidget(self._danger)
        self._insecure = Lines(self.tr("Every registry's certificate is verified."))
        self.column.addWidget(self._insecure)
        self.add_part(
            self.tr("Record of decisions"),
            self.tr("The last {count} things that were decided here, newest first.").format(
                count=DECISIONS
            ),
        )
        self._record = Table(
            self.tr("Record of decisions"),
            [
                Column[AuditRow](self.tr("When"), _when, 148),
                Column[AuditRow](self.tr("What"), lambda row: visible(decisions.said(row))),
            ],
        )
        self._record.setFixedHeight(_SHOWN_ROWS * ROW_PIXELS)
        self._none = label(self.tr("Nothing was decided yet."), "secondary")
        self.column.addWidget(self._record)
        self.column.addWidget(self._none)
        self.column.addStretch(1)
        session.registries_changed.connect(self._heard)
        session.listed_changed.connect(lambda _registry: self._heard())

    def show_stored(self) -> None:
        super().show_stored()
        self._ask_keyring()
        rows = self._registries()
        self._show_hosts(rows)
        insecure = [row for row in rows if row.config.get("insecure_skip_verify")]
        self._danger.setVisible(bool(insecure))
        self._insecure.show_lines(
            [
                ActionLine(
                    key=row.id,
                    text=row.name,
                    said=row.endpoint,
                    action=self.tr("Show"),
                    name=self.tr("Show {name}").format(name=row.name),
                    act=partial(
                        self.session.go, Destination("registries", row.id, tab="connection")
                    ),
                )
                for row in insecure
            ]
        )
        if self.session.db is not None:
            db = self.session.db
            self._audit.of(
                self.session.tasks.ask(self, lambda: stored.audit(db, DECISIONS), self._show_record)
            )

    def _registries(self) -> list[RegistryRow]:
        """Return those of all environments, hidden ones too; what was removed asks nobody."""
        return stored.registries(self.session.db) if self.session.db is not None else []

    # The keyring

    def _ask_keyring(self) -> None:
        if not self.session.is_ready:
            self._keyring.show_state(State(self.tr("Asked when the program has started"), "quiet"))
            self._without.setText("")
            return
        if not self._asked:
            self._asked = True
            self._keyring.show_state(State(self.tr("Asking for the keyring…"), "busy"))
            self._without.setText(self.tr("This can take up to 20 seconds."))
        vault = self.session.app.vault
        self.session.tasks.run(self, lambda: (vault.place, vault.trouble), self._tell_keyring)

    def _tell_keyring(self, found: tuple[str, str]) -> None:
        place, trouble = found
        if not trouble:
            text = self.tr("Kept in the {place} of this computer").format(place=place)
            self._keyring.show_state(State(text, "good"))
            self._without.setText(
                self.tr("They are in no file of this program, and never shown again.")
            )
            return
        self._keyring.show_state(State(trouble[:1].upper() + trouble[1:], "attention"))
        self._without.setText(
            self.tr(
                "What you enter is kept in memory and forgotten when the program ends. To keep it "
                "without a keyring, set environment variables: {variable}. Nothing is ever "
                "written to a file."
            ).format(variable="REGISTRY_DESKTOP_SECRET_<NAME>_<FIELD>")
        )

    # Hosts

    def _show_hosts(self, rows: list[RegistryRow]) -> None:
        why = why_locked(self.session)
        self._hosts.show_lines(
            [
                ActionLine(
                    key=f"{row.id}/{host}",
                    text=host,
                    said=row.name,
                    action=self.tr("Revoke"),
                    name=self.tr("Revoke {host} for {name}").format(host=host, name=row.name),
                    act=partial(self._revoke, row.id, host),
                    why_not=why,
                )
                for row in rows
                for host in row.approved_hosts
            ]
        )

    def _revoke(self, registry_id: str, host: str) -> None:
        self._trouble.hide()
        registries = self.session.app.registries

        def done(row: RegistryRow) -> None:
            text = self.tr("{name} may no longer ask {host}.")
            self.session.tell(text.format(name=row.name, host=host))

        self.change(
            lambda: registries.revoke(registries.get(registry_id), host),
            done,
            lambda error: self._trouble.show_problem(Problem.of(error)),
        )

    # The record

    def _show_record(self, found: list[AuditRow]) -> None:
        if list(self._record.rows.rows) != found:
            self._record.rows.show_rows(found)
        self._record.setVisible(bool(found))
        self._none.setVisible(not found)


def _when(row: AuditRow) -> str:
    try:
        return f"{datetime.fromtimestamp(row.at):%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError, OSError):
        # A clock that was wrong when it was written.
        return ""
