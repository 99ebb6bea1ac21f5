"""Names that people give and type: checked when given, looked up when typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from registrykit.errors import BadConfig

LONGEST = 200


class UnknownName(BadConfig):
    """A name means nothing, or more than one thing; the candidates are in the cause."""

    default_code = "unknown-name"
    default_remedy = "Use one of the names listed."


class Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def check_name(what: str, name: str, taken: Iterable[str]) -> None:
    """Raise BadConfig for a name that cannot be shown, is too long, or is taken."""
    if not name.strip() or name != name.strip():
        raise BadConfig(
            f"The {what} needs a name.",
            cause="it is empty or begins or ends with a space",
            remedy="Enter a name.",
        )
    if len(name) > LONGEST:
        raise BadConfig(
            f"The name of the {what} is too long.",
            cause=f"it has {len(name)} characters",
            remedy=f"Use at most {LONGEST}.",
        )
    odd = [c for c in name if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    if odd:
        raise BadConfig(
            f"The name of the {what} holds characters that cannot be seen.",
            cause=f"among them U+{ord(odd[0]):04X}",
            remedy="Leave them out.",
        )
    folded = unicodedata.normalize("NFKC", name).casefold()
    if any(unicodedata.normalize("NFKC", other).casefold() == folded for other in taken):
        raise BadConfig(
            f"There is already {'an' if what[0] in 'aeiou' else 'a'} {what} called {name}.",
            cause="upper and lower case do not tell names apart",
            remedy="Choose another name.",
            code="name-taken",
        )


def pick(what: str, name: str, candidates: Sequence[N]) -> N:
    """Return the candidate with this id or name; raises UnknownName with the candidates."""
    for same in (
        [row for row in candidates if row.id == name],
        [row for row in candidates if row.name == name],
        [row for row in candidates if row.name.casefold() == name.casefold()],
    ):
        if len(same) == 1:
            return same[0]
    raise UnknownName(
        f"There is no {what} called {name}.",
        cause="known: " + (", ".join(row.name for row in candidates) or "none"),
    )
