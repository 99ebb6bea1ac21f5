"""The tab *Connection*: how a registry is configured, its check, and the form to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.store.values import RegistryRow
from desktop.ui.actions import RegistryActions
from desktop.ui.destination import Destination
from desktop.ui.forms.reading import facts_of
from desktop.ui.parts.buttons import button
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.facts import Facts
from desktop.ui.parts.note import Note
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.text import label
from desktop.ui.session import Listed, Session

if TYPE_CHECKING:
    from desktop.engine.jobs import Cancellable
    from desktop.ui.forms.checking import CheckView
    from desktop.ui.forms.editing import Beginning, EditPanel
    from registrykit.events import Check
    from registrykit.forms import FormSpec

WIDEST = 720


class ConnectionTab(QWidget):
    """Reads like a sheet; *Edit* turns it into a form. Unsaved forms wait for their registry."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._actions = RegistryActions(session)
        self._entry: Listed | None = None
        self._editors: dict[str, EditPanel] = {}
        self._check: CheckView | None = None
        self._shown_facts: object = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._sheet = self._make_sheet()
        column.addWidget(self._sheet)
        session.ready.connect(self._show)

    def _make_sheet(self) -> QWidget:
        inner = QWidget()
        inner.setMaximumWidth(WIDEST)
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(24, 16, 24, 24)
        self._column.setSpacing(14)
        self._check_button = button(self.tr("Check connection"), self.check_now)
        self._check_button.setObjectName("check-connection")
        self._edit_button = button(self.tr("Edit"), self.edit_now)
        self._edit_button.setObjectName("edit-connection")
        self._copy_button = button(self.tr("Duplicate as my own"), self._duplicate, kind="link")
        self._copy_button.setObjectName("duplicate-registry")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._check_button)
        line.addWidget(self._edit_button)
        line.addStretch(1)
        self._insecure = Note("attention")
        self._insecure.setObjectName("insecure")
        self._default = Note()
        self._problem = ProblemCard()
        self._facts = Facts()
        self._hosts = QWidget()
        self._host_rows = QVBoxLayout(self._hosts)
        self._host_rows.setContentsMargins(0, 0, 0, 0)
        self._host_rows.setSpacing(4)
        self._column.addLayout(line)
        for note in (self._insecure, self._default):
            self._column.addWidget(note)
        self._column.addWidget(self._copy_button, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self._problem, self._facts, self._hosts):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        return area

    # What is shown

    def show_registry(self, entry: Listed) -> None:
        """Show a registry, or what is new about the one that is shown."""
        before = self._entry
        if before is not None and before.row.id != entry.row.id and self._check is not None:
            self._check.close_check()
        self._entry = entry
        self._show()

    @property
    def editor(self) -> EditPanel | None:
        """The form of the registry that is shown, while it is being edited."""
        return self._editors.get(self._entry.row.id) if self._entry else None

    def _show(self) -> None:
        entry = self._entry
        if entry is None:
            return
        if entry.row.removed_at is not None:
            self._let_go(entry.row.id)
        for key, panel in self._editors.items():
            panel.setVisible(key == entry.row.id)
        self._sheet.setVisible(self.editor is None)
        if self.editor is None:
            self._show_sheet(entry)

    def _show_sheet(self, entry: Listed) -> None:
        row, session = entry.row, self._session
        is_default = row.default_id is not None
        self._insecure.say(
            self.tr(
                "The server's certificate is not verified: anybody on the way can read and change "
                "what is sent."
            )
            if "insecure" in entry.conditions
            else ""
        )
        self._default.say(
            self.tr(
                "Its definition comes with the edition of the environment and cannot be changed, "
                "except how you sign in."
            )
            if is_default
            else ""
        )
        form = self._form(row.type)
        # Facts are widgets; making them anew with each progress would take selections away.
        facts = (form is None, session.writable, row.id, row.config, row.secrets, row.endpoint)
        if (*facts, row.approved_hosts) != self._shown_facts:
            self._shown_facts = (*facts, row.approved_hosts)
            self._facts.show_facts(facts_of(form, row))
            self._show_hosts(row)
            self._problem.hide()
        self._edit_button.setText(self.tr("Sign in…") if is_default else self.tr("Edit"))
        self._copy_button.setVisible(is_default)
        why_not = self._why_not(form)
        for part in (self._edit_button, self._copy_button):
            part.setEnabled(not why_not)
            part.setToolTip(why_not)
        self._check_button.setEnabled(form is not None)
        self._check_button.setToolTip("" if form else self._why_not(form))

    def _why_not(self, form: FormSpec | None) -> str:
        """Return why nothing can be changed now."""
        if not self._session.is_ready:
            return self.tr("The program is still starting.")
        if not self._session.writable:
            return self.tr("Another program has this data open.")
        return "" if form else self.tr("The plugin for this type of registry is missing.")

    def _form(self, type_id: str) -> FormSpec | None:
        if not self._session.is_ready:
            return None
        found = self._session.app.plugins.descriptions().get(type_id)
        return found[1].form if found else None

    def _show_hosts(self, row: RegistryRow) -> None:
        """List the hosts that somebody allowed for this registry, each with a way to end that."""
        clear(self._host_rows)
        self._hosts.setVisible(bool(row.approved_hosts))
        if not row.approved_hosts:
            return
        self._host_rows.addWidget(label(self.tr("Hosts it may ask besides its own"), "strong"))
        for host in row.approved_hosts:
            line = QWidget()
            parts = QHBoxLayout(line)
            parts.setContentsMargins(0, 0, 0, 0)
            parts.setSpacing(8)
            parts.addWidget(label(host, select=True))
            revoke = button(self.tr("Revoke"), partial(self._revoke, host), kind="link")
            revoke.setAccessibleName(self.tr("Revoke {host}").format(host=host))
            revoke.setEnabled(self._session.writable)
            parts.addWidget(revoke)
            parts.addStretch(1)
            self._host_rows.addWidget(line)

    def _revoke(self, host: str) -> None:
        assert self._entry is not None
        app, session = self._session.app, self._session
        registry_id, approved = self._entry.row.id, self._entry.row.approved_hosts
        name = self._entry.row.name

        def allow_again() -> None:
            row = app.registries.get(registry_id)
            place = self._actions.place_of(row)
            app.registries.edit(row, approved_hosts=approved, place=place)

        def undo() -> None:
            session.tasks.run(session, allow_again)

        def told(_row: RegistryRow) -> None:
            text = self.tr("{name} may not ask {host} any more.")
            session.offer_undo(text.format(name=name, host=host), undo)

        def revoke() -> RegistryRow:
            return app.registries.revoke(app.registries.get(registry_id), host)

        session.tasks.run(self, revoke, told)

    def _duplicate(self) -> None:
        if self._entry is not None:
            self._actions.duplicate(
                self._entry.row,
                lambda key: self._session.go(Destination("registries", key, "edit")),
            )

    # The check

    def check_now(self) -> None:
        """Check the registry as it is stored, or what is in the form while it is edited."""
        if self._entry is None or not self._session.is_ready:
            return
        if self.editor is not None:
            self.editor.check_now()
            return
        check = self._made_check()
        if check.is_running:
            return
        row, registries = self._entry.row, self._session.app.registries
        check.can_trust = row.default_id is None and self._session.writable

        def stages(control: Cancellable) -> Iterator[Check]:
            return registries.check_stored(row, control)

        check.start(stages)

    def _made_check(self) -> CheckView:
        if self._check is None:
            from desktop.ui.forms.checking import CheckView

            self._check = CheckView(self._session)
            self._check.trusted.connect(self._trust)
            # Above the facts: what was asked for is not searched for below them.
            self._column.insertWidget(1, self._check)
        return self._check

    def _trust(self, pem: str) -> None:
        """Go on in the form, where the certificate is put into its field."""
        self._begin(lambda editor: editor.trust(pem))

    # Editing

    def edit_now(self) -> None:
        """Turn the sheet into the form."""
        entry = self._entry
        signs_in = entry is not None and "needs-sign-in" in entry.conditions

        def focus(editor: EditPanel) -> None:
            (editor.focus_sign_in if signs_in else editor.focus_first)()

        if self.editor is not None:
            focus(self.editor)
        else:
            self._begin(focus)

    def _begin(self, then: Callable[[EditPanel], object]) -> None:
        entry, session = self._entry, self._session
        if entry is None or self._why_not(self._form(entry.row.type)):
            return
        app, registry_id = session.app, entry.row.id

        def ask() -> Beginning:
            from desktop.ui.forms.editing import Beginning

            row = app.registries.get(registry_id)
            form = app.plugins.describe(row.type)[1].form
            known = app.registries.editable(row)
            if row.code == "secret-missing":
                there = [key for key in known.secrets_present if app.vault.get(row, key)]
                known = replace(known, secrets_present=tuple(there))
            return Beginning(row, self._actions.place_of(row), form, known)

        def begun(beginning: Beginning) -> None:
            if registry_id not in self._editors:
                self._add_editor(beginning)
            self._show()
            then(self._editors[registry_id])

        session.tasks.run(self, ask, begun, self._failed)

    def _add_editor(self, beginning: Beginning) -> None:
        from desktop.ui.forms.editing import EditPanel

        registry_id = beginning.row.id
        panel = EditPanel(self._session, beginning)
        panel.saved.connect(lambda: self._ended(registry_id))
        panel.left.connect(lambda: self._ended(registry_id))
        self._editors[registry_id] = panel
        panel.hide()
        layout = self.layout()
        assert layout is not None
        layout.addWidget(panel)
        if self._check is not None:
            self._check.close_check()

    def _ended(self, registry_id: str) -> None:
        self._let_go(registry_id)
        if self._entry is not None and self._entry.row.id == registry_id:
            self._entry = self._session.one(registry_id) or self._entry
        self._show()
        self._edit_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _let_go(self, registry_id: str) -> None:
        panel = self._editors.pop(registry_id, None)
        if panel is not None:
            panel.hide()
            panel.deleteLater()

    def _failed(self, error: Exception) -> None:
        self._problem.show_problem(Problem.of(error))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._check is not None and self.editor is None:
            self._check.close_check()
        else:
            super().keyPressEvent(event)
