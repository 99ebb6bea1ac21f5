"""Where in the window somebody is, or wants to go; kept for back and forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PageName = Literal["home", "registries", "catalog", "changes", "settings"]


@dataclass(frozen=True)
class Destination:
    """A page and what it shows; empty fields leave that to the page.

    `tab` is overview, contents, changes or connection of a registry, or a section of the settings;
    with review, edit or check one arrives at a registry and that is begun at once.
    `artifact` and `version` are row ids; `adding` opens the form for a new registry, `text` is
    what the search field or that form's URL begins with, or the id of a tenant in the settings.
    """

    page: PageName
    registry: str = ""
    tab: str = ""
    artifact: int = 0
    version: int = 0
    text: str = ""
    adding: bool = False
