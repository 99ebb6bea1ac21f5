"""The command line's grammar: which commands there are, and how arguments become a namespace.

Only the parser of the command that was given is built: that keeps the start short, and options
may stand anywhere, between positional arguments too.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from desktop.cli import arguments

PROGRAM = "registry-desktop"
_DASH = "\0"
"""Marks what came after `--`, so that it is not taken for an option; no argument can hold it."""


class UsageError(Exception):
    """The arguments make no command. It is not a RegistryError, so that a typo loads nothing."""

    def __init__(self, message: str, *, cause: str = "", remedy: str = "", code: str = "") -> None:
        super().__init__(message)
        self.cause = cause
        self.remedy = remedy or f"See: {PROGRAM} --help"
        self.code = code or "usage"


class Told(Exception):
    """The arguments ask for a text; `name` says for which, `help` or `version`."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.text = text


@dataclass(frozen=True)
class Syntax:
    """A command: its words, what it does in one line, and what adds its own arguments."""

    words: str
    summary: str
    add: Callable[[argparse.ArgumentParser], None] = arguments.nothing
    details: str = ""


SYNTAX = (
    Syntax("demo", "show the program with built-in registries", arguments.demo),
    Syntax("registry types", "the types of registry that can be added, with their fields"),
    Syntax("registry list", "the registries and their state", arguments.registry_list),
    Syntax("registry show", "everything about one registry", arguments.registry_name),
    Syntax(
        "registry add",
        "add a registry after checking its connection",
        arguments.registry_add,
        arguments.VALUES,
    ),
    Syntax(
        "registry edit",
        "change a registry, or sign in to a default",
        arguments.registry_edit,
        arguments.VALUES,
    ),
    Syntax(
        "registry check",
        "check the connection, stage by stage",
        arguments.registry_check,
        arguments.VALUES,
    ),
    Syntax("registry remove", "remove a registry; 30 days to restore", arguments.registry_remove),
    Syntax("registry restore", "bring a removed registry back", arguments.registry_name),
    Syntax("registry hide", "take a registry out of view", arguments.registry_name),
    Syntax("registry unhide", "show a hidden registry again", arguments.registry_name),
    Syntax(
        "registry duplicate",
        "copy a definition under another name",
        arguments.registry_duplicate,
    ),
    Syntax("sync", "synchronize what is due, or the named registries", arguments.sync),
    Syntax("history", "the synchronizations of a registry", arguments.history),
    Syntax("review", "decide about removals that were held", arguments.review),
    Syntax("search", "search everything that was synchronized", arguments.search),
    Syntax("catalog list", "what a registry holds", arguments.catalog_list),
    Syntax("catalog show", "one artifact with its versions", arguments.catalog_show),
    Syntax("catalog document", "README, values, … of a version", arguments.catalog_document),
    Syntax("catalog save", "download an artifact, its digest checked", arguments.catalog_save),
    Syntax("env list", "the environments"),
    Syntax("env add", "add an environment", arguments.env_add),
    Syntax("env edit", "rename an environment or change its edition", arguments.env_edit),
    Syntax("env remove", "remove an environment without registries", arguments.env_name),
    Syntax("tenant list", "the tenants"),
    Syntax("tenant add", "add a tenant", arguments.tenant_name),
    Syntax("tenant set", "allow or forbid non-FIPS packs", arguments.tenant_set),
    Syntax("tenant remove", "remove a tenant without registries", arguments.tenant_name),
    Syntax("plugins list", "the installed plugins"),
    Syntax("plugins doctor", "load every plugin anew and say what is wrong"),
    Syntax("plugins enable", "switch a plugin on", arguments.plugin_name),
    Syntax("plugins disable", "switch a plugin off", arguments.plugin_name),
)
_BY_WORDS = {syntax.words: syntax for syntax in SYNTAX}
_GROUPS = tuple(dict.fromkeys(syntax.words.split()[0] for syntax in SYNTAX))


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            "The command cannot be understood.",
            cause=_without_values(message),
            remedy=f"See: {self.prog} --help",
        )


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_rest: Any) -> NoReturn:
        raise Told("help", parser.format_help())


class _Version(argparse.Action):
    def __call__(self, *_arguments: Any) -> NoReturn:
        from desktop import __version__

        raise Told("version", f"{__version__}\n")


def wants_json(given: Sequence[str]) -> bool:
    """Say whether `--json` is among the options, also where nothing else makes sense."""
    return "--json" in _split(given)[0]


def parse(given: Sequence[str]) -> argparse.Namespace:
    """Return the arguments; `command` holds the words of the command, empty without one.

    Raises UsageError, and Told where a text was asked for.
    """
    options, tail = _split(given)
    words, rest = _command(options)
    syntax = _BY_WORDS.get(" ".join(words))
    if syntax is None:
        return _without_command(words, rest)
    parser = _parser(f"{PROGRAM} {syntax.words}", syntax.summary, syntax.details)
    syntax.add(parser)
    namespace = parser.parse_intermixed_args([*rest, *(_DASH + text for text in tail)])
    for name, value in vars(namespace).items():
        setattr(namespace, name, _unmarked(value))
        if name not in arguments.PATHS:
            _refuse_bytes(value)
    namespace.command = syntax.words
    return namespace


def usage() -> str:
    """Return the overview of all commands."""
    width = max(len(syntax.words) for syntax in SYNTAX)
    lines = [f"  {syntax.words:<{width}}  {syntax.summary}" for syntax in SYNTAX]
    options = _parser(PROGRAM, "").format_help().partition("options of every command:\n")[2]
    return (
        f"usage: {PROGRAM} [OPTIONS] [COMMAND …]\n\n"
        "Registry Desktop: Kubernetes registries on your own machine. Without a command it shows\n"
        "its window.\n\n"
        "commands:\n" + "\n".join(lines) + f"\n\noptions, before or after the command:\n{options}\n"
        "exit codes: 0 done, 1 internal error, 2 usage or invalid input, 3 finished with something"
        "\n  partial or held, 4 failed, 5 data in use by another program, 130 cancelled\n\n"
        f"See: {PROGRAM} COMMAND --help\n"
    )


def _split(given: Sequence[str]) -> tuple[list[str], list[str]]:
    place = given.index("--") if "--" in given else len(given)
    return list(given[:place]), list(given[place + 1 :])


def _command(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words of the command, and everything else."""
    words: list[str] = []
    rest: list[str] = []
    wanted, skip = 1, 0
    for text in given:
        if skip:
            skip -= 1
            rest.append(text)
        elif text.startswith("-") or len(words) == wanted:
            skip = text in arguments.WITH_VALUE and len(words) < wanted
            rest.append(text)
        else:
            words.append(text)
            if wanted == 1 and text in _GROUPS and text not in _BY_WORDS:
                wanted = 2
    return words, rest


def _without_command(words: list[str], rest: list[str]) -> argparse.Namespace:
    """Return options alone, or help for a group; raises UsageError for unknown words."""
    group = words[0] if words else ""
    if group and group not in _GROUPS:
        raise _unknown(group, _GROUPS, f"{PROGRAM} --help")
    if group:
        subcommands = [words.split()[1] for words in _BY_WORDS if words.startswith(f"{group} ")]
        if len(words) > 1:
            raise _unknown(words[1], subcommands, f"{PROGRAM} {group} --help", group)
        if "-h" in rest or "--help" in rest:
            lines = [
                f"  {syntax.words:<20}{syntax.summary}"
                for syntax in SYNTAX
                if syntax.words.startswith(f"{group} ")
            ]
            shown = "\n".join(lines)
            raise Told("help", f"usage: {PROGRAM} {group} COMMAND …\n\n{shown}\n")
    parser = _parser(PROGRAM, "")
    parser.format_help = usage  # type: ignore[method-assign]
    namespace = parser.parse_args(rest)
    if group:
        raise UsageError(
            f"The command {group} needs another word.",
            cause="its commands are " + ", ".join(subcommands),
            remedy=f"See: {PROGRAM} {group} --help",
        )
    namespace.command = ""
    return namespace


def _unknown(
    word: str, candidates: Sequence[str], help_command: str, group: str = ""
) -> UsageError:
    close = difflib.get_close_matches(word, candidates, 1)
    return UsageError(
        f"There is no command {group} {word}.".replace("  ", " "),
        cause=("did you mean " + close[0] + "? " if close else "")
        + "The commands are "
        + ", ".join(candidates),
        remedy=f"See: {help_command}",
    )


def _parser(program: str, summary: str, details: str = "") -> _Parser:
    parser = _Parser(
        prog=program,
        description=summary[:1].upper() + summary[1:] + "." if summary else None,
        epilog=details or None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    group = parser.add_argument_group("options of every command")
    for names, action, words in (
        (("-h", "--help"), _Help, "show this text"),
        (("--version",), _Version, "show the program's version"),
    ):
        group.add_argument(*names, action=action, nargs=0, dest=argparse.SUPPRESS, help=words)
    arguments.everywhere(group)
    return parser


def _without_values(message: str) -> str:
    """Return argparse's message without the values of unknown options: one may be a secret."""
    start, sep, listed = message.partition("unrecognized arguments: ")
    if not sep:
        return message.replace(_DASH, "")
    shown: list[str] = []
    for text in listed.replace(_DASH, "").split():
        if text.startswith("-"):
            shown.append(text.partition("=")[0])
        elif not any(word.startswith("-") for word in shown):
            shown.append(text)
    return f"{start}not known here: {' '.join(shown)}"


def _refuse_bytes(value: Any) -> None:
    """Refuse what the system could not decode; only the names of files may be such bytes."""
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and not text.isprintable() and _undecoded(text) for text in texts):
        raise UsageError(
            "An argument is not a text.",
            cause="it holds bytes that are not valid in the encoding of this system",
            remedy="Type it again.",
        )


def _undecoded(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _unmarked(value: Any) -> Any:
    if isinstance(value, str):
        return value.removeprefix(_DASH)
    if isinstance(value, list):
        return [_unmarked(entry) for entry in value]
    return value
