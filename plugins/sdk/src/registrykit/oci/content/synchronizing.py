"""Synchronizing: the list of repositories, then the tags of each, then what has changed of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registrykit.artifacts import lies_under
from registrykit.errors import NotAllowed, NotFound, RegistryError
from registrykit.events import Complete, Note, Progress, Ref, Skip, SyncEvent
from registrykit.oci.content.look import Look
from registrykit.oci.content.repository import outcomes, places
from registrykit.oci.content.source import KINDS, Source, is_pack_place, misplaced
from registrykit.oci.names import is_repository

if TYPE_CHECKING:
    from registrykit.sync import Context

_NO_LIST = frozenset(("no-catalog", "catalog-not-allowed"))
_NOT_LISTED = "the registry does not list what it has, so this may be there or not: it is kept"


def listing(ctx: Context[Any], source: Source) -> Iterator[SyncEvent]:
    """Yield what the source holds now, repository by repository."""
    if ctx.completed(""):
        return
    look = Look(ctx.http, source)
    listed = _listed(look)
    yield from listed.remarks
    unseen = [] if listed.whole else _below(ctx, set(source.entered()))
    # Before a prefix is complete, for it would vouch for them.
    yield from (Skip(Ref(path), _NOT_LISTED) for path in unseen)
    found = places(listed.names, source.entered(), unseen)
    yield Progress(0, len(found), "repositories")
    step = max(1, len(found) // 100)
    refused: list[RegistryError] = []
    passed: Counter[str] = Counter()
    shown: set[str] = set()
    read = outcomes(ctx, look, found)
    for done, (place, outcome) in enumerate(zip(found, read, strict=True), start=1):
        yield from outcome.events
        refused += [outcome.error] if outcome.error else []
        passed += outcome.passed
        shown |= {place.name} if outcome.shown else set()
        if done % step == 0:
            yield Progress(done, len(found), "repositories")
    if refused and len(refused) == len(found):
        raise refused[0]
    yield from _advice(source, listed, shown)
    if passed:
        yield Note("passed-over", _passed_over(source, passed))
    if listed.whole:
        yield Complete("")


@dataclass(frozen=True, slots=True)
class _Listed:
    """The repositories below the prefixes of a source; `others` are more that came along.

    `whole` says that nothing is there that is not among them.
    """

    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    remarks: tuple[SyncEvent, ...] = ()
    whole: bool = True


def _listed(look: Look) -> _Listed:
    source, registry = look.source, look.registry
    prefixes = source.prefixes()
    if not prefixes:
        return _Listed()
    if source.names is not None:
        given = [name for prefix in prefixes for name in source.names(prefix)]
        return _sorted_out(source, prefixes, [name for name in given if is_repository(name)])
    try:
        catalog = registry.catalog(source.address.base)
    except (NotAllowed, NotFound) as error:
        if error.code not in _NO_LIST:
            raise
        if not source.repositories:
            raise
        remark = Note(error.code, f"{error} Only the repositories that were entered were read.")
        return _Listed(remarks=(remark,), whole=False)
    found = _sorted_out(source, prefixes, catalog.names)
    remarks = tuple(
        Skip(Ref(name.strip("/") or "(no name)"), "the registry lists a name that none can have")
        for name in catalog.unusable
        if any(lies_under(name, prefix) for prefix in prefixes)
    )
    return _Listed(found.names, found.others, remarks)


def _below(ctx: Context[Any], names: set[str]) -> list[str]:
    """Return the paths that are stored below those of these names."""
    stored = {known.path for name in names for known in ctx.known(name)}
    return sorted(stored - names)


def _sorted_out(
    source: Source, prefixes: tuple[str, ...], names: tuple[str, ...] | list[str]
) -> _Listed:
    mine: list[str] = []
    others: list[str] = []
    for name in names:
        (mine if _is_wanted(source, prefixes, name) else others).append(name)
    return _Listed(tuple(mine), tuple(others) if source.provider == "pack" else ())


def _is_wanted(source: Source, prefixes: tuple[str, ...], name: str) -> bool:
    if source.provider == "pack":
        return name.rpartition("/")[0] in prefixes
    return any(lies_under(name, prefix) for prefix in prefixes)


def _advice(source: Source, listed: _Listed, shown: set[str]) -> Iterator[Note]:
    """Yield what is probably wrong with a base content path that has no packs."""
    if source.provider != "pack":
        return
    for path in source.paths or ("",) if source.prefixes() else ():
        prefix = Source(source.address, "pack", (path,)).prefixes()[0]
        if any(name.rpartition("/")[0] == prefix for name in shown):
            continue
        places = [name for name in listed.others if is_pack_place(name)]
        if told := misplaced(source, path, places):
            why, cure = told
            held = f"no packs under {prefix}" if shown else "0 packs"
            yield Note("no-packs", f"Synchronized, {held}: {why} {cure}")


def _passed_over(source: Source, passed: Counter[str]) -> str:
    parts = [f"{kind.plural} ({passed[kind.id]:,})" for kind in KINDS if passed[kind.id]]
    return f"{source.kinds[0].plural} alone are listed here. Passed over: {', '.join(parts)}."
