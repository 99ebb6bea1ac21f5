"""What is said of a configuration while it is being entered: everything, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, SecretStr, field_validator

from desktop.app import App, build
from desktop.engine import drafts
from desktop.engine.drafts import Judged, Place
from desktop.engine.plugins import Plugin, Plugins
from desktop.engine.workers import Workers
from registrykit import BadConfig, Problem, RegistryConfig, RegistryType, Ui
from registrykit.description import describe

NO_KEYRING = {"REGISTRY_DESKTOP_KEYRING": "none"}


class OddConfig(RegistryConfig):
    address: Annotated[str, Ui("Address", kind="url")]
    owner: Annotated[str, Ui("Owner")]
    port: Annotated[int, Ui("Port"), Field(gt=0)] = 80
    mode: Annotated[Literal["a", "b"], Ui("Mode", choice_labels={"a": "First", "b": "Second"})] = (
        "a"
    )
    teams: Annotated[list[str], Ui("Teams")] = []
    fast: Annotated[bool, Ui("Fast")] = False
    password: Annotated[SecretStr | None, Ui("Password")] = None

    @field_validator("owner")
    @classmethod
    def _known(cls, owner: str) -> str:
        if owner == "nobody":
            raise ValueError("nobody may not own a registry")
        return owner


class OddRegistry(RegistryType[OddConfig]):
    """Objects to a blank in the password, and to the owner `boom` by failing."""

    id = "odd"
    title = "Odd registry"
    Config = OddConfig
    kinds: ClassVar = ()

    def validate(self, config: OddConfig) -> Iterable[Problem]:
        if config.owner == "boom":
            raise ZeroDivisionError
        if config.password and " " in config.password.get_secret_value():
            yield Problem("password", "The password has a blank.", "Leave it out.")
        if config.owner == "me" and config.fast:
            yield Problem("", "You are not fast.")

    def endpoint(self, config: OddConfig) -> str:
        return config.address.strip()

    def sync(self, ctx: Any) -> Iterator[Any]:
        yield from ()


@pytest.fixture
def odd() -> Plugins:
    """A program that knows one plugin, which is already loaded."""
    plugins = Plugins(Workers(), dict, lambda row: None)
    kind = OddRegistry()
    plugin = Plugin("odd-plugin", "1.0", "", "active", types=(describe(kind),))
    plugins._plugins = {"odd-plugin": plugin}
    plugins._objects = {"odd-plugin": {"odd": kind}}
    return plugins


GOOD: dict[str, Any] = {"address": "https://odd.example", "owner": "me"}


def judged(plugins: Plugins, elsewhere: tuple[str, ...] = (), **values: Any) -> Judged:
    given = {"password": values.pop("password")} if "password" in values else {}
    return drafts.judge(plugins, "odd", {**GOOD, **values}, given, elsewhere)


def said(found: Judged) -> dict[str, str]:
    return {problem.field: problem.message for problem in found.problems}


def test_a_good_configuration_has_no_problem_and_an_endpoint(odd: Plugins) -> None:
    assert judged(odd) == Judged((), "https://odd.example", "https://odd.example")


def test_everything_that_is_wrong_is_said_in_plain_words(odd: Plugins) -> None:
    found = judged(odd, owner=" ", port="many", mode="c", teams="x", fast="perhaps")
    assert said(found) == {
        "owner": "Owner is missing.",
        "port": "Port has to be a whole number.",
        "mode": "Mode has to be one of: First, Second.",
        "teams": "Teams has to be a list of texts.",
        "fast": "Fast has to be on or off.",
    }
    assert [problem.field for problem in found.problems] == "owner port mode teams fast".split()
    assert all(problem.remedy for problem in found.problems)


def test_the_type_is_asked_even_where_the_model_objects_to_other_fields(odd: Plugins) -> None:
    found = judged(odd, port=-1, password="a b", fast=True)
    # What concerns the whole form is not asked of a form that is wrong in parts.
    assert said(found) == {
        "port": "Port should be greater than 0.",
        "password": "The password has a blank.",
    }
    assert said(judged(odd, fast=True)) == {"": "You are not fast."}


def test_a_validators_own_words_are_kept(odd: Plugins) -> None:
    assert said(judged(odd, owner="nobody")) == {"owner": "Nobody may not own a registry."}


def test_what_is_missing_is_said_also_without_the_field(odd: Plugins) -> None:
    found = drafts.judge(odd, "odd", {"port": "x", "colour": "red"}, {})
    assert said(found) == {
        "": "Odd registry has no field 'colour'.",
        "address": "Address is missing.",
        "owner": "Owner is missing.",
        "port": "Port has to be a whole number.",
    }
    assert found.endpoint == ""
    assert said(judged(odd, address=None)) == {"address": "Address is missing."}


def test_the_endpoint_is_told_as_soon_as_the_url_is_right(odd: Plugins) -> None:
    assert judged(odd, owner="").endpoint == "https://odd.example"
    assert judged(odd, address="").endpoint == ""


def test_secrets_that_are_elsewhere_are_not_judged_unless_entered_again(odd: Plugins) -> None:
    assert judged(odd, ("password",)).problems == ()
    assert judged(odd, ("password",), password="").problems == ()
    assert said(judged(odd, ("password",), password="a b")) == {
        "password": "The password has a blank."
    }


def test_a_plugin_that_fails_or_is_missing_is_a_problem_of_the_form(odd: Plugins) -> None:
    failed = judged(odd, owner="boom")
    assert said(failed) == {"": "odd-plugin 1.0: the plugin failed with ZeroDivisionError."}
    (problem,) = drafts.judge(odd, "other", {}, {}).problems
    assert (problem.field, bool(problem.remedy)) == ("", True)
    assert "'other'" in problem.message


def test_no_problem_repeats_a_secret(odd: Plugins) -> None:
    found = drafts.judge(odd, "odd", GOOD, {"password": ["s3cret-word"]})  # type: ignore[dict-item]
    assert "password" in said(found)
    assert "s3cret-word" not in repr(found)


def test_a_draft_is_refused_with_all_of_its_problems(odd: Plugins) -> None:
    with pytest.raises(BadConfig) as caught:
        drafts.make_draft(odd, "odd", {"address": "x", "port": "y", "mode": "c"}, {})
    said = "owner: Owner is missing. port: Port has to be a whole number. mode: Mode has to be"
    assert str(caught.value).startswith(said)
    assert caught.value.remedy.startswith("owner: Enter it. port: Correct the value. mode: ")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = build(tmp_path / "data", writable=True, environ=NO_KEYRING)
    yield made
    made.close()


def test_the_same_registry_in_another_spelling_is_found(app: App) -> None:
    (type_id, *_) = app.plugins.descriptions()
    environment = app.environments.all()[0]
    place = Place(environment, app.environments.tenants(environment)[0])
    draft = app.registries.draft(type_id, {"endpoint": "https://charts.example/stable"}, {})
    row, _ = app.registries.add("Charts", place, draft)

    def same(url: str, **more: Any) -> Judged:
        return app.registries.judge(type_id, {"endpoint": url}, {}, place=place, **more)

    found = same("CHARTS.example/stable/index.yaml")
    assert (found.problems, found.endpoint) == ((), "https://charts.example/stable")
    assert found.same_as == row
    assert same("https://charts.example/stable/", besides=row.id).same_as is None
    assert same("https://charts.example/other").same_as is None
    wrong = same("oci://charts.example")
    assert (wrong.same_as, wrong.endpoint) == (None, "")
    assert [problem.field for problem in wrong.problems] == ["endpoint"]


def test_the_fields_of_a_real_type_are_judged_one_by_one(app: App) -> None:
    (type_id, *_) = app.plugins.descriptions()
    entered = {"endpoint": "", "auth": "basic", "ca_certificate": "hello", "documents": "some"}
    found = app.registries.judge(type_id, entered, {})
    assert [p.field for p in found.problems] == [
        "endpoint",
        "username",
        "password",
        "documents",
        "ca_certificate",
    ]
    assert found.problems[0].message == "The URL is empty."


def test_the_type_of_a_url_is_guessed(app: App, odd: Plugins) -> None:
    (type_id, *_) = app.plugins.descriptions()
    best, *_ = app.plugins.guesses("https://charts.example/index.yaml", "none")
    assert best == (type_id, 1.0)
    ((other, likely),) = app.plugins.guesses("oci://ghcr.io/acme", "none")
    assert (other != type_id, likely) == (True, 1.0)
    assert app.plugins.guesses("ftp://ghcr.io/acme", "none") == ()
    assert type_id in [kind.id for kind in app.plugins.types_for("saas")]
    assert app.plugins.types_for("no such edition") == ()


def test_a_guess_that_fails_is_left_out_and_logged(
    odd: Plugins, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OddRegistry, "guess", lambda self, url: 7)
    assert odd.guesses("https://x.example", "none") == (("odd", 1.0),)
    monkeypatch.setattr(OddRegistry, "guess", lambda self, url: "likely")
    assert odd.guesses("https://x.example", "none") == ()
    assert "odd-plugin" in caplog.text
