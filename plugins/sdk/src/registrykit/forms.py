"""Forms: what a registry type asks the user for, as a pydantic model with a word on each field.

The same `FormSpec` is rendered by the window, the command line and the documentation. The set of
field kinds is closed, so that each has a hand-made widget; a field that fits none of them is an
error when the plugin is loaded, not when somebody opens the form.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

FieldKind = Literal["text", "multiline", "url", "secret", "choice", "flag", "number", "list", "pem"]

# What a plugin may ask for by name; the others follow from the Python type alone.
_TEXT_KINDS = frozenset({"text", "multiline", "url", "pem"})


@dataclass(frozen=True)
class Ui:
    """Say how a field is shown; goes into `Annotated[type, Ui(...)]`.

    `kind` chooses among the text kinds (`text`, `multiline`, `url`, `pem`). `show_if` names other
    fields and the values (one or a tuple) under which this field applies. `secret` marks text that
    belongs in the keyring although its type is not `SecretStr`.
    """

    label: str
    help: str = ""
    section: str = ""
    placeholder: str = ""
    kind: Literal["", "text", "multiline", "url", "pem"] = ""
    show_if: Mapping[str, Any] = field(default_factory=dict)
    choice_labels: Mapping[str, str] = field(default_factory=dict)
    secret: bool = False


class Choice(msgspec.Struct, frozen=True):
    value: str
    label: str


class FieldSpec(msgspec.Struct, frozen=True):
    """One field of a form, as data."""

    name: str
    kind: FieldKind
    label: str
    help: str = ""
    section: str = ""
    placeholder: str = ""
    required: bool = False
    secret: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    show_if: dict[str, tuple[Any, ...]] = {}

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Say whether the field is shown, given the values of the others."""
        return all(values.get(name) in allowed for name, allowed in self.show_if.items())


class FormSpec(msgspec.Struct, frozen=True):
    """The fields of a registry type in the order in which they are asked."""

    fields: tuple[FieldSpec, ...] = ()

    def field(self, name: str) -> FieldSpec | None:
        return next((spec for spec in self.fields if spec.name == name), None)

    def login(self, username: str, password: str) -> dict[str, str]:
        """Return the values that sign in with these; {} where the form has other fields for that.

        The fields are those that `RegistryType.credentials` reads unless a type says otherwise.
        """
        auth, user, secret = (self.field(name) for name in ("auth", "username", "password"))
        if auth is None or user is None or secret is None or not secret.secret:
            return {}
        if "basic" not in [choice.value for choice in auth.choices]:
            return {}
        return {"auth": "basic", "username": username, "password": password}

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(spec.name for spec in self.fields if spec.secret)

    @property
    def defaults(self) -> dict[str, Any]:
        return {spec.name: spec.default for spec in self.fields}


class Problem(msgspec.Struct, frozen=True):
    """Something wrong with what was entered; `field` is empty where it concerns several."""

    field: str
    message: str
    remedy: str = ""


def compile_form(model: type[BaseModel]) -> FormSpec:
    """Return the form of a pydantic model.

    A type's own fields come first, then those that every type has. Raises TypeError naming the
    field that has no `Ui`, fits no field kind, or depends on a field or choice that is not there.
    """
    from registrykit.registry import RegistryConfig

    shared = RegistryConfig.model_fields
    ordered = sorted(model.model_fields.items(), key=lambda entry: entry[0] in shared)
    form = FormSpec(tuple(_field_spec(name, info) for name, info in ordered))
    for spec in form.fields:
        for other, values in spec.show_if.items():
            _check_condition(spec.name, form.field(other), other, values)
    return form


def _check_condition(name: str, on: FieldSpec | None, other: str, values: tuple[Any, ...]) -> None:
    if on is None:
        raise TypeError(f"field {name!r} is shown by a field {other!r}, which does not exist")
    known = [choice.value for choice in on.choices]
    unknown = [value for value in values if known and value not in known]
    if unknown:
        raise TypeError(
            f"field {name!r} is shown if {other!r} is {unknown[0]!r}, which is none of its choices"
        )


def _field_spec(name: str, info: FieldInfo) -> FieldSpec:
    ui = next((entry for entry in info.metadata if isinstance(entry, Ui)), None)
    if ui is None:
        raise TypeError(f"field {name!r} has no Ui(...): annotate it with Annotated[type, Ui(...)]")
    kind, choices, secret = _kind_of(name, info.annotation, ui)
    default: Any = None
    if not info.is_required():
        default = info.get_default(call_default_factory=True)
        if secret:
            default = None
        elif isinstance(default, (tuple, set, frozenset)):
            default = list(default)
    return FieldSpec(
        name=name,
        kind=kind,
        label=ui.label,
        help=ui.help,
        section=ui.section,
        placeholder=ui.placeholder,
        required=info.is_required(),
        secret=secret,
        default=default,
        choices=tuple(Choice(c, ui.choice_labels.get(c, c)) for c in choices),
        show_if={
            other: value if isinstance(value, tuple) else (value,)
            for other, value in ui.show_if.items()
        },
    )


def _kind_of(name: str, annotation: Any, ui: Ui) -> tuple[FieldKind, tuple[str, ...], bool]:
    from pydantic import SecretStr

    plain = _without_none(annotation)
    origin = typing.get_origin(plain)
    if plain is SecretStr:
        return "secret", (), True
    if origin is Literal:
        choices = typing.get_args(plain)
        if all(isinstance(choice, str) for choice in choices):
            return "choice", choices, False
    elif plain is bool:
        return "flag", (), False
    elif plain is int:
        return "number", (), False
    elif plain is str:
        kind: FieldKind = ui.kind if ui.kind in _TEXT_KINDS else "text"  # type: ignore[assignment]
        return ("secret" if ui.secret and kind == "text" else kind), (), ui.secret
    elif origin in (list, tuple) and typing.get_args(plain)[:1] == (str,):
        return "list", (), False
    raise TypeError(
        f"field {name!r} has the type {annotation!r}, which no field of a form can hold: "
        "use str, SecretStr, bool, int, Literal of texts, or list[str]"
    )


def _without_none(annotation: Any) -> Any:
    """Return X for `X | None`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return annotation
