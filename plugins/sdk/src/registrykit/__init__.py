"""Registrykit: everything that a plugin for Registry Desktop needs, and nothing of the program."""

from __future__ import annotations

from registrykit.artifacts import Artifact, ArtifactKind, Column, Dependency, Version
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
    "Complete",
    "Context",
    "Credentials",
    "Dependency",
    "Document",
    "Found",
    "Known",
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
