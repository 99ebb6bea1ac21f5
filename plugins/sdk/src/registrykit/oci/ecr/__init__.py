"""Read Amazon ECR with AWS keys: its sign-in and its list of repositories.

    host = ecr_host(address.origin.host)
    if host is not None:
        ecr = Ecr(ctx.http, host, AwsKeys("AKIA…", "…"))
        registry = Registry(ctx.http, address, ecr.sign_in)
        names = ecr.repositories(address.base)

A type adds `host.origins` to its own, so that its client may ask the API. Keys sign requests to
that API and are never sent; needs the extra `registrykit[ecr]`. Provisional until 1.0.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registrykit.oci.ecr.client import Ecr
    from registrykit.oci.ecr.hosts import EcrHost, ecr_host
    from registrykit.oci.ecr.keys import AwsKeys

_PLACES = {"AwsKeys": "keys", "Ecr": "client", "EcrHost": "hosts", "ecr_host": "hosts"}

__all__ = ["AwsKeys", "Ecr", "EcrHost", "ecr_host"]


def __getattr__(name: str) -> object:
    module = _PLACES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found
