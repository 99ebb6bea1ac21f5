"""A name for a registry, proposed from its address."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from registrykit.errors import BadConfig
from registrykit.forms import Problem

if TYPE_CHECKING:
    from desktop.engine.drafts import Place
    from desktop.engine.registries import Registries
    from registrykit.forms import FormSpec

_GENERAL = frozenset(
    "www api app charts chart repo repos repository repositories registry registries packages "
    "stable incubator public index archive download downloads v1 v2 latest main master "
    "spectro-packs".split()
)
"""Parts of addresses that tell nothing apart."""
_LONGEST = 60


def proposed_name(endpoint: str, taken: Collection[str], general: Collection[str] = ()) -> str:
    """Return a free name from the last telling part of an address; empty where there is none.

    `general` are more parts that tell nothing apart, such as the names of types.
    """
    try:
        url = urlsplit(endpoint)
        host = url.hostname or ""
    except ValueError:
        return ""
    if not host:
        return ""
    skipped = _GENERAL | {word.casefold() for word in general}
    folders = [part for part in unquote(url.path).split("/") if part and "." not in part]
    telling = [p for p in folders if p.casefold() not in skipped and p.isprintable()]
    name = telling[-1].strip() if telling else _of_host(host, skipped)
    return free_name(name[:_LONGEST], taken)


def chosen_name(form: FormSpec, values: Mapping[str, Any], taken: Collection[str]) -> str:
    """Return a free name from the choice that stands for an address; empty without one.

    Such a choice hides the field of the address while it is made.
    """
    for url in (spec for spec in form.fields if spec.kind == "url" and not spec.applies(values)):
        for name in url.show_if:
            choices = getattr(form.field(name), "choices", ())
            said = next((c.label for c in choices if c.value == values.get(name)), "")
            if said := re.sub(r"\s*\([^()]*\)$", "", said):
                return free_name(said[:_LONGEST], taken)
    return ""


def name_problem(
    registries: Registries, name: str, place: Place, besides: str = ""
) -> Problem | None:
    """Return what is wrong with a name at a place; `besides` is the registry that has it now."""
    try:
        registries.check_place(name, place, besides=besides)
    except BadConfig as error:
        return Problem("name", str(error), error.remedy)
    return None


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number behind it where it is taken."""
    used = {other.casefold() for other in taken}
    if name.casefold() not in used:
        return name
    return next(n for i in count(2) if (n := f"{name} {i}").casefold() not in used)


def _of_host(host: str, skipped: Collection[str]) -> str:
    labels = host.split(".")
    if ":" in host or re.fullmatch(r"[\d.]+", host) or len(labels) < 2:
        return host
    telling = [part for part in labels[:-1] if part not in skipped]
    # Of a name such as charts.example.co.uk the longest of the last two parts tells most.
    return max(telling[-2:], key=len) if telling else host
