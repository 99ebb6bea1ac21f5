"""What is entered with --set, --secret and --from-file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from desktop.cli import values
from registrykit.errors import BadConfig
from registrykit.forms import Choice, FieldSpec, FormSpec

FORM = FormSpec(
    (
        FieldSpec("endpoint", "url", "Endpoint", required=True),
        FieldSpec("auth", "choice", "Auth", choices=(Choice("none", "No"), Choice("basic", "B"))),
        FieldSpec("password", "secret", "Password", secret=True),
        FieldSpec("verify", "flag", "Verify"),
        FieldSpec("port", "number", "Port"),
        FieldSpec("paths", "list", "Paths"),
        FieldSpec("ca", "pem", "CA"),
        FieldSpec("notes", "multiline", "Notes"),
    )
)


def read(*given: str, **filed: Any) -> dict[str, Any]:
    return values.values(FORM, "Thing", given, filed)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["endpoint=https://x/a=b"], {"endpoint": "https://x/a=b"}),
        (["endpoint="], {"endpoint": ""}),
        (["auth=basic"], {"auth": "basic"}),
        (["verify=true"], {"verify": True}),
        (["verify=YES"], {"verify": True}),
        (["verify=on"], {"verify": True}),
        (["verify=false"], {"verify": False}),
        (["verify=no"], {"verify": False}),
        (["verify=Off"], {"verify": False}),
        (["port=8443"], {"port": 8443}),
        (["paths=a, b", "paths=c"], {"paths": ["a", "b", "c"]}),
        (["paths="], {"paths": []}),
        (["notes=mail me@x"], {"notes": "mail me@x"}),
    ],
)
def test_texts_become_values_of_their_fields(given: list[str], expected: dict[str, Any]) -> None:
    assert read(*given) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("auth=digest", "none, basic"),
        ("verify=maybe", "'maybe'"),
        ("port=many", "'many'"),
        ("colour=red", "endpoint, auth, password"),
        ("endpoint", "no ="),
        ("=x", "before the ="),
    ],
)
def test_a_value_that_fits_not_is_refused_with_the_reason(given: str, said: str) -> None:
    with pytest.raises(BadConfig) as refused:
        read(given)
    assert said in refused.value.cause
    assert refused.value.remedy


def test_a_field_for_one_value_takes_one() -> None:
    with pytest.raises(BadConfig, match="auth was given 2 times"):
        read("auth=none", "auth=basic")


def test_a_secret_in_the_open_is_refused_and_not_repeated() -> None:
    for refuse in (
        lambda: read("password=canary"),
        lambda: read(password="canary"),
        lambda: values.secrets(["password=canary"], {}),
        lambda: values.secrets(["canary"], {}),
    ):
        with pytest.raises(BadConfig) as refused:
            refuse()
        assert refused.value.code == "secret-in-the-open"
        assert "canary" not in f"{refused.value} {refused.value.cause} {refused.value.remedy}"


def test_a_long_text_comes_from_a_file(tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    pem.write_bytes(b"\xef\xbb\xbf-----BEGIN\n")
    assert read(f"ca=@{pem}") == {"ca": "-----BEGIN\n"}
    assert read("ca=-----BEGIN")["ca"] == "-----BEGIN"
    assert read(f"endpoint=@{pem}")["endpoint"] == f"@{pem}"
    with pytest.raises(BadConfig, match="cannot be read"):
        read(f"ca=@{tmp_path / 'none'}")
    pem.write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig, match="not a text"):
        read(f"ca=@{pem}")
    pem.write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(BadConfig, match="larger"):
        read(f"ca=@{pem}")


def test_a_file_gives_a_whole_definition(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_text(
        'type = "thing"\nname = "team"\nscope = "tenant"\n'
        '[values]\nendpoint = "https://x"\nverify = true\nport = 1\npaths = ["a", "b"]\n'
        'auth = "basic"\n[secrets]\npassword = "env:PW"\n'
    )
    read_back = values.read_file(file)
    assert (read_back.type, read_back.name, read_back.scope) == ("thing", "team", "tenant")
    assert values.values(FORM, "Thing", ["port=2"], read_back.values) == {
        "endpoint": "https://x",
        "verify": True,
        "port": 2,
        "paths": ["a", "b"],
        "auth": "basic",
    }
    assert values.secrets([], read_back.secrets, environ={"PW": "s"}) == {"password": "s"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "cannot be read as TOML"),
        ("nome = 'x'", "means nothing here: nome"),
        ("name = 1", "name must be a text"),
        ("values = 1", "values must be a table"),
        ("scope = 'world'", "no scope 'world'"),
        ("[secrets]\npassword = 'canary'", "may not be given in the open"),
    ],
)
def test_a_wrong_file_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(BadConfig, match=said) as refused:
        values.read_file(file)
    assert "canary" not in f"{refused.value}{refused.value.cause}{refused.value.remedy}"


def test_a_value_of_another_kind_in_a_file_is_refused() -> None:
    for wrong in ({"port": True}, {"endpoint": 1}, {"verify": 1}, {"paths": 1}):
        with pytest.raises(BadConfig, match="cannot be used"):
            read(**wrong)


def test_secrets_come_from_variables_and_standard_input() -> None:
    assert values.secrets(["a=env:A"], {}, environ={"A": "x"}) == {"a": "x"}
    many = "-----BEGIN\nkey\n-----END\n"
    assert values.secrets(["key=-"], {}, stream=io.StringIO(many)) == {"key": many[:-1]}
    assert values.secrets(["a=-", "b=-"], {}, stream=io.StringIO("1\r\n2\n3\n")) == {
        "a": "1",
        "b": "2",
    }


def test_on_a_terminal_secrets_are_asked_for() -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return prompt[0]

    assert values.secrets(["a=-", "b=-"], {}, stream=Terminal(), ask=ask) == {"a": "a", "b": "b"}
    assert asked == ["a: ", "b: "]


def test_a_secret_that_is_nowhere_is_refused() -> None:
    with pytest.raises(BadConfig, match="variable PW is empty or not set"):
        values.secrets(["a=env:PW"], {}, environ={})
    with pytest.raises(BadConfig, match="Nothing was entered for b"):
        values.secrets(["a=-", "b=-"], {}, stream=io.StringIO("1\n"))
