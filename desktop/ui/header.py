"""The top of the window: where we look, the search, what runs, what needs attention."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QMenu, QPushButton

from desktop.engine import words
from desktop.ui.icons import icon
from desktop.ui.parts.buttons import menu_button
from desktop.ui.session import Session
from desktop.ui.sheet import styled


class Header(QFrame):
    """Environment and tenant are shown only where there is more than one of them."""

    searched = Signal(str)
    """The search was typed into."""
    entered = Signal()
    """Somebody wants to go from the search into what it found."""
    attention_asked = Signal()
    jobs_asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        styled(self, "header")
        self.setFixedHeight(52)
        self._session = session
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 8, 16, 8)
        line.setSpacing(10)
        self._view_menu = QMenu(self)
        self.view = menu_button("", self._view_menu, symbol="environment")
        self.view.setAccessibleName("Environment and tenant")
        self.view.hide()
        self.search = QLineEdit()
        styled(self.search, "search")
        self.search.setPlaceholderText("Search charts, packs, packages…   Ctrl+K")
        self.search.setAccessibleName("Search everything")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setMinimumWidth(280)
        self.search.setMaximumWidth(520)
        self.search.textEdited.connect(self.searched)
        self.search.returnPressed.connect(self.entered)
        down = QShortcut(QKeySequence(Qt.Key.Key_Down), self.search)
        down.setContext(Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self.entered)
        shortcut = QShortcut(QKeySequence("Ctrl+K"), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(self._focus_search)
        self.jobs = QPushButton("")
        self.jobs.setIcon(icon("sync", "busy"))
        self.jobs.setAutoDefault(False)
        self.jobs.clicked.connect(lambda: self.jobs_asked.emit())
        self.jobs.hide()
        self.attention = QPushButton("")
        self.attention.setIcon(icon("warning", "attention"))
        self.attention.setAutoDefault(False)
        self.attention.clicked.connect(lambda: self.attention_asked.emit())
        self.attention.hide()
        line.addWidget(self.view)
        line.addWidget(self.search, 8)
        line.addStretch(1)
        line.addWidget(self.jobs)
        line.addWidget(self.attention)

    def _focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def show_counts(self, busy: int, attention: int) -> None:
        """Say how many registries synchronize and how many need attention."""
        self.jobs.setText(f"{busy} syncing")
        self.jobs.setAccessibleName(f"{words.counted(busy, 'registry', 'registries')} syncing")
        self.jobs.setToolTip("What runs now")
        self.jobs.setVisible(busy > 0)
        self.attention.setText(str(attention))
        needs = "needs" if attention == 1 else "need"
        said = f"{words.counted(attention, 'registry', 'registries')} {needs} attention"
        self.attention.setAccessibleName(said)
        self.attention.setToolTip(said)
        self.attention.setVisible(attention > 0)

    def show_view(self) -> None:
        """Show environment and tenant, with the others as a menu."""
        session = self._session
        if not session.is_ready or session.environment is None:
            return
        environments = session.app.environments.all()
        pairs = [(env, session.app.environments.tenants(env)) for env in environments]
        several = len(environments) > 1 or any(len(tenants) > 1 for _, tenants in pairs)
        self.view.setVisible(several)
        self._view_menu.clear()
        for environment, tenants in pairs:
            for tenant in (None, *tenants) if len(tenants) > 1 else tenants:
                text = environment.name if tenant is None else f"{environment.name} · {tenant.name}"
                if len(tenants) == 1:
                    text = environment.name
                elif tenant is None:
                    text += " · all tenants"
                action = QAction(text, self._view_menu)
                action.setCheckable(True)
                here = environment.id == session.environment.id and tenant == session.tenant
                action.setChecked(here)
                if here:
                    self.view.setText(f"{text}  ▾")
                action.triggered.connect(
                    lambda _=False, e=environment, t=tenant: session.look_at(e, t)
                )
                self._view_menu.addAction(action)
