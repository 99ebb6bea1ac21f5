"""Which function answers which command, and what it needs of the data directory."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from desktop.app import App
from desktop.cli import catalog, definitions, environments, plugins, registries, sync
from desktop.cli.output import Output


@dataclass(frozen=True)
class Command:
    """A command; only one that writes keeps others from writing, and needs that nobody does."""

    answer: Callable[[App, Namespace, Output], int]
    writes: Callable[[Namespace], bool]


def _reads(_args: Namespace) -> bool:
    return False


def _writes(_args: Namespace) -> bool:
    return True


def _fetches(args: Namespace) -> bool:
    return bool(args.fetch)


COMMANDS = {
    "registry types": Command(registries.types, _reads),
    "registry list": Command(registries.list_all, _reads),
    "registry show": Command(registries.show, _reads),
    "registry add": Command(definitions.add, _writes),
    "registry edit": Command(registries.edit, _writes),
    "registry check": Command(definitions.check, _reads),
    "registry remove": Command(registries.remove, _writes),
    "registry restore": Command(registries.restore, _writes),
    "registry hide": Command(registries.hide, _writes),
    "registry unhide": Command(registries.unhide, _writes),
    "registry duplicate": Command(registries.duplicate, _writes),
    "sync": Command(sync.sync, _writes),
    "history": Command(sync.history, _reads),
    "review": Command(sync.review, _writes),
    "search": Command(catalog.search, _reads),
    "catalog list": Command(catalog.list_all, _reads),
    "catalog show": Command(catalog.show, _reads),
    "catalog document": Command(catalog.document, _fetches),
    "catalog save": Command(catalog.save, _reads),
    "env list": Command(environments.list_all, _reads),
    "env add": Command(environments.add, _writes),
    "env edit": Command(environments.edit, _writes),
    "env remove": Command(environments.remove, _writes),
    "tenant list": Command(environments.list_tenants, _reads),
    "tenant add": Command(environments.add_tenant, _writes),
    "tenant set": Command(environments.set_tenant, _writes),
    "tenant remove": Command(environments.remove_tenant, _writes),
    "plugins list": Command(plugins.list_all, _reads),
    "plugins doctor": Command(plugins.doctor, _writes),
    "plugins enable": Command(plugins.enable, _writes),
    "plugins disable": Command(plugins.disable, _writes),
}
