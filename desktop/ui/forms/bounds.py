"""A form as the window can show it: of plugins that ask for too much, the beginning is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from desktop.ui.parts.text import visible
from registrykit.forms import Choice, FieldSpec, FormSpec, Problem

if TYPE_CHECKING:
    from registrykit.description import TypeDescription

MOST_FIELDS, LAST_FIELDS = 60, 12
"""Fields that are shown; where there are more, the last ones are those that every type has."""
MOST_CHOICES = 500
LONGEST_LABEL, LONGEST_CHOICE, LONGEST_HELP = 90, 120, 500
LONGEST_TITLE, LONGEST_SENTENCE = 60, 300


def bounded(form: FormSpec) -> FormSpec:
    """Return the form with as many fields, and as long texts, as can be read."""
    unique = {spec.name: spec for spec in reversed(form.fields)}
    there = [spec for name, spec in reversed(unique.items()) if name]
    if len(there) > MOST_FIELDS:
        there = [*there[: MOST_FIELDS - LAST_FIELDS], *there[-LAST_FIELDS:]]
    return FormSpec(tuple(bounded_field(spec) for spec in there))


def bounded_type(description: TypeDescription) -> TypeDescription:
    """Return a type with words that fit where they are shown; of its form `bounded` takes care."""
    return msgspec.structs.replace(
        description,
        title=line(description.title, LONGEST_TITLE) or description.id,
        summary=line(description.summary, LONGEST_SENTENCE),
        confirmation=line(description.confirmation, LONGEST_HELP),
    )


def bounded_problem(problem: Problem) -> Problem:
    """Return what a plugin says of a value, short enough to stand beside its field."""
    return Problem(
        problem.field,
        line(problem.message, LONGEST_SENTENCE),
        line(problem.remedy, LONGEST_SENTENCE),
    )


def line(text: str, longest: int) -> str:
    """Return a text of strangers on one line, with nothing invisible in it, shortened."""
    shown = visible(" ".join(text[: longest * 4].split()))
    return shown if len(shown) <= longest else f"{shown[: longest - 1].rstrip()}…"


def bounded_field(spec: FieldSpec) -> FieldSpec:
    """Return a field with words that fit, and a default that it can show."""
    choices = tuple(
        Choice(choice.value, line(choice.label, LONGEST_CHOICE) or line(choice.value, 40))
        for choice in spec.choices[:MOST_CHOICES]
    )
    return msgspec.structs.replace(
        spec,
        label=line(spec.label, LONGEST_LABEL) or line(spec.name, LONGEST_LABEL),
        help=line(spec.help, LONGEST_HELP),
        section=line(spec.section, LONGEST_TITLE),
        placeholder=line(spec.placeholder, LONGEST_CHOICE),
        choices=choices,
        default=_default(spec, choices),
    )


def _default(spec: FieldSpec, choices: Sequence[Choice]) -> Any:
    """Return what the field begins with; nothing where it is no value for a field of its kind."""
    value = spec.default
    if spec.kind == "choice":
        if len(choices) == 1:
            # Nobody is asked where there is nothing to choose.
            return choices[0].value
        return value if value in [choice.value for choice in choices] else None
    if spec.kind == "list":
        texts = isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)
        return list(value) if texts else []
    if spec.kind == "flag":
        return bool(value)
    if spec.kind == "number":
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    return value if isinstance(value, str) else None if value is None else ""


def is_asked(spec: FieldSpec) -> bool:
    """Say whether there is anything to decide in a field."""
    return spec.kind != "choice" or len(spec.choices) > 1
