"""A real worker process that offers the scripted type instead of an installed plugin."""

from __future__ import annotations

from typing import Any

import registrykit.plugins
import registrykit.worker
from registrykit import RegistryType
from tests.scripted import ScriptedRegistry


def load_types(distribution_name: str) -> list[RegistryType[Any]]:
    return [ScriptedRegistry()]


registrykit.plugins.load_types = load_types

if __name__ == "__main__":
    registrykit.worker.main()
