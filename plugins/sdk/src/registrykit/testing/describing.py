"""Clauses of the contract on what a type says of itself, before any network."""

from __future__ import annotations

import re
from typing import Any, ClassVar, get_args

import pytest

from registrykit.artifacts import ArtifactKind
from registrykit.description import describe
from registrykit.forms import FormSpec
from registrykit.registry import RegistryConfig, RegistryType, SyncRule
from registrykit.sync import read_config
from registrykit.testing.judging import broken, pure, unjudged
from registrykit.testing.observing import Inspection, Served

# Types that come with the program, and the module that alone may register them.
FIRST_PARTY = {
    "helm": "registrykit_helm",
    "oci": "registrykit_oci",
    "legacy-pack": "registrykit_legacy_pack",
    "vertex-nonfips": "registrykit_vertex_nonfips",
}
_TEXTS = ("text", "multiline", "url", "pem", "list")
_SECRET_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|token|api_?key|private_?key|client_key|secret_?key)$"
)
_PLAIN_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class DescriptionClauses:
    """What holds before the type is used; part of `RegistryTypeContract`."""

    registry_type: ClassVar[type[RegistryType[Any]]]
    import_seconds: ClassVar[float] = 5.0

    def test_id_and_title_are_usable(self) -> None:
        """The id is short, lower case and the type's own; the title is text."""
        kind = self.registry_type
        type_id, title = getattr(kind, "id", None), getattr(kind, "title", None)
        if not isinstance(type_id, str) or not _PLAIN_ID.fullmatch(type_id) or len(type_id) > 40:
            broken(
                f"The id {type_id!r} cannot be used.",
                'Set `id` to lower-case words joined by hyphens, such as "acme". It is stored '
                "with the user's registries, so it can never change.",
            )
        owner = FIRST_PARTY.get(type_id)
        if owner and kind.__module__.partition(".")[0] != owner:
            broken(
                f"The id {type_id!r} belongs to a type that comes with the program.",
                "Choose an id of your own, such as the name of your product.",
            )
        if not isinstance(title, str) or not title.strip() or not title.isprintable():
            broken(
                f"The title {title!r} cannot be shown.",
                'Set `title` to the name that people should read, such as "Acme Hub".',
            )

    def test_kinds_have_titles(self) -> None:
        """Every declared kind is an `ArtifactKind` with an id, a title and a plural."""
        for kind in self.registry_type.kinds:
            if not isinstance(kind, ArtifactKind):
                broken(
                    f"kinds holds {type(kind).__name__}, expected ArtifactKind.",
                    'Declare kinds = (ArtifactKind("chart", "Chart", "Charts"),).',
                )
            if not (_PLAIN_ID.fullmatch(kind.id) and kind.title and kind.plural):
                broken(
                    f"The kind {kind.id!r} cannot be shown.",
                    "Give it a lower-case id, a title and a plural.",
                )

    def test_form_compiles(self) -> None:
        """Every field of the form has a `Ui` and one of the known kinds."""
        try:
            describe(self.registry_type())
        except Exception as error:
            broken(
                f"The form cannot be made: {type(error).__name__}: {error}.",
                "Annotate every field of Config with Annotated[type, Ui(label)], with the type "
                "str, SecretStr, bool, int, Literal of texts, or list[str].",
            )

    def test_form_marks_secrets(self) -> None:
        """Passwords, tokens and keys are secret fields."""
        for spec in self._form().fields:
            if _SECRET_NAME.search(spec.name) and not spec.secret and spec.kind in _TEXTS:
                broken(
                    f"The field {spec.name!r} looks like a secret, but is stored as plain text.",
                    "Give it the type SecretStr | None, so that it is kept in the keyring.",
                )

    def test_defaults_validate(self, registry: Served) -> None:
        """What the form starts with, and the fixture's configuration, raise no objection."""
        form = self._form()
        for spec in form.fields:
            if spec.kind == "choice" and spec.default is not None:
                choices = [choice.value for choice in spec.choices]
                if spec.default not in choices:
                    broken(
                        f"The default {spec.default!r} of {spec.name!r} is none of its choices.",
                        f"Use one of {', '.join(choices)}.",
                    )
        entered = {**form.defaults, **registry.config}
        registry_type = self.registry_type()
        try:
            config = read_config(registry_type, entered)
            problems = list(registry_type.validate(config))
        except Exception as error:
            cause = getattr(error, "cause", "") or str(error)
            broken(
                f"The form's defaults with the fixture's configuration are refused: {cause}.",
                "Let every default be a valid value of its field, and let the fixture "
                "`registry` give a valid configuration.",
            )
        if problems:
            broken(
                f"validate() objects to a configuration that works: {problems[0].message}",
                "Let validate() yield only what cannot work.",
            )

    def test_import_is_light(self, inspection: Inspection) -> None:
        """Importing the plugin is quick and loads no user interface, parser or HTTP library."""
        imported = inspection.notes.get("import")
        if imported is None:
            broken(
                f"The type could not be imported in a new process. {inspection.outcome.told}",
                "Define the class at the top level of a module that can be imported.",
            )
        if imported["heavy"]:
            broken(
                f"Importing the plugin loads {', '.join(imported['heavy'])}.",
                "Import it inside the method that needs it: the program imports every plugin to "
                "show its form.",
            )
        if imported["seconds"] > self.import_seconds:
            broken(
                f"Importing the plugin took {imported['seconds']:.1f} seconds.",
                "Do the work in a method, not on import.",
            )

    def test_hook_registers_the_type(self, inspection: Inspection) -> None:
        """The plugin's module implements `register_registry_types` and returns this type."""
        if "hook" not in inspection.notes:
            unjudged("The type could not be imported: see test_import_is_light.")
        if fault := inspection.notes["hook"]:
            broken(
                f"The plugin cannot be registered: {fault}.",
                "Implement the hook in the plugin's module: @hookimpl def "
                f"register_registry_types(): return [{self.registry_type.__name__}()].",
            )

    def test_pure_methods_need_no_network(self, inspection: Inspection) -> None:
        """Methods that the host calls open no connection and start no program."""
        for method, report in inspection.notes.get("pure", {}).items():
            if report["tried"]:
                broken(
                    f"{method}() uses {', '.join(report['tried'])}.",
                    "Move it to sync() or check(): the program calls this method while it draws.",
                )

    def test_endpoint_and_identity_are_text(self, inspection: Inspection) -> None:
        """`endpoint` and `identity` return text that is not empty."""
        for method in ("endpoint", "identity"):
            found = pure(inspection, method, "Return the address for every valid configuration.")
            if not isinstance(found, str) or not found.strip():
                broken(
                    f"{method}() returned {found!r}.",
                    "Return the registry's address as text, such as https://acme.example/api.",
                )

    def test_origins_are_origins(self, inspection: Inspection) -> None:
        """`origins` returns a frozenset of `Origin`."""
        remedy = "Return frozenset({Origin.of(url)}): the places where credentials may go."
        found = pure(inspection, "origins", remedy)
        if not isinstance(found, list) or any(not o.startswith("Origin ") for o in found):
            broken(f"origins() returned {found!r}.", remedy)
        if not found:
            broken("origins() returned nothing, so nothing could ever be read.", remedy)

    def test_hints_are_valid(self, inspection: Inspection) -> None:
        """`guess` is a number from 0 to 1, `sync_rule` one of its words."""
        guess = pure(inspection, "guess", "Return 0.0 for any URL that is not yours.")
        if not isinstance(guess, (int, float)) or not 0 <= guess <= 1:
            broken(f"guess() returned {guess!r}.", "Return a number from 0.0 to 1.0.")
        rule = pure(inspection, "sync_rule", "Return a rule for every valid configuration.")
        if rule not in get_args(SyncRule):
            broken(f"sync_rule() returned {rule!r}.", f"Return one of {get_args(SyncRule)}.")
        pure(inspection, "credentials", "Return credentials or None, whatever is filled in.")
        pure(inspection, "validate", "Yield problems instead of raising.")
        remedy = "Yield Command(title, text), the text in one line, or nothing for what is unknown."
        for title, text in pure(inspection, "commands", remedy):
            if not (title.strip() and text.strip() and (title + text).isprintable()):
                broken(f"commands() yielded {text!r} under the title {title!r}.", remedy)

    def _form(self) -> FormSpec:
        try:
            return describe(self.registry_type()).form
        except Exception:
            unjudged("The form cannot be made: see test_form_compiles.")

    def _secrets(self, config: RegistryConfig) -> list[str]:
        """Return the secret values of a configuration."""
        found = (getattr(config, name, None) for name in self._form().secrets)
        texts = (getattr(value, "get_secret_value", lambda v=value: v)() for value in found)
        return [text for text in texts if isinstance(text, str) and len(text) >= 4]

    @pytest.fixture
    def registry(self) -> Served:
        pytest.fail(
            "The contract needs a registry: define a fixture `registry` that starts one on "
            "loopback and gives Served(config={...}, stop=...).",
            pytrace=False,
        )
