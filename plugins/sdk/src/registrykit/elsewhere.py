"""Registries that another tool on this machine knows, offered to the user to be taken over.

`RegistryType.elsewhere` yields them; it runs in a worker, is told the environment variables that
its type names and nothing else of the environment, and uses no network.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from registrykit.registry import RegistryType

MOST_KNOWN = 1000
"""More registries than these, of one type, the program does not take."""
LARGEST_KNOWN = 64 * 1024 * 1024
"""Nor more bytes than these, over all registries of one type."""

FormValue = str | bool | int | list[str]


class KnownElsewhere(msgspec.Struct, frozen=True, tag="elsewhere"):
    """A registry that another tool knows, in the fields of this type's form.

    `tool` is that tool's name and `file` where it keeps the registry, both as the user should read
    them; `name` is what the registry is called there. `secrets` holds the text of secret fields,
    `values` that of all others. `notes` are sentences on what could not be taken over. Without
    values the registry is named only, and cannot be taken over; without a name, too, the notes
    are on the whole file.
    """

    tool: str
    file: str
    name: str = ""
    values: dict[str, FormValue] = {}
    secrets: dict[str, str] = {}
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"KnownElsewhere({self.tool!r}, {self.file!r}, {self.name!r}, {self.values!r}, "
            f"secrets={sorted(self.secrets)}, notes={self.notes!r})"
        )


def known_elsewhere(
    registry_type: RegistryType[Any], environ: Mapping[str, str]
) -> Iterator[KnownElsewhere]:
    """Yield what the type yields; raises TypeError for anything else."""
    for known in registry_type.elsewhere(environ):
        if not isinstance(known, KnownElsewhere):
            raise TypeError(f"elsewhere() yielded {type(known).__name__}, expected KnownElsewhere")
        yield known


def told(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of `environ` that go by these names."""
    return {name: environ[name] for name in names if name in environ}


def read_file(path: str, at_most: int) -> bytes:
    """Return what a file holds; `at_most` is in bytes. Raises OSError, also where it is no file.

    A pipe or a device in its place is refused instead of being waited for.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except ValueError:
        raise OSError(errno.EINVAL, "no file can have this name", path) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no ordinary file", path)
    with open(descriptor, "rb") as file:  # noqa: PTH123
        content = file.read(at_most + 1)
    if len(content) > at_most:
        raise OSError(errno.EFBIG, f"it is larger than {at_most:,} bytes", path)
    return content
