"""What the user entered for a registry: `--set`, `--secret` and `--from-file`, made into values."""

from __future__ import annotations

import os
import sys
import tomllib
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from registrykit.errors import BadConfig
from registrykit.forms import FieldSpec, FormSpec

LARGEST_FILE = 1024 * 1024
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_FILE_KEYS = {"type": str, "name": str, "scope": str, "values": dict, "secrets": dict}


@dataclass(frozen=True)
class Definition:
    """A registry as entered. `secrets` says where each secret comes from, not what it is."""

    type: str = ""
    name: str = ""
    scope: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


def read_file(path: Path) -> Definition:
    """Read a TOML file with type, name, scope, [values] and [secrets]; raises BadConfig."""
    try:
        read = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(
            f"The file {path} cannot be read as TOML.", cause=str(error), remedy="Correct it."
        ) from None
    for key, value in read.items():
        if key not in _FILE_KEYS:
            raise BadConfig(
                f"The file {path} has a key that means nothing here: {key}.",
                cause="the keys are " + ", ".join(_FILE_KEYS),
                remedy="Put the fields of the registry under [values].",
            )
        if not isinstance(value, _FILE_KEYS[key]):
            kind = "a table" if _FILE_KEYS[key] is dict else "a text"
            raise BadConfig(f"{key} must be {kind} in the file {path}.")
    scope = read.get("scope", "")
    if scope not in ("", "system", "tenant"):
        raise BadConfig(f"There is no scope {scope!r}.", cause="the scopes are system and tenant")
    for key, source in read.get("secrets", {}).items():
        if not (isinstance(source, str) and source.startswith("env:")):
            raise _in_the_open(key, f'{key} = "env:VARIABLE"')
    return Definition(**{key: read[key] for key in _FILE_KEYS if key in read})


def values(
    form: FormSpec, title: str, given: Sequence[str], filed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what `--set` and a file gave, each in the type of its field; `--set` wins."""
    texts: dict[str, list[str]] = {}
    for entry in given:
        name, equals, text = entry.partition("=")
        if not equals or not name:
            raise BadConfig(
                "--set needs a field and a value.",
                cause="there is no = in it" if not equals else "there is nothing before the =",
                remedy="Write it as --set FIELD=VALUE.",
            )
        texts.setdefault(name, []).append(text)
    found = {
        name: _from_file(_field(form, title, name), value)
        for name, value in filed.items()
        if name not in texts
    }
    for name, parts in texts.items():
        found[name] = _from_texts(_field(form, title, name), parts)
    return found


def secrets(
    given: Sequence[str],
    filed: Mapping[str, str],
    *,
    environ: Mapping[str, str] | None = None,
    stream: IO[str] | None = None,
    ask: Callable[[str], str] | None = None,
) -> dict[str, str]:
    """Return the secrets that `--secret k=env:VAR`, `k=-` and a file name.

    No message repeats what was given: it may be the secret itself.
    """
    sources = dict(filed)
    for entry in given:
        key, equals, source = entry.partition("=")
        if not equals or not key or (source != "-" and not source.startswith("env:")):
            field_name = key if equals and key else "FIELD"
            raise _in_the_open(
                field_name, f"--secret {field_name}=env:VARIABLE or --secret {field_name}=-"
            )
        sources[key] = source
    environ = os.environ if environ is None else environ
    found = {
        key: _from_variable(key, source.removeprefix("env:"), environ)
        for key, source in sources.items()
        if source != "-"
    }
    asked = [key for key, source in sources.items() if source == "-"]
    if asked:
        found |= _from_input(asked, sys.stdin if stream is None else stream, ask)
    return found


def definition(args: Namespace) -> Definition:
    """Return what the file of `--from-file` says; empty without one."""
    return read_file(Path(args.from_file)) if args.from_file else Definition()


def _from_variable(key: str, variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable, "")
    if not value:
        raise BadConfig(
            f"The variable {variable} is empty or not set.",
            cause=f"{key} is to be taken from it",
            remedy=f"Set {variable}, or use --secret {key}=- to enter it.",
            code="variable-missing",
        )
    return value


def _from_input(
    keys: Sequence[str], stream: IO[str], ask: Callable[[str], str] | None
) -> dict[str, str]:
    if stream.isatty():
        from getpass import getpass

        try:
            found = {key: (ask or getpass)(f"{key}: ") for key in keys}
        except EOFError:
            raise KeyboardInterrupt from None  # Ctrl-D: whoever was asked does not want to answer
    elif len(keys) == 1:
        # The whole of it: a private key has many lines.
        found = {keys[0]: stream.read(LARGEST_FILE).removesuffix("\n").removesuffix("\r")}
    else:
        found = {key: stream.readline(LARGEST_FILE).rstrip("\r\n") for key in keys}
    empty = [key for key, value in found.items() if not value]
    if empty:
        raise BadConfig(
            f"Nothing was entered for {empty[0]}.",
            cause="standard input gave no text for it",
            remedy="Give each secret on a line of its own, in the order of the options.",
            code="secret-empty",
        )
    return found


def _in_the_open(key: str, form: str) -> BadConfig:
    return BadConfig(
        f"The secret {key} may not be given in the open.",
        cause="command lines and files can be read by others",
        remedy=f"Write {form}.",
        code="secret-in-the-open",
    )


def _field(form: FormSpec, title: str, name: str) -> FieldSpec:
    found = form.field(name)
    if found is None:
        raise BadConfig(
            f"{title} has no field {name!r}.",
            cause="its fields are " + ", ".join(spec.name for spec in form.fields),
            remedy="See: registry types",
            code="unknown-field",
        )
    if found.secret:
        raise _in_the_open(name, f"--secret {name}=env:VARIABLE or --secret {name}=-")
    return found


def _from_texts(spec: FieldSpec, texts: Sequence[str]) -> Any:
    """Return the value that texts of the command line mean for the field."""
    if spec.kind == "list":
        return [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if len(texts) > 1:
        raise BadConfig(
            f"{spec.name} was given {len(texts)} times.",
            cause="it holds one value",
            remedy="Give it once.",
        )
    text = texts[0]
    if spec.kind == "flag":
        return _flag(spec, text)
    if spec.kind == "number":
        return _number(spec, text)
    if spec.kind == "choice":
        return _choice(spec, text)
    if spec.kind in ("pem", "multiline") and text.startswith("@"):
        return _text(Path(text[1:]))
    return text


def _from_file(spec: FieldSpec, value: Any) -> Any:
    """Return a value of a TOML file; texts are read as on the command line."""
    if isinstance(value, str):
        return _from_texts(spec, [value])
    if spec.kind == "list" and isinstance(value, list):
        return [str(entry) for entry in value]
    if (spec.kind, type(value)) in (("flag", bool), ("number", int)):
        return value
    raise _wrong(spec, "it has another kind of value", f"It must be a {spec.kind}.")


def _flag(spec: FieldSpec, text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise _wrong(
            spec, f"{text!r} is neither yes nor no", "Use true or false, yes or no, on or off."
        )
    return _FLAGS[text.lower()]


def _number(spec: FieldSpec, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _wrong(spec, f"{text!r} is none", "Use a whole number.") from None


def _choice(spec: FieldSpec, text: str) -> str:
    candidates = [choice.value for choice in spec.choices]
    if text not in candidates:
        choices = ", ".join(candidates)
        raise _wrong(spec, f"{text!r} is not among {choices}", f"Use one of {choices}.")
    return text


def _wrong(spec: FieldSpec, cause: str, remedy: str) -> BadConfig:
    return BadConfig(
        f"The value of {spec.name} cannot be used.", cause=cause, remedy=remedy, code="bad-value"
    )


def _text(path: Path) -> str:
    """Return the text of a file that the user named; raises BadConfig."""
    try:
        with path.open("rb") as file:
            read = file.read(LARGEST_FILE + 1)
        if len(read) > LARGEST_FILE:
            raise BadConfig(f"The file {path} is larger than 1 MiB.", code="file-too-large")
        return read.decode("utf-8-sig")
    except OSError as error:
        raise BadConfig(
            f"The file {path} cannot be read.",
            cause=error.strerror or type(error).__name__,
            remedy="Check its name and who may read it.",
            code="no-file",
        ) from None
    except UnicodeDecodeError:
        raise BadConfig(
            f"The file {path} is not a text in UTF-8.",
            cause="it holds other bytes",
            remedy="Give a text file.",
            code="no-text",
        ) from None
