"""The grammar of the command line."""

from __future__ import annotations

import pytest

from desktop.cli import parser
from desktop.cli.parser import Told, UsageError, parse

COMMANDS = {
    "demo",
    "registry types",
    "registry list",
    "registry show",
    "registry add",
    "registry edit",
    "registry check",
    "registry remove",
    "registry restore",
    "registry hide",
    "registry unhide",
    "registry duplicate",
    "sync",
    "history",
    "review",
    "search",
    "catalog list",
    "catalog show",
    "catalog document",
    "catalog save",
    "env list",
    "env add",
    "env edit",
    "env remove",
    "tenant list",
    "tenant add",
    "tenant set",
    "tenant remove",
    "plugins list",
    "plugins doctor",
    "plugins enable",
    "plugins disable",
}


def test_every_command_is_there_and_is_answered() -> None:
    from desktop.cli.commands import COMMANDS as ANSWERED

    assert {syntax.words for syntax in parser.SYNTAX} == COMMANDS
    assert set(ANSWERED) == COMMANDS - {"demo"}


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        (["--data-dir", "here"], "data_dir", "here"),
        (["--data-dir=here"], "data_dir", "here"),
        (["--env", "list"], "env", "list"),
        (["--tenant", "acme"], "tenant", "acme"),
        (["--proxy", "none"], "proxy", "none"),
        (["--offline"], "offline", True),
        (["--json"], "json", True),
        (["--safe-mode"], "safe_mode", True),
    ],
)
def test_global_options_stand_anywhere(
    option: list[str], name: str, value: object, place: int
) -> None:
    given = ["registry", "list"]
    args = parse([*given[:place], *option, *given[place:]])
    assert args.command == "registry list"
    assert getattr(args, name) == value


def test_options_may_stand_between_positional_arguments() -> None:
    assert parse(["sync", "a", "--full", "b"]).names == ["a", "b"]
    args = parse(["catalog", "show", "nginx", "--registry", "r", "1.0.0"])
    assert (args.name, args.version) == ("nginx", "1.0.0")
    assert parse(["review", "r", "--accept"]).accept
    assert parse(["search", "--kind", "chart", "a", "b"]).query == ["a", "b"]


def test_what_follows_two_dashes_is_no_option() -> None:
    assert parse(["search", "--", "--json", "-x"]).query == ["--json", "-x"]
    assert not parser.wants_json(["search", "--", "--json"])
    assert parser.wants_json(["nonsense", "--json"])


def test_nothing_at_all_is_no_command() -> None:
    assert parse([]).command == ""
    assert parse(["--json"]).command == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["registy"], "did you mean registry"),
        (["registry"], "types, list, show"),
        (["registry", "lst"], "did you mean list"),
        (["--nonsense"], "--nonsense"),
        (["registry", "show"], "NAME"),
        (["catalog", "list"], "--registry"),
        (["catalog", "list", "--registry", "r", "--limit", "-1"], "whole number"),
        (["catalog", "list", "--registry", "r", "--limit", "9" * 20], "whole number"),
        (["history", "r", "--run", "first"], "whole number"),
        (["search", "\udcff"], "bytes"),
        (["registry", "add", "--set", "a=\udcff"], "bytes"),
        (["review", "r"], "--accept --discard"),
        (["review", "r", "--accept", "--discard"], "not allowed with"),
        (["catalog", "document", "--registry", "r", "n", "1", "licence"], "readme"),
        (["sync", "--ful"], "--ful"),
        (["plugins", "new", "x"], "list, doctor, enable, disable"),
    ],
)
def test_a_wrong_command_is_refused_with_what_would_be_right(given: list[str], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(given)
    assert said in refused.value.cause
    assert refused.value.remedy
    assert refused.value.code == "usage"


def test_a_refusal_does_not_repeat_what_may_be_a_secret() -> None:
    with pytest.raises(UsageError) as refused:
        parse(["registry", "add", "helm", "--pasword", "canary-1", "--pin=canary-2"])
    assert "--pasword" in refused.value.cause
    assert "--pin" in refused.value.cause
    assert "canary" not in refused.value.cause


def test_help_and_version_are_texts() -> None:
    for given in (["--help"], ["-h"], ["registry", "--help"], ["sync", "x", "-h"]):
        with pytest.raises(Told) as told:
            parse(given)
        assert told.value.name == "help"
        assert told.value.text.startswith("usage: registry-desktop")
    with pytest.raises(Told) as told:
        parse(["--version"])
    assert told.value.name == "version"


def test_the_help_of_adding_tells_how_secrets_are_given() -> None:
    with pytest.raises(Told) as told:
        parse(["registry", "add", "--help"])
    for part in (
        "env:VARIABLE",
        "one line each",
        "@ca.pem",
        "--from-file reads TOML",
        "--no-check",
    ):
        assert part in told.value.text


def test_the_overview_names_every_command_and_exit_code() -> None:
    text = parser.usage()
    assert all(f"  {command} " in text for command in COMMANDS)
    assert "130 cancelled" in text
