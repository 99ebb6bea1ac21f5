"""What needs the user: one sentence for a registry, why, what to do, and which action does it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from desktop.engine import words
from desktop.engine.words import State
from desktop.store.values import RegistryRow, RunRow

Action = Literal["review", "sign-in", "check", "sync", "edit", "plugins", "none"]
"""What the button does; with `none` there is nothing to press."""

_EDIT = frozenset(
    "bad-config bad-url url-scheme url-userinfo url-port url-host host-not-approved bad-proxy"
    " bad-ca-certificate bad-client-certificate client-certificate unreadable-config".split()
)
_PLUGIN = frozenset({"plugin-fault", "worker-died", "no-answer", "garbage", "out-of-memory"})
_AGAIN = frozenset({"throttled", "busy", "broken-off", "truncated", "store-failed", "given-up"})


@dataclass(frozen=True)
class Attention:
    """Why a registry needs the user; `what` and `remedy` are sentences, `why` may be empty."""

    registry_id: str
    name: str
    what: str
    why: str
    remedy: str
    action: Action


@dataclass(frozen=True)
class Coming:
    """When a registry is synchronized next, in seconds since the epoch; the past means now."""

    registry_id: str
    name: str
    at: float


_Told = tuple[int, str, str, str, Action]
"""How bad it is (0 is worst), then what, why, what to do, and the action."""


def attention(
    rows: Sequence[RegistryRow],
    states: Mapping[str, State],
    conditions: Mapping[str, Collection[str]],
    runs: Mapping[str, RunRow],
    now: float,
    *,
    paused: bool = False,
) -> list[Attention]:
    """Return what needs the user, worst first; `runs` holds the last run of each registry."""
    found: list[tuple[int, Attention]] = []
    for row in rows:
        if not asks(row, states[row.id]):
            continue
        rank, *told = _told(row, conditions[row.id], runs.get(row.id), now, paused=paused)
        found.append((rank, Attention(row.id, row.name, *told)))  # type: ignore[arg-type]
    return [entry for _, entry in sorted(found, key=lambda ranked: ranked[0])]


def asks(row: RegistryRow, state: State) -> bool:
    """Say whether the registry needs the user; a default that nobody asked for never does."""
    unasked = row.default_id is not None and row.last_outcome == "never"
    return state.level in ("attention", "bad") and not unasked


def _told(
    row: RegistryRow,
    conditions: Collection[str],
    run: RunRow | None,
    now: float,
    *,
    paused: bool,
) -> _Told:
    """Say it in the order in which `words.state` chooses."""
    if "plugin-missing" in conditions:
        return (
            2,
            "Its plugin cannot be used.",
            f"No plugin that works offers registries of the type {row.type_title or row.type}.",
            "Install or repair the plugin. What was synchronized before stays readable.",
            "plugins",
        )
    if "disabled" in conditions:
        why, remedy = "You switched it off.", "Switch it on to synchronize again."
        return 4, "Its plugin is switched off.", why, remedy, "plugins"
    if row.last_outcome == "held":
        return _held(row)
    if "needs-sign-in" in conditions:
        return _sign_in(row, run)
    if row.last_outcome == "failed":
        what, why = (run.message, run.cause) if run else (row.message, "")
        what = what or "The synchronization failed."
        return 0, what, words.sentence(why), row.remedy, _action(row.code)
    if row.last_outcome in ("interrupted", "cancelled"):
        return _broken_off(row.last_outcome)
    if row.last_outcome == "partial":
        return _partial(row, run)
    when = words.duration(now - (row.last_success or now))
    why = "The schedule is paused." if paused else "The program was not open when it was due."
    return 6, f"It was not synchronized for {when}.", why, "Synchronize it now.", "sync"


def _held(row: RegistryRow) -> _Told:
    said = row.message.removeprefix("held:").strip() or "versions would vanish"
    return (
        3,
        f"{said[:1].upper()}{said[1:]}.",
        "The last synchronization no longer saw them. Nothing has been removed yet.",
        "Review what would vanish, then accept or discard it.",
        "review",
    )


def _sign_in(row: RegistryRow, run: RunRow | None) -> _Told:
    from desktop.engine import defaults

    default = defaults.by_key(row.default_id) if row.default_id else None
    why = default.access_note if default else ""
    remedy = "Enter the user name and the password or token."
    if row.last_outcome == "failed" and run is not None:
        why = f"{run.message} {words.sentence(run.cause)}".strip()
        if row.code == "secret-missing":
            # The error itself speaks of variables and commands, which a form needs not.
            why = f"{run.message} It is not in the keyring any more, or there is none here."
        else:
            remedy = row.remedy
    return 1, "A sign-in is needed.", why, remedy, "sign-in"


def _action(code: str) -> Action:
    """Return what helps with an error; looking closer does where nothing better is known."""
    code = code.removeprefix("proxy-")
    if code in _EDIT:
        return "edit"
    if code in _PLUGIN:
        return "plugins"
    if code in _AGAIN:
        return "sync"
    return "sign-in" if code == "not-allowed" else "check"


def _broken_off(outcome: str) -> _Told:
    if outcome == "cancelled":
        what, why = "The last synchronization was cancelled.", "You ended it before it was done."
        return 8, what, why, "Synchronize it again when you want to.", "sync"
    what, why = "The last synchronization was interrupted.", "The program ended while it ran."
    return 7, what, why, "Synchronize it again. What was stored before is still there.", "sync"


def _partial(row: RegistryRow, run: RunRow | None) -> _Told:
    if row.code == "removals-discarded":
        why = "What vanished upstream is kept here."
        remedy = "The next synchronization reads everything anew."
        return 5, "Removals were discarded.", why, remedy, "sync"
    gaps = run.skipped if run else 0
    if not gaps:
        why = row.message if row.code != "partial" else "The plugin did not say that it was done."
        return 5, "Not all of it was read.", why, "Synchronize it again.", "sync"
    return (
        5,
        f"{words.counted(gaps, 'entry', 'entries')} could not be read.",
        "What is stored of them was kept as it was.",
        "See under Changes what was left out, and why.",
        "none",
    )
