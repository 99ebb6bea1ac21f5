"""Forms: a pydantic model becomes fields, or an error that names the field."""

from __future__ import annotations

import io
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field, SecretStr, create_model

from registrykit import RegistryConfig, Ui
from registrykit.description import TypeDescription
from registrykit.forms import Choice, FieldKind, FieldSpec, FormSpec, compile_form
from registrykit.frames import Described, pack, read_to_host


class Depended(BaseModel):
    """What the condition of a field may name."""

    private: Annotated[bool, Ui("Private")] = False
    mode: Annotated[Literal["a", "b", "c"], Ui("Mode")] = "a"


def field_of(annotation: Any, ui: Ui, default: Any = ...) -> FieldSpec:
    """Return the compiled field `x` of a model that has two more for it to depend on."""
    model = create_model("Model", __base__=Depended, x=(Annotated[annotation, ui], default))
    spec = compile_form(model).field("x")
    assert spec is not None
    return spec


@pytest.mark.parametrize(
    ("condition", "said"),
    [({"privat": True}, "does not exist"), ({"mode": "d"}, "none of its choices")],
)
def test_a_condition_on_what_is_not_there_is_refused(condition: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        field_of(str, Ui("X", show_if=condition), "")


def test_a_types_own_fields_come_first() -> None:
    class Own(RegistryConfig):
        endpoint: Annotated[str, Ui("Endpoint")]

    names = [spec.name for spec in compile_form(Own).fields]
    assert (names[0], names[1]) == ("endpoint", "description")


@pytest.mark.parametrize(
    ("annotation", "ui", "kind", "secret"),
    [
        (str, Ui("X"), "text", False),
        (str, Ui("X", kind="url"), "url", False),
        (str, Ui("X", kind="pem"), "pem", False),
        (str, Ui("X", kind="multiline"), "multiline", False),
        (str | None, Ui("X"), "text", False),
        (Optional[str], Ui("X"), "text", False),  # noqa: UP045
        (str, Ui("X", secret=True), "secret", True),
        (str, Ui("X", kind="pem", secret=True), "pem", True),
        (SecretStr, Ui("X"), "secret", True),
        (SecretStr | None, Ui("X"), "secret", True),
        (bool, Ui("X"), "flag", False),
        (int, Ui("X"), "number", False),
        (int | None, Ui("X"), "number", False),
        (Literal["a", "b"], Ui("X"), "choice", False),
        (list[str], Ui("X"), "list", False),
        (tuple[str, ...], Ui("X"), "list", False),
    ],
)
def test_a_field_has_the_kind_of_its_type(
    annotation: Any, ui: Ui, kind: FieldKind, secret: bool
) -> None:
    spec = field_of(annotation, ui)
    assert (spec.kind, spec.secret) == (kind, secret)


@pytest.mark.parametrize(
    "annotation",
    [
        float,
        bytes,
        dict[str, str],
        list[int],
        set[str],
        RegistryConfig,
        Literal[1, 2],
        Literal["a", 1],
        str | int,
        Any,
    ],
)
def test_a_type_that_no_field_can_hold_is_refused_by_name(annotation: Any) -> None:
    with pytest.raises(TypeError, match="field 'x' has the type"):
        field_of(annotation, Ui("X"))


def test_a_field_without_ui_is_refused_by_name() -> None:
    class Bare(BaseModel):
        endpoint: str = ""

    with pytest.raises(TypeError, match=r"field 'endpoint' has no Ui\(...\)"):
        compile_form(Bare)


def test_what_is_said_about_a_field_is_kept() -> None:
    spec = field_of(
        Literal["none", "basic"],
        Ui(
            "Sign-in",
            "How to sign in.",
            "Security",
            "none",
            choice_labels={"basic": "User name and password"},
            show_if={"private": True, "mode": ("a", "b")},
        ),
        "none",
    )
    assert spec == FieldSpec(
        name="x",
        kind="choice",
        label="Sign-in",
        help="How to sign in.",
        section="Security",
        placeholder="none",
        required=False,
        default="none",
        choices=(Choice("none", "none"), Choice("basic", "User name and password")),
        show_if={"private": (True,), "mode": ("a", "b")},
    )


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"private": True, "mode": "a"}, True),
        ({"private": True, "mode": "b"}, True),
        ({"private": True, "mode": "c"}, False),
        ({"private": False, "mode": "a"}, False),
        ({}, False),
    ],
)
def test_a_field_applies_where_every_condition_holds(values: dict[str, Any], shown: bool) -> None:
    spec = field_of(str, Ui("X", show_if={"private": True, "mode": ("a", "b")}), "")
    assert spec.applies(values) is shown


def test_required_and_default() -> None:
    class Model(BaseModel):
        must: Annotated[str, Ui("Must")]
        may: Annotated[str, Ui("May")] = "this"
        made: Annotated[list[str], Ui("Made")] = Field(default_factory=lambda: ["a"])
        pair: Annotated[tuple[str, ...], Ui("Pair")] = ("a", "b")
        hidden: Annotated[SecretStr | None, Ui("Hidden")] = SecretStr("canary")

    form = compile_form(Model)
    assert [spec.required for spec in form.fields] == [True, False, False, False, False]
    assert form.defaults == {
        "must": None,
        "may": "this",
        "made": ["a"],
        "pair": ["a", "b"],
        "hidden": None,
    }
    assert form.secrets == ("hidden",)
    assert "canary" not in repr(form)


def test_a_field_is_found_by_its_name() -> None:
    form = compile_form(RegistryConfig)
    found = form.field("client_key")
    assert found is not None
    assert found.kind == "secret"
    assert form.field("nothing") is None


def test_what_every_registry_asks_for_can_be_shown() -> None:
    form = compile_form(RegistryConfig)
    assert {spec.name: spec.kind for spec in form.fields} == {
        "description": "multiline",
        "documents": "choice",
        "ca_certificate": "pem",
        "client_certificate": "pem",
        "client_key": "secret",
        "insecure_skip_verify": "flag",
    }
    assert not any(spec.required for spec in form.fields)
    assert all(spec.label for spec in form.fields)
    RegistryConfig.model_validate(form.defaults)


def test_a_subclass_adds_its_fields() -> None:
    class Config(RegistryConfig):
        endpoint: Annotated[str, Ui("Endpoint", kind="url")]

    names = [spec.name for spec in compile_form(Config).fields]
    assert set(names) == {spec.name for spec in compile_form(RegistryConfig).fields} | {"endpoint"}


def test_a_form_travels_as_data() -> None:
    form: FormSpec = compile_form(RegistryConfig)
    described = Described((TypeDescription("a", "A", "", "", "", (), 1, (), form),))
    assert read_to_host(io.BytesIO(pack(described))) == described


def test_a_login_goes_to_the_usual_fields_or_nowhere() -> None:
    auth = FieldSpec("auth", "choice", "Auth", choices=(Choice("none", ""), Choice("basic", "")))
    name = FieldSpec("username", "text", "User")
    password = FieldSpec("password", "secret", "Password", secret=True)
    usual = FormSpec((auth, name, password))
    assert usual.login("ada", "x") == {"auth": "basic", "username": "ada", "password": "x"}
    only_tokens = FieldSpec("auth", "choice", "Auth", choices=(Choice("token", ""),))
    assert FormSpec((only_tokens, name, password)).login("ada", "x") == {}
    in_the_open = FieldSpec("password", "text", "Password")
    assert FormSpec((auth, name, in_the_open)).login("ada", "x") == {}
    assert FormSpec((auth, name)).login("ada", "x") == {}
