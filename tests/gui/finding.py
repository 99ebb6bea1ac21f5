"""Finding a widget as a person names it: by what a screen reader says, or by its objectName."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QWidget

T = TypeVar("T")


def name_of(widget: QWidget) -> str:
    """Return what a screen reader says of a widget."""
    from PySide6.QtGui import QAccessible

    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface else ""


def find(under: QObject, kind: type[T], name: str = "") -> T:
    """Return the only visible widget of a kind with this accessible name, or objectName."""
    from PySide6.QtWidgets import QWidget

    found = [each for each in under.findChildren(QWidget) if isinstance(each, kind)]
    visible = [each for each in found if each.isVisible()]
    chosen = [each for each in visible if not name or name in (each.objectName(), name_of(each))]
    there = sorted(f"{each.objectName()}: {name_of(each)}" for each in visible)
    assert len(chosen) == 1, f"{len(chosen)} of {kind.__name__} are {name!r}; there are {there}"
    return chosen[0]
