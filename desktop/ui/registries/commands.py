"""What can be done with the registries that are chosen: one list for menus, buttons and keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from desktop.paths import default_data_dir
from desktop.store import registries as stored
from desktop.store.values import RegistryRow
from desktop.ui.actions import RegistryActions
from desktop.ui.icons import icon
from desktop.ui.session import Listed, Session


@dataclass(frozen=True)
class Command:
    """`why_not` says why it cannot be done now, empty where it can; `keys` are for the menu."""

    name: str
    text: str
    symbol: str
    act: Callable[[], object]
    why_not: str = ""
    keys: str = ""


class RegistryCommands(QObject):
    """Makes commands for registries; `None` in a list of them is a line between two parts."""

    def __init__(
        self, session: Session, show: Callable[[str, str], object], parent: QObject
    ) -> None:
        """`show` leads to a registry (its id) and a tab of it, or to `check` or `edit` there."""
        super().__init__(parent)
        self._session = session
        self._show = show
        self.actions = RegistryActions(session)

    # Lists of commands

    def for_menu(self, chosen: Sequence[Listed]) -> list[Command | None]:
        """Return everything that can be done with one registry or with several."""
        if len(chosen) != 1:
            return [*self.for_several(chosen), None, *self._copies(chosen)]
        (one,) = chosen
        return [
            *self._runs(one),
            None,
            *self._definition(one),
            None,
            *self._copies(chosen),
            None,
            *self._comings_and_goings(chosen),
        ]

    def for_several(self, chosen: Sequence[Listed]) -> list[Command | None]:
        """Return what can be done with several registries at once; counts stand in the words."""
        idle = [entry for entry in chosen if entry.activity == "idle"]
        busy = [entry for entry in chosen if entry.activity != "idle"]
        commands: list[Command | None] = []
        if idle or not busy:
            commands.append(self.sync(idle))
        if busy:
            commands.append(self.cancel(busy))
        return [*commands, None, *self._comings_and_goings(chosen)]

    def _runs(self, one: Listed) -> list[Command]:
        if one.activity != "idle":
            return [self.cancel([one]), self.restart([one])]
        return [self.sync([one]), self.read_anew([one])]

    def _definition(self, one: Listed) -> list[Command]:
        found = [self.check(one), self.edit(one), self.duplicate(one)]
        return [self.review(one), *found] if one.row.last_outcome == "held" else found

    def _comings_and_goings(self, chosen: Sequence[Listed]) -> list[Command]:
        shown = [entry for entry in chosen if not entry.row.hidden]
        hidden = [entry for entry in chosen if entry.row.hidden]
        found = [self.hide(shown)] if shown else []
        if hidden:
            found.append(self.unhide(hidden))
        return [*found, self.remove(chosen)]

    def _copies(self, chosen: Sequence[Listed]) -> list[Command]:
        return [self.copy_name(chosen), self.copy_url(chosen), self.copy_command(chosen)]

    # Synchronizing

    def sync(self, chosen: Sequence[Listed]) -> Command:
        text = _counted(self.tr("Synchronize"), chosen)
        return self._run("sync", text, "sync", chosen, self.actions.sync, keys="F5")

    def read_anew(self, chosen: Sequence[Listed]) -> Command:
        """Synchronize without what is remembered of earlier runs."""
        return self._run(
            "sync-full",
            _counted(self.tr("Read everything anew"), chosen),
            "download",
            chosen,
            lambda rows: self.actions.sync(rows, full=True),
        )

    def restart(self, chosen: Sequence[Listed]) -> Command:
        text = _counted(self.tr("Restart"), chosen)
        return self._run("restart", text, "restart", chosen, self.actions.restart)

    def cancel(self, chosen: Sequence[Listed]) -> Command:
        text = _counted(self.tr("Cancel"), chosen)
        return Command(
            "cancel", text, "cancel", _with_rows(chosen, self.actions.cancel), self._locked()
        )

    def _run(
        self,
        name: str,
        text: str,
        symbol: str,
        chosen: Sequence[Listed],
        act: Callable[..., object],
        *,
        keys: str = "",
    ) -> Command:
        why_not = self._locked(network=True) or self._unusable(chosen)
        return Command(name, text, symbol, _with_rows(chosen, act), why_not, keys)

    # Its definition

    def review(self, one: Listed) -> Command:
        return Command("review", self.tr("Review…"), "held", self._leading(one, "review"))

    def check(self, one: Listed) -> Command:
        why_not = self._locked(network=True, writes=False) or self._unusable([one])
        text = self.tr("Check connection")
        return Command("check-connection", text, "activity", self._leading(one, "check"), why_not)

    def edit(self, one: Listed) -> Command:
        text, symbol = self.tr("Edit…"), "edit"
        if one.row.default_id is not None:
            # Of a default only the sign-in can be changed.
            text, symbol = self.tr("Sign in…"), "key"
        act, why_not = self._leading(one, "edit"), self._locked() or self._unusable([one])
        return Command("edit-registry", text, symbol, act, why_not, "F2")

    def duplicate(self, one: Listed) -> Command:
        def copied(registry_id: str) -> None:
            self._show(registry_id, "edit")

        own = one.row.default_id is None
        return Command(
            "duplicate",
            self.tr("Duplicate") if own else self.tr("Duplicate as my own"),
            "duplicate",
            lambda: self.actions.duplicate(one.row, copied),
            self._locked(),
        )

    # Coming and going

    def hide(self, chosen: Sequence[Listed]) -> Command:
        text = _counted(self.tr("Hide"), chosen)
        return Command(
            "hide", text, "eye-off", _with_rows(chosen, self.actions.hide), self._locked()
        )

    def unhide(self, chosen: Sequence[Listed]) -> Command:
        rows = [entry.row for entry in chosen]
        text = _counted(self.tr("Show in the list again"), chosen)
        act: Callable[[], object] = lambda: self.actions.hide(rows, False)  # noqa: E731
        return Command("unhide", text, "eye", act, self._locked())

    def remove(self, chosen: Sequence[Listed]) -> Command:
        own = [entry for entry in chosen if entry.row.default_id is None]
        why_not = self._locked()
        if not own and not why_not:
            why_not = self.tr("A default registry cannot be removed; hide it instead.")
        text = _counted(self.tr("Remove"), own if len(chosen) > 1 else chosen)
        return Command(
            "remove", text, "trash", _with_rows(own, self.actions.remove), why_not, "Del"
        )

    # Copying

    def copy_name(self, chosen: Sequence[Listed]) -> Command:
        text = "\n".join(entry.row.name for entry in chosen)
        title = self.tr("Copy name") if len(chosen) == 1 else self.tr("Copy names")
        return self._copy("copy-name", title, text)

    def copy_url(self, chosen: Sequence[Listed]) -> Command:
        text = "\n".join(entry.row.endpoint for entry in chosen)
        title = self.tr("Copy URL") if len(chosen) == 1 else self.tr("Copy URLs")
        return self._copy("copy-url", title, text)

    def copy_command(self, chosen: Sequence[Listed]) -> Command:
        text = command_line(self._session, [entry.row for entry in chosen])
        return self._copy("copy-command", self.tr("Copy as command"), text, "console")

    def _copy(self, name: str, title: str, text: str, symbol: str = "copy") -> Command:
        def copy() -> None:
            QGuiApplication.clipboard().setText(text)
            lines = text.count("\n") + 1
            said = self.tr("Copied {count} lines.") if lines > 1 else self.tr("Copied {text}")
            self._session.tell(said.format(count=lines, text=text))

        return Command(name, title, symbol, copy)

    # What all of them share

    def _leading(self, one: Listed, place: str) -> Callable[[], object]:
        return lambda: self._show(one.row.id, place)

    def _unusable(self, chosen: Sequence[Listed]) -> str:
        """Return why nothing can be done with registries of these types."""
        missing = {"plugin-missing", "disabled"}
        if chosen and all(missing & set(entry.conditions) for entry in chosen):
            return self.tr("The plugin for this type cannot be used.")
        return ""

    def _locked(self, *, network: bool = False, writes: bool = True) -> str:
        """Return why nothing can be changed now, or nothing reached; empty where it can."""
        session = self._session
        if not session.is_ready:
            return self.tr("The program is still starting.")
        if writes and not session.writable:
            return self.tr("Another Registry Desktop has this data open.")
        if network and session.app.network().offline:
            return self.tr("The network is switched off.")
        return ""


def fill(menu: QMenu, commands: Sequence[Command | None]) -> None:
    """Put commands into a menu; those that cannot be done say why in their tooltip."""
    menu.clear()
    menu.setToolTipsVisible(True)
    for command in commands:
        if command is None:
            menu.addSeparator()
            continue
        action = QAction(icon(command.symbol), command.text, menu)
        action.setObjectName(command.name)
        if command.keys:
            # Shown beside the words; the list and the window listen to the keys themselves.
            action.setShortcut(QKeySequence(command.keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setShortcutVisibleInContextMenu(True)
        action.setEnabled(not command.why_not)
        action.setToolTip(command.why_not)
        action.triggered.connect(lambda _checked=False, act=command.act: act())
        menu.addAction(action)


def command_line(session: Session, rows: Sequence[RegistryRow]) -> str:
    """Return the command that synchronizes registries, as a shell of this system reads it."""
    words = ["registry-desktop"]
    if session.data_dir != default_data_dir():
        words += ["--data-dir", str(session.data_dir)]
    named = [row.name.casefold() for row in stored.registries(session.db)] if session.db else []
    words += ["sync"]
    words += [row.id if named.count(row.name.casefold()) > 1 else row.name for row in rows]
    if sys.platform == "win32":
        from subprocess import list2cmdline

        return list2cmdline(words)
    import shlex

    return shlex.join(words)


def _with_rows(chosen: Sequence[Listed], act: Callable[..., object]) -> Callable[[], object]:
    rows = [entry.row for entry in chosen]
    return lambda: act(rows)


def _counted(text: str, chosen: Sequence[Listed]) -> str:
    return text if len(chosen) == 1 else f"{text} {len(chosen)}"
