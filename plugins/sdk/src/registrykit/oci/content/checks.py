"""The connection check of a source: how much lies where it is read, and of what kind that is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from registrykit.artifacts import lies_under
from registrykit.checks import Outcome, Step, not_needed, warned
from registrykit.errors import BadAnswer, Cancelled, NotAllowed, NotFound, RegistryError
from registrykit.oci.checks import stages, without_list
from registrykit.oci.content.look import Look
from registrykit.oci.content.shapes import HELM_CONFIG, is_attached, only_file, pack_layer, shape_of
from registrykit.oci.content.source import ARCHIVE, Source, kinds, misplaced
from registrykit.oci.manifests import Image
from registrykit.versions import newest

if TYPE_CHECKING:
    from registrykit.http import Http

ENOUGH = 1000
"""How many repositories are counted; whether there are more, the synchronization will tell."""
_MOST_TRIED = 8
_MOST_TOLD = 3
_PLURALS = {"chart": "charts", "pack": "packs", "zarf": "Zarf packages"}
_WORDS = {
    "chart": "a chart",
    "pack": "a pack",
    "zarf": "a Zarf package",
    "image": "an image",
    "artifact": "an artifact of another kind",
}


def content_stages(http: Http, source: Source) -> list[tuple[str, Step]]:
    """Return the stages protocol, sign-in, listing and content of `registrykit.checks.run`."""
    look = _Check(http, source)
    first = stages(source.registry(http))
    return [*first, ("listing", look.listing), ("content", look.content)]


class _Check:
    """One look at a source; each stage goes on with what the one before has found."""

    def __init__(self, http: Http, source: Source) -> None:
        self._source = source
        self._registry = source.registry(http)
        self._look = Look(http, source)
        self._found = list(source.entered())

    def listing(self) -> Outcome:
        source = self._source
        entered = len(self._found)
        prefixes = source.prefixes()
        if not prefixes:
            return not_needed(f"{_some(entered, 'repository', 'repositories')} will be read.")
        counts, empty = [], []
        try:
            for prefix in prefixes:
                names = self._names(prefix)
                if source.provider == "pack":
                    names = [name for name in names if name.rpartition("/")[0] == prefix]
                self._found += names
                more = "at least " if len(names) >= ENOUGH else ""
                counts.append(f"{more}{len(names):,}" + (f" under {prefix}" if prefix else ""))
                if not names:
                    empty.append(prefix)
        except RegistryError as error:
            return without_list(error, entered=bool(entered))
        counted = (
            f"{'Packs' if source.provider == 'pack' else 'Repositories'}: {', '.join(counts)}."
        )
        if not empty:
            return counted
        message, remedy = self._missing(empty[0])
        code = "no-packs" if source.provider == "pack" else "no-repositories"
        return warned(
            f"{message} {counted}" if len(counts) > 1 else message, code=code, remedy=remedy
        )

    def content(self) -> Outcome:
        """Read some manifests; what is wrong here does not stop synchronizing."""
        if not self._found:
            return not_needed("There is no repository to read.")
        entered = self._source.entered()
        names = dict.fromkeys([*entered, *_here_and_there(self._found)])
        said: list[str] = []
        good = ""
        absent: NotFound | None = None
        try:
            for name in islice(names, _MOST_TRIED):
                if good and name not in entered:
                    break
                try:
                    kind, sentence = self._kind(name)
                except NotFound as error:  # listed, and without a tag; or entered by mistake
                    if name in entered:
                        return _mistaken(error)
                    absent = absent or error
                    continue
                if kind and self._source.shows(kind):
                    good = good or sentence
                said.append(sentence)
            if absent and not said:
                raise absent
            if good:
                return good
        except Cancelled:
            raise
        except RegistryError as error:
            message = f"{error} {error.cause}".strip()
            return warned(message, code=error.code, remedy=error.remedy)
        if self._source.provider == "any":
            return not_needed(" ".join(said[:_MOST_TOLD]))
        (wanted,) = kinds(self._source.provider)
        return warned(
            f"There are no {_PLURALS[wanted.id]} at first sight. {' '.join(said[:_MOST_TOLD])}",
            code="other-contents",
            remedy="Check the path, and what kind of contents the registry is said to have.",
        )

    def _names(self, under: str) -> list[str]:
        if self._source.names is not None:
            return list(islice(self._source.names(under), ENOUGH))
        return list(self._registry.catalog(under, enough=ENOUGH))

    def _missing(self, prefix: str) -> tuple[str, str]:
        """Return what is wrong with a path under which there is nothing, and what to do."""
        source = self._source
        look_there = "Check the path, and whether this account may see what is there."
        if source.provider != "pack":
            where = f" under {prefix}" if prefix else ""
            return f"There are no repositories{where}.", look_there
        base = source.address.base
        path = prefix.removesuffix(ARCHIVE).strip("/").removeprefix(base).strip("/")
        everything = self._names(base)
        if found := misplaced(source, path, everything):
            reason, remedy = found
            where = f" under {prefix}" if len(source.prefixes()) > 1 else ""
            return f"There are no packs{where}: {reason}", remedy
        here = source.address.repository(path)
        if name := self._pack_elsewhere(name for name in everything if lies_under(name, here)):
            return (
                f"There are no packs under {prefix}, but {name} looks like one.",
                f"Push packs to {prefix}/NAME:VERSION, where they are looked for.",
            )
        return f"There are no packs under {prefix}.", look_there

    def _pack_elsewhere(self, names: Iterable[str]) -> str:
        """Return the first of some repositories that holds what looks like a pack."""
        for name in islice(names, _MOST_TRIED):
            try:
                tags = self._registry.tags(name).names
                image = self._registry.manifest(name, tags[-1]).document if tags else None
            except (BadAnswer, NotFound, NotAllowed):
                continue
            if isinstance(image, Image) and _looks_like_pack(image):
                return name
        return ""

    def _kind(self, name: str) -> tuple[str, str]:
        """Return the kind of what has the newest tag, empty where there is none; and a sentence."""
        tags = [tag for tag in self._registry.tags(name) if not is_attached(tag)]
        if not tags:
            return "", f"{name} has no tags."
        # A tag cannot have a plus sign, for which Helm puts an underscore.
        meant = {tag.replace("_", "+"): tag for tag in tags}
        tag = meant[newest(meant)[0]]
        manifest = self._registry.manifest(name, tag)
        kind = shape_of(self._look, manifest).kind
        if kind == "pack" and isinstance(manifest.document, Image):
            pack_layer(manifest.document)
        if not kind:
            return "", f"{name}:{tag} is empty."
        return kind, f"{name} has {_some(len(tags), 'tag')}; {tag} is {_WORDS[kind]}."


def _mistaken(error: NotFound) -> Outcome:
    """Return the verdict on a repository that was entered and is not there."""
    return warned(
        f"{error} {error.cause}".strip(),
        code=error.code,
        remedy="Correct the path of this repository as the registry shows it, without the endpoint "
        "before it. If it is right, this account may not see the repository.",
    )


def _here_and_there(names: Iterable[str]) -> list[str]:
    """Return the names: the first of every folder, before all others."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    first = [held[0] for held in folders.values()]
    return [*first, *(name for held in folders.values() for name in held[1:])]


def _looks_like_pack(image: Image) -> bool:
    file = only_file(image)
    return (
        file is not None
        and file.title.endswith((".tar.gz", ".tgz"))
        and image.config.media_type != HELM_CONFIG
    )


def _some(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
