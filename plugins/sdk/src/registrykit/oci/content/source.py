"""Which part of an OCI registry is read, and as what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from registrykit.artifacts import ArtifactKind
from registrykit.formats.kinds import ARTIFACT, CHART, IMAGE, ZARF
from registrykit.formats.pack import PACK
from registrykit.oci.addresses import Address
from registrykit.urls import Credentials

if TYPE_CHECKING:
    from registrykit.http import Http
    from registrykit.oci.registry import Registry
    from registrykit.oci.sign_in import Renewable

Provider = Literal["any", "helm", "zarf", "pack"]

KINDS: tuple[ArtifactKind, ...] = (CHART, PACK, ZARF, IMAGE, ARTIFACT)
ARCHIVE = "spectro-packs/archive"
"""Where packs lie below a base content path."""

_OF_PROVIDERS: Mapping[str, ArtifactKind] = {"helm": CHART, "zarf": ZARF, "pack": PACK}
_SEGMENTS = tuple(ARCHIVE.split("/"))


@dataclass(frozen=True, slots=True)
class Source:
    """Which part of an OCI registry is read, and as what.

    `paths` and `repositories` lie below `address.base`. The repositories under every path are
    listed, and `repositories` are read besides; with those and no path nothing is listed. Without
    either it is everything there. `names` gives the repositories under a prefix, whole names both,
    where the registry has a better list than `/v2/_catalog`. `declared` gives the facts that the
    registry declares of what lies in a repository. Without `credentials` those of the client
    count.
    """

    address: Address
    provider: Provider = "any"
    paths: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    credentials: Credentials | Renewable | None = None
    names: Callable[[str], Iterable[str]] | None = None
    declared: Callable[[str], Mapping[str, Any]] | None = None

    def registry(self, http: Http) -> Registry:
        """Return the registry, the same one for as long as `http` is open: it is signed in once."""
        from registrykit.oci.registry import Registry

        key = ("oci", self.address)
        found = http.kept.get(key)
        if found is None:
            found = http.kept.setdefault(key, Registry(http, self.address, self.credentials))
        assert isinstance(found, Registry)
        return found

    def prefixes(self) -> tuple[str, ...]:
        """Return the whole names whose repositories are listed, empty for everything.

        There are none where `repositories` alone are read. Raises `BadConfig` for what no
        repository can be called.
        """
        if self.repositories and not self.paths:
            return ()
        below = ARCHIVE if self.provider == "pack" else ""
        paths = self.paths or ("",)
        return tuple(dict.fromkeys(self.address.repository(path, below) for path in paths))

    def entered(self) -> tuple[str, ...]:
        """Return the whole names of `repositories`."""
        names = (self.address.repository(name) for name in self.repositories)
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def kinds(self) -> tuple[ArtifactKind, ...]:
        """The kinds of what is listed."""
        return kinds(self.provider)

    def shows(self, kind: str) -> bool:
        """Say whether what is of this kind is listed."""
        return any(shown.id == kind for shown in self.kinds)


def kinds(provider: Provider) -> tuple[ArtifactKind, ...]:
    """Return the kinds of artifacts that a provider lists."""
    return KINDS if provider == "any" else (_OF_PROVIDERS[provider],)


def is_pack_place(repository: str) -> bool:
    """Say whether a repository lies where packs do: directly below `spectro-packs/archive`."""
    return tuple(repository.split("/")[-3:-1]) == _SEGMENTS


def misplaced(source: Source, path: str, names: Iterable[str] = ()) -> tuple[str, str] | None:
    """Return why there are no packs under a base content path, and what to do; None if unknown.

    `path` is one of `source.paths`, or empty; `names` are repositories that are somewhere else.
    """
    if source.provider != "pack":
        return None
    read = {other.strip().strip("/") for other in source.paths}
    parts = [part for part in path.split("/") if part]
    for doubled in (_SEGMENTS, _SEGMENTS[:1]):
        if tuple(parts[-len(doubled) :]) == doubled:
            base = "/".join(parts[: -len(doubled)])
            cure = f"Use `{base}`." if base else "Leave the base content path empty."
            return (
                f"the base content path ends in `{'/'.join(doubled)}`, so "
                f"`…/{'/'.join(doubled)}/{ARCHIVE}` was read.",
                f"Leave it out: `{base}` is read already." if base in read else cure,
            )
    start = f"{source.address.base}/" if source.address.base else ""
    there = {
        "/".join(name.removeprefix(start).split("/")[:-3])
        for name in names
        if name.startswith(start) and is_pack_place(name)
    }
    others = sorted(there - read)[:5]
    if not others:
        return None
    bases = [f"`{base}`" if base else "no base content path" for base in others]
    return (
        f"there is no `{source.address.repository(path, ARCHIVE)}`, but there are packs elsewhere.",
        f"Use {' or '.join(bases)}.",
    )
