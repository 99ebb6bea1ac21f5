"""In which groups and in which order the list shows registries; no Qt here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from desktop.engine import words
from desktop.engine.attention import asks
from desktop.ui.session import Listed

ATTENTION, OWN, SYSTEM, DEFAULTS, HIDDEN = "attention", "own", "system", "defaults", "hidden"
REMOVED = "removed"


@dataclass(frozen=True)
class Group:
    """A heading; `is_open` says whether its registries are shown below it."""

    key: str
    count: int
    is_open: bool
    tenant: str = ""
    """The name of the tenant whose registries these are; empty for all other groups."""


@dataclass(frozen=True)
class Way:
    """A last line that leads elsewhere."""

    key: str
    count: int


Entry = Group | Listed | Way


@dataclass(frozen=True)
class Wish:
    """How the user wants to see the list: what was typed, and which groups are not as usual.

    Groups are open, except the hidden registries; `turned` names those that are the other way.
    """

    text: str = ""
    turned: frozenset[str] = frozenset()

    def opens(self, group: str) -> bool:
        return (group == HIDDEN) == (group in self.turned)


def key_of(entry: Entry) -> str:
    """Return what an entry keeps while its words change."""
    return entry.row.id if isinstance(entry, Listed) else f"/{entry.key}"


def needs_attention(listed: Listed, now: float) -> bool:
    """Say whether the user is asked for something; what synchronizes stays as it was before.

    So a row does not travel through the list and back while it is busy.
    """
    if listed.activity == "idle":
        return asks(listed.row, listed.state)
    before = words.state(listed.row, "idle", listed.conditions, now)
    return asks(listed.row, before)


def matches(listed: Listed, title: str, text: str) -> bool:
    """Say whether every word of `text` stands in the name, endpoint, type or state."""
    row = listed.row
    said = f"{row.name} {row.endpoint} {title} {listed.state.text}".casefold()
    return all(word in said for word in text.casefold().split())


def arranged(
    listed: Iterable[Listed],
    wish: Wish,
    now: float,
    *,
    title: Callable[[Listed], str],
    tenants: Mapping[str, str],
    removed: int = 0,
) -> list[Entry]:
    """Return the entries of the list, top down.

    `title` gives a registry's type in words, `tenants` the names of tenants by id.
    """
    groups: dict[str, list[Listed]] = {}
    for entry in listed:
        if wish.text and not matches(entry, title(entry), wish.text):
            continue
        groups.setdefault(_group(entry, now), []).append(entry)
    own = [key for key in groups if key == SYSTEM or key in tenants]
    if len(own) == 1:
        # Where there is one scope, nobody needs to be told which.
        groups[OWN] = groups.pop(own[0])
    by_tenant = sorted((key for key in groups if key in tenants), key=lambda key: tenants[key])
    order = (ATTENTION, OWN, SYSTEM, *by_tenant, DEFAULTS, HIDDEN)
    entries: list[Entry] = []
    for key in order:
        if key not in groups:
            continue
        rows = sorted(groups[key], key=_alphabetical)
        is_open = wish.opens(key) or bool(wish.text and key != HIDDEN)
        entries.append(Group(key, len(rows), is_open, tenants.get(key, "")))
        if is_open:
            entries += rows
    if removed and not wish.text:
        entries.append(Way(REMOVED, removed))
    return entries


def headings(entry: Listed, now: float) -> frozenset[str]:
    """Return the keys of the groups that a registry may stand in now."""
    group = _group(entry, now)
    return frozenset({group} if group in (ATTENTION, DEFAULTS, HIDDEN) else {group, OWN})


def _group(entry: Listed, now: float) -> str:
    row = entry.row
    if row.hidden:
        return HIDDEN
    if needs_attention(entry, now):
        return ATTENTION
    if row.default_id is not None:
        return DEFAULTS
    return row.tenant_id or SYSTEM


def _alphabetical(entry: Listed) -> tuple[str, str]:
    return entry.row.name.casefold(), entry.row.id


def neighbor(entries: Sequence[Entry], gone: Collection[str], there: Collection[str]) -> str:
    """Return the registry to go on with when those in `gone` left the list; empty for none.

    `entries` is the list as it was, `there` are the registries that are still in it.
    """
    order = [entry.row.id for entry in entries if isinstance(entry, Listed)]
    places = [place for place, key in enumerate(order) if key in gone]
    if not places:
        return ""
    after = [key for key in order[places[-1] :] if key in there]
    before = [key for key in order[: places[0]] if key in there]
    return after[0] if after else before[-1] if before else ""
