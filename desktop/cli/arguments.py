"""The arguments of each command."""

from __future__ import annotations

import argparse
from typing import Any

DOCUMENTS = ("readme", "values", "schema", "manifest", "metadata", "presets", "logo")
WITH_VALUE = frozenset({"--data-dir", "--env", "--tenant", "--proxy"})
"""Options that stand before a command and are followed by a value."""

PATHS = frozenset({"data_dir", "from_file", "to"})
"""Arguments that name files."""

VALUES = """\
values:
  --set endpoint=https://charts.example.com      a field of the type; see: registry types
  --set base_content_path=a,b                    lists with commas, or by repeating --set
  --set ca_certificate=@ca.pem                   a PEM or long text is read from a file

secrets, which never stand on the command line:
  --secret password=env:VARIABLE    taken from an environment variable
  --secret password=-               taken from standard input; on a terminal it is asked for.
                                    One such secret takes the whole input, several one line each,
                                    in the order in which they are given.
  They are kept in the keyring of the operating system. Where there is none, later commands read
  them from REGISTRY_DESKTOP_SECRET_<NAME>_<KEY>, in upper case, every other character as _.

--from-file reads TOML; options win over it:
  type = "…"
  name = "…"
  scope = "tenant"
  [values]
  endpoint = "https://charts.example.com"
  [secrets]
  password = "env:VARIABLE"
"""


def everywhere(parser: Any) -> None:
    """Add the options that every command takes."""
    parser.add_argument("--data-dir", metavar="DIR", help="where everything is kept")
    parser.add_argument("--env", metavar="NAME", help="only this environment")
    parser.add_argument("--tenant", metavar="NAME", help="only what this tenant sees")
    parser.add_argument("--offline", action="store_true", help="open no connection")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--proxy", metavar="P", default="", help="system, none, or a URL")
    parser.add_argument("--safe-mode", action="store_true", help="load no plugins")


def nothing(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="without the window")


# Registries


def registry_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help="an id, a name, tenant/name or system/name of a registry"
    )


def registry_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="hidden registries too")


def registry_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("type", metavar="TYPE", nargs="?", help="see: registry types")
    parser.add_argument("--name", metavar="N", dest="new_name", help="what it is called here")
    _definition(parser)
    parser.add_argument("--no-check", action="store_true", help="add it without checking")
    parser.add_argument(
        "--confirm", action="store_true", help="yes, to what a type wants to have confirmed"
    )


def registry_edit(parser: argparse.ArgumentParser) -> None:
    registry_name(parser)
    parser.add_argument("--name", metavar="N", dest="new_name", help="another name")
    _definition(parser)
    parser.add_argument(
        "--no-check",
        action="store_true",
        help="as for add; a change is not checked anyway, registry check does that",
    )


def registry_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="NAME|TYPE", nargs="?", help="a registry, or a type with --set"
    )
    _values(parser)


def registry_remove(parser: argparse.ArgumentParser) -> None:
    registry_name(parser)
    parser.add_argument(
        "--forget", action="store_true", help="delete it now, with its catalog and its secrets"
    )


def registry_duplicate(parser: argparse.ArgumentParser) -> None:
    registry_name(parser)
    parser.add_argument("--name", metavar="N", dest="new_name", required=True, help="the new name")


def _definition(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scope", choices=("system", "tenant"), help="tenant unless given")
    _values(parser)


def _values(parser: argparse.ArgumentParser) -> None:
    repeated: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--set", metavar="K=V", **repeated, help="a value; may be repeated")
    parser.add_argument("--secret", metavar="K=env:VAR|K=-", **repeated, help="a secret")
    parser.add_argument("--from-file", metavar="F", help="values from a TOML file")
    parser.add_argument(
        "--allow-host",
        metavar="HOST",
        **repeated,
        help="another host that may be used: one that keeps documents is sent no sign-in, one "
        "that gives tokens is sent it",
    )


# Synchronization


def sync(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="registries; none: what is due")
    parser.add_argument(
        "--all", action="store_true", help="your own, and defaults that were synchronized once"
    )
    parser.add_argument("--full", action="store_true", help="ignore what is remembered")
    parser.add_argument(
        "--accept-held", action="store_true", help="remove what vanished, however much it is"
    )


def history(parser: argparse.ArgumentParser) -> None:
    registry_name(parser)
    parser.add_argument("--run", metavar="ID", type=_count, help="one run, with its changes")


def review(parser: argparse.ArgumentParser) -> None:
    registry_name(parser)
    decision = parser.add_mutually_exclusive_group(required=True)
    decision.add_argument("--accept", action="store_true", help="remove what vanished")
    decision.add_argument("--discard", action="store_true", help="keep it, and read all anew")


# Catalog


def search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="QUERY", nargs="+", help="words that must all occur")
    _kind(parser)
    parser.add_argument("--registry", metavar="N", help="only in this registry")
    parser.add_argument("--limit", metavar="L", type=_count, default=50, help="at most (50)")


def catalog_list(parser: argparse.ArgumentParser) -> None:
    _registry(parser)
    _kind(parser)
    parser.add_argument("--limit", metavar="L", type=_count, default=-1, help="at most")
    parser.add_argument("--offset", metavar="O", type=_count, default=0, help="leave out so many")


def catalog_show(parser: argparse.ArgumentParser) -> None:
    _artifact(parser)
    parser.add_argument("version", metavar="VERSION", nargs="?", default="")
    parser.add_argument(
        "--all", action="store_true", help="pre-releases, deprecated and gone versions too"
    )


def catalog_document(parser: argparse.ArgumentParser) -> None:
    _artifact(parser)
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument("document", metavar="DOCUMENT", choices=DOCUMENTS, help="|".join(DOCUMENTS))
    parser.add_argument("--fetch", action="store_true", help="download it if it is not here")


def catalog_save(parser: argparse.ArgumentParser) -> None:
    _artifact(parser)
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument("--to", metavar="DIR", default=".", help="an existing folder")


def _artifact(parser: argparse.ArgumentParser) -> None:
    _registry(parser)
    parser.add_argument("name", metavar="NAME", help="name or path of an artifact")
    _kind(parser)


def _registry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--registry", metavar="N", required=True, help="the registry")


def _kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", metavar="K", default="", help="only this kind of artifact")


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError("it must be a whole number, 0 or more, within reason")
    return int(text)


# Environments, tenants, plugins


def env_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the environment")


def env_add(parser: argparse.ArgumentParser) -> None:
    env_name(parser)
    parser.add_argument("--edition", metavar="E", required=True, help=_EDITIONS)


def env_edit(parser: argparse.ArgumentParser) -> None:
    env_name(parser)
    parser.add_argument("--name", metavar="N", dest="new_name", help="another name")
    parser.add_argument("--edition", metavar="E", help=_EDITIONS)


_EDITIONS = "none, saas, self-hosted, airgap, vertex or vertex-airgap"


def tenant_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the tenant")


def tenant_set(parser: argparse.ArgumentParser) -> None:
    tenant_name(parser)
    parser.add_argument("setting", metavar="allow-non-fips=true|false")
    parser.add_argument("--confirm", action="store_true", help="yes, that is what I want")


def plugin_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="DISTRIBUTION", help="see: plugins list")
