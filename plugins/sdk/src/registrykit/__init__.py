"""Registrykit: everything that a plugin for Registry Desktop needs, and nothing of the program.

The names below are loaded when they are first used: a program that only reads its store should not
wait for the libraries that forms and configurations need.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registrykit.artifacts import (
        Artifact,
        ArtifactKind,
        Column,
        Command,
        Dependency,
        Version,
    )
    from registrykit.elsewhere import KnownElsewhere
    from registrykit.errors import (
        BadAnswer,
        BadConfig,
        Cancelled,
        NotAllowed,
        NotFound,
        PluginFault,
        RegistryError,
        SignInFailed,
        Throttled,
        Unreachable,
        UntrustedTls,
    )
    from registrykit.events import (
        Check,
        Complete,
        Document,
        Found,
        Known,
        Note,
        Progress,
        Ref,
        Skip,
        SyncEvent,
        Unchanged,
    )
    from registrykit.forms import Problem, Ui
    from registrykit.hooks import hookimpl, hookspec
    from registrykit.registry import RegistryConfig, RegistryType, SyncRule
    from registrykit.sync import Context
    from registrykit.urls import Basic, Bearer, Credentials, Origin

__version__ = "0.1.0"

_PLACES = {
    "artifacts": "Artifact ArtifactKind Column Command Dependency Version",
    "elsewhere": "KnownElsewhere",
    "errors": "BadAnswer BadConfig Cancelled NotAllowed NotFound "
    "PluginFault RegistryError SignInFailed Throttled Unreachable UntrustedTls",
    "events": "Check Complete Document Found Known Note Progress Ref Skip SyncEvent Unchanged",
    "forms": "Problem Ui",
    "hooks": "hookimpl hookspec",
    "registry": "RegistryConfig RegistryType SyncRule",
    "sync": "Context",
    "urls": "Basic Bearer Credentials Origin",
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names.split()}

__all__ = [
    "Artifact",
    "ArtifactKind",
    "BadAnswer",
    "BadConfig",
    "Basic",
    "Bearer",
    "Cancelled",
    "Check",
    "Column",
    "Command",
    "Complete",
    "Context",
    "Credentials",
    "Dependency",
    "Document",
    "Found",
    "Known",
    "KnownElsewhere",
    "NotAllowed",
    "NotFound",
    "Note",
    "Origin",
    "PluginFault",
    "Problem",
    "Progress",
    "Ref",
    "RegistryConfig",
    "RegistryError",
    "RegistryType",
    "SignInFailed",
    "Skip",
    "SyncEvent",
    "SyncRule",
    "Throttled",
    "Ui",
    "Unchanged",
    "Unreachable",
    "UntrustedTls",
    "Version",
    "hookimpl",
    "hookspec",
]


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"registrykit.{module}"), name)
    globals()[name] = found
    return found
