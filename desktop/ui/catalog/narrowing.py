"""What the catalog is narrowed by: kinds, registries, values of columns, and switches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.store.browse import Facets
from desktop.ui.catalog.chips import Chip
from desktop.ui.catalog.columns import one_line
from desktop.ui.catalog.facets import Choice, FacetButton
from desktop.ui.catalog.keeping import texts
from desktop.ui.catalog.kinds import in_words
from desktop.ui.parts.buttons import button
from desktop.ui.parts.flow import FlowLayout

MOST_FACETS = 12


class FacetRow(QWidget):
    """All facets; `changed` tells that something else is wanted."""

    changed = Signal()

    def __init__(self, *, of_one: bool = False) -> None:
        """`of_one` says that there is only one registry, so that nobody chooses among them."""
        super().__init__()
        self.kinds = FacetButton("facet-kind", self.tr("Kind"), self.tr("Kinds"))
        self.registries = FacetButton("facet-registry", self.tr("Registry"), self.tr("Registries"))
        self.values: dict[str, FacetButton] = {}
        """By the keys of their columns."""
        tell: Callable[[bool], None] = lambda _on: self.changed.emit()  # noqa: E731
        self.deprecated = Chip("deprecated", self.tr("Deprecated"), tell)
        self.previews = Chip("pre-releases", self.tr("Pre-releases"), tell)
        self.every = Chip("every-version", self.tr("Every version"), tell)
        self.every.show_count(None)
        self.clear = button(self.tr("Clear filters"), self._clear, kind="link")
        self.clear.setObjectName("clear-filters")
        self._line = FlowLayout(self)
        self._line.setContentsMargins(22 if of_one else 12, 10, 12, 4)
        self._switches = (self.deprecated, self.previews, self.every)
        for part in (self.kinds, self.registries, *self._switches, self.clear):
            self._line.addWidget(part)
        # More than one tick in a moment is one question to the store.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.changed)
        self.kinds.changed.connect(self._soon.start)
        self.registries.changed.connect(self._soon.start)
        self.clear.hide()

    @property
    def _buttons(self) -> tuple[FacetButton, ...]:
        return (self.kinds, self.registries, *self.values.values())

    @property
    def narrowed(self) -> bool:
        """Whether something is left out that the search would show."""
        return any(facet.chosen for facet in self._buttons)

    @property
    def chosen_values(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What was chosen of the columns, as a `Filter` wants it."""
        return tuple(
            (key, tuple(sorted(facet.chosen)))
            for key, facet in sorted(self.values.items())
            if facet.chosen
        )

    def forget(self) -> None:
        """Have nothing chosen, without telling that somebody did."""
        for facet in self._buttons:
            facet.choose(set())
        for switch in self._switches:
            switch.put(False)

    @property
    def state(self) -> dict[str, Any]:
        """What is chosen and switched on, for the next start."""
        values = {k: [f.title, *sorted(f.chosen)] for k, f in self.values.items() if f.chosen}
        return {
            "kinds": sorted(self.kinds.chosen),
            "registries": sorted(self.registries.chosen),
            "values": values,
            "switches": [each.objectName() for each in self._switches if each.isChecked()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Choose what was chosen at the last start, as far as that can be read."""
        self.kinds.choose(set(texts(state.get("kinds"))))
        self.registries.choose(set(texts(state.get("registries"))))
        values = state.get("values")
        for key, found in values.items() if isinstance(values, dict) else ():
            if chosen := texts(found)[1:]:
                self._make({key: texts(found)[0]})
                self.values[key].choose(set(chosen))
        for switch in self._switches:
            switch.put(switch.objectName() in texts(state.get("switches")))
            switch.show_count(None if switch is self.every else 0)
        self.clear.setVisible(self.narrowed)

    def show_facets(
        self,
        found: Facets,
        kinds: Mapping[str, str],
        names: Mapping[str, str],
        columns: Mapping[str, str],
    ) -> None:
        """Show what there is; `kinds`, `names` and `columns` are titles by what they are of.

        Columns that are not among these, as those of other kinds, are not offered.
        """
        _fill(self.kinds, found.kinds, lambda key: kinds.get(key, key.capitalize()))
        _fill(self.registries, found.registries, lambda key: names.get(key, key))
        self._make(columns)
        for key, facet in self.values.items():
            there = found.values.get(key, {}) if key in columns else {}
            _fill(facet, there, lambda value, key=key: in_words(key, value))  # type: ignore[misc]
        self.deprecated.show_count(found.deprecated)
        self.previews.show_count(found.prereleases)
        self.clear.setVisible(self.narrowed)

    def _make(self, columns: Mapping[str, str]) -> None:
        """Have a button for each of these columns, before the switches."""
        for key, title in columns.items():
            if key in self.values or len(self.values) >= MOST_FACETS:
                continue
            made = FacetButton(f"facet-{key}", one_line(title)[:40], "")
            made.setParent(self)
            made.changed.connect(self._soon.start)
            self._line.insert_widget(2 + len(self.values), made)
            self.values[key] = made

    def _clear(self) -> None:
        for facet in self._buttons:
            facet.choose(set())
        self.changed.emit()


def _fill(facet: FacetButton, counts: Mapping[str, int], title: Callable[[str], str]) -> None:
    there: Collection[tuple[str, int]] = {**dict.fromkeys(facet.chosen, 0), **counts}.items()
    facet.show_choices(
        [
            Choice(key, one_line(title(key)), count)
            for key, count in sorted(there, key=lambda pair: -pair[1])
        ]
    )
