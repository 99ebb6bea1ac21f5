"""What a person enters for a registry, checked by its type, on its way into the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desktop.engine.plugins import Plugin, Plugins
from desktop.store.values import EnvironmentRow, RegistryRow, TenantRow
from registrykit.errors import BadConfig, RegistryError
from registrykit.forms import FormSpec, Problem
from registrykit.urls import Origin

if TYPE_CHECKING:
    from registrykit.description import TypeDescription
    from registrykit.registry import RegistryConfig, RegistryType


_ABSENT = "not at hand"
_EXPECTED = {
    "number": "has to be a whole number.",
    "flag": "has to be on or off.",
    "list": "has to be a list of texts.",
}


@dataclass(frozen=True)
class Place:
    """Where a registry belongs: the system console of an environment, or one of its tenants."""

    environment: EnvironmentRow
    tenant: TenantRow | None

    @property
    def scope(self) -> str:
        return "tenant" if self.tenant else "system"


def check_offer(kind: TypeDescription, place: Place, *, confirmed: bool) -> None:
    """Raise BadConfig where a registry of a type cannot be added: not there, or not just so.

    A type may want its `confirmation` confirmed first (code `confirmation-needed`).
    """
    edition = place.environment.edition
    if edition not in kind.editions:
        raise BadConfig(
            f"The environment {place.environment.name} cannot have registries of the type "
            f"{kind.title}.",
            cause=f"its edition is {edition}, the type is for {' and '.join(kind.editions)}",
            remedy="Choose another environment, or change its edition (env edit).",
            code="not-in-edition",
        )
    if kind.confirmation and not confirmed:
        raise BadConfig(
            "Nothing was added: this needs your confirmation.",
            cause=f"{kind.confirmation} The confirmation is recorded.",
            remedy="If that is what you want, repeat the command with --confirm.",
            code="confirmation-needed",
        )


@dataclass(frozen=True)
class Draft:
    """A configuration that was entered and is valid, on its way into the store."""

    plugin: Plugin
    type: RegistryType[Any] = field(repr=False)
    values: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    endpoint: str
    origins: frozenset[Origin]
    identity: str
    automatic: bool

    @property
    def config(self) -> dict[str, Any]:
        """The values with their secrets, as a worker needs them; never stored or logged."""
        return {**self.values, **self.secrets}


@dataclass(frozen=True)
class Judged:
    """What is to be said of a configuration while it is being entered.

    `problems` come in the order of the form's fields, those of the whole form first; without any
    the configuration can be added. `endpoint` is the address that lists will show, empty while it
    is not known. `same_as` is a registry of the same place that is this one in another spelling.
    """

    problems: tuple[Problem, ...]
    endpoint: str = ""
    identity: str = ""
    same_as: RegistryRow | None = None


@dataclass(frozen=True)
class _Examined:
    """What was entered, as its type reads it; `config` is None where the model refuses it.

    Where the model refuses single fields that have a default, `config` has those instead.
    """

    plugin: Plugin
    type: RegistryType[Any]
    form: FormSpec
    config: RegistryConfig | None
    problems: tuple[Problem, ...]


def make_draft(
    plugins: Plugins,
    type_id: str,
    values: Mapping[str, Any],
    given: Mapping[str, str],
    elsewhere: Collection[str] = (),
) -> Draft:
    """Check what was entered; `given` holds the secrets. Raises BadConfig naming the fields.

    `elsewhere` names secrets that the registry has but that are not at hand now.
    """
    plugin, description = plugins.describe(type_id)
    _refuse_misplaced(description.title, description.form, values, given)
    examined = _examine(plugins, type_id, values, given, elsewhere)
    kind, config = examined.type, examined.config
    if config is None or examined.problems:
        raise _refusal(examined.problems)
    secret_names = examined.form.secrets
    plain = {
        name: value
        for name, value in config.model_dump(mode="json").items()
        if name not in secret_names
    }
    rule = plugins.call(plugin, lambda: kind.sync_rule(config))
    return Draft(
        plugin=plugin,
        type=kind,
        values=plain,
        secrets={name: value for name, value in given.items() if value},
        endpoint=plugins.call(plugin, lambda: kind.endpoint(config)),
        origins=plugins.call(plugin, lambda: kind.origins(config)),
        identity=plugins.call(plugin, lambda: kind.identity(config)),
        automatic=rule == "always" or plain.get("synchronization", True) is not False,
    )


def judge(
    plugins: Plugins,
    type_id: str,
    values: Mapping[str, Any],
    given: Mapping[str, str],
    elsewhere: Collection[str] = (),
) -> Judged:
    """Say everything that is wrong with what was entered so far; never raises for bad input.

    `elsewhere` names secrets that the registry has and that were not entered again.
    """
    try:
        examined = _examine(plugins, type_id, values, given, elsewhere)
        problems = examined.problems
        if examined.config is None or _url_is_wrong(examined.form, problems):
            return Judged(problems)
        kind, config, plugin = examined.type, examined.config, examined.plugin
        return Judged(
            problems,
            plugins.call(plugin, lambda: str(kind.endpoint(config))),
            plugins.call(plugin, lambda: str(kind.identity(config))),
        )
    except RegistryError as error:
        # No plugin, or one that fails: that concerns the form as a whole.
        return Judged((Problem("", f"{error} {error.cause}".strip(), error.remedy),))


def _url_is_wrong(form: FormSpec, problems: Collection[Problem]) -> bool:
    urls = {spec.name for spec in form.fields if spec.kind == "url"}
    return any(problem.field in urls for problem in problems)


def _refuse_misplaced(
    title: str, form: FormSpec, values: Mapping[str, Any], given: Mapping[str, str]
) -> None:
    """Raise BadConfig for fields that the type does not have, and for secrets among the values."""
    unknown = [name for name in (*values, *given) if not form.field(name)]
    if unknown:
        raise BadConfig(
            f"{title} has no field {unknown[0]!r}.",
            cause="its fields are " + ", ".join(f.name for f in form.fields),
            remedy="See: registry types",
        )
    open_secrets = [name for name in values if name in form.secrets and values[name]]
    if open_secrets:
        raise BadConfig(
            f"{open_secrets[0]} is a secret and may not be given in the open.",
            cause="a command line can be read by others on this machine",
            remedy=f"Use --secret {open_secrets[0]}=env:VARIABLE or --secret {open_secrets[0]}=-",
        )


def _refusal(problems: Collection[Problem]) -> BadConfig:
    remedies = list(dict.fromkeys(p.remedy for p in problems if p.remedy))
    if len(remedies) > 1:
        remedies = [f"{p.field}: {p.remedy}" for p in problems if p.remedy]
    return BadConfig(
        " ".join(f"{p.field}: {p.message}" if p.field else p.message for p in problems),
        remedy=" ".join(remedies) or "Correct the value and try again.",
    )


def _examine(
    plugins: Plugins,
    type_id: str,
    values: Mapping[str, Any],
    given: Mapping[str, str],
    elsewhere: Collection[str],
) -> _Examined:
    """Read what was entered. Raises PluginMissing, and PluginFault where the type itself fails."""
    plugin, kind = plugins.registry_type(type_id)
    form = plugins.describe(type_id)[1].form
    absent = dict.fromkeys(elsewhere, _ABSENT)
    entered = {
        **values,
        **absent,
        **{name: value for name, value in given.items() if value or name not in absent},
    }
    config, wrong = plugins.call(plugin, lambda: _read(kind, form, entered))
    named = {problem.field for problem in wrong} | {
        name for name in absent if entered[name] == _ABSENT
    }
    said: list[Problem] = []
    if config is not None:
        said = plugins.call(plugin, lambda: _said_by(kind, config, whole=not wrong))
        said = [problem for problem in said if problem.field not in named]
        named |= {problem.field for problem in said}
    blank = [
        _missing(spec.name, spec.label)
        for spec in form.fields
        if spec.required and spec.name not in named and _is_blank(entered.get(spec.name))
    ]
    order = {spec.name: place for place, spec in enumerate(form.fields)}
    found = sorted([*wrong, *said, *blank], key=lambda problem: order.get(problem.field, -1))
    return _Examined(plugin, kind, form, config, tuple(found))


def _said_by(kind: RegistryType[Any], config: RegistryConfig, *, whole: bool) -> list[Problem]:
    """Return what the type says; of the form as a whole only where the config is what was entered.

    Texts are made here, where a plugin that yields something else is called.
    """
    found = [
        Problem(str(problem.field), str(problem.message), str(problem.remedy))
        for problem in kind.validate(config)
    ]
    return found if whole else [problem for problem in found if problem.field]


def _read(
    kind: RegistryType[Any], form: FormSpec, entered: Mapping[str, Any]
) -> tuple[RegistryConfig | None, list[Problem]]:
    """Return the config, and what its model says of the fields that it does not accept."""
    from pydantic import ValidationError

    try:
        return kind.Config.model_validate(dict(entered)), []
    except ValidationError as error:
        # Never the input itself, which may be a secret.
        found = error.errors(include_input=False, include_url=False)
    problems: dict[str, Problem] = {}
    for one in found:
        problem = _problem(form, kind.title, entered, one)
        problems.setdefault(problem.field or problem.message, problem)
    refused = {str(one["loc"][0]) for one in found if one["loc"]}
    rest = {name: value for name, value in entered.items() if name not in refused}
    try:
        return kind.Config.model_validate(rest), list(problems.values())
    except ValidationError:
        return None, list(problems.values())


def _problem(
    form: FormSpec, title: str, entered: Mapping[str, Any], error: Mapping[str, Any]
) -> Problem:
    """Return what pydantic says of a field in plain words."""
    name = str(error["loc"][0]) if error["loc"] else ""
    spec = form.field(name)
    if error["type"] in ("value_error", "assertion_error"):
        # The type's own words, which pydantic puts its own before.
        return Problem(name if spec else "", _sentence(str(error["ctx"]["error"])))
    if spec is None:
        text = f"{title} has no field {name!r}." if name else _sentence(error["msg"])
        return Problem("", text)
    if error["type"] == "missing" or (spec.required and _is_blank(entered.get(name))):
        return _missing(name, spec.label)
    if spec.choices:
        labels = ", ".join(choice.label for choice in spec.choices)
        return Problem(name, f"{spec.label} has to be one of: {labels}.", "Choose one of them.")
    if error["type"].endswith(("_type", "_parsing", "_from_float", "_size")):
        expected = _EXPECTED.get(spec.kind, "has to be text.")
        return Problem(name, f"{spec.label} {expected}", "Correct the value.")
    _, _, rest = str(error["msg"]).partition(" ")  # "Input should be …", "String should have …"
    return Problem(name, _sentence(f"{spec.label} {rest}"), "Correct the value.")


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _missing(name: str, label: str) -> Problem:
    return Problem(name, f"{label} is missing.", "Enter it.")


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
