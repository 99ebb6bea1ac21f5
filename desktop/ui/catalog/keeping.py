"""What the catalog's list keeps from one start to the next: its order, filters and widths."""

from __future__ import annotations

import json
from typing import Any, get_args

from PySide6.QtCore import QSettings

from desktop.store.browse import Sort

KEPT = "catalog/list"


def kept(prefs: QSettings) -> dict[str, Any]:
    """Return what was kept; nothing where it cannot be read."""
    try:
        found = json.loads(str(prefs.value(KEPT, "{}")))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def keep(prefs: QSettings, **parts: Any) -> None:
    """Keep these parts, and those that were kept before."""
    prefs.setValue(KEPT, json.dumps({**kept(prefs), **parts}))


def order(found: object) -> tuple[Sort, str, bool]:
    """Return by what rows were sorted, or else the order of relevance."""
    if isinstance(found, list) and len(found) == 3 and found[0] in get_args(Sort):
        return found[0], str(found[1]), found[2] is True
    return "relevance", "", False


def widths(found: object) -> dict[str, int]:
    """Return the widths of columns in pixels, by their keys."""
    entries = found.items() if isinstance(found, dict) else ()
    return {key: width for key, width in entries if type(width) is int and 0 < width < 4000}


def texts(found: object) -> list[str]:
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
