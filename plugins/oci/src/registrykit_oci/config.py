"""What an OCI registry asks the user for, and what can be wrong with it before any request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel

from registrykit.forms import Problem, Ui
from registrykit.oci import entered
from registrykit.oci.config import OciSignIn, sign_in_problems
from registrykit.problems import tls_problems
from registrykit.registry import RegistryConfig
from registrykit_oci import address


class _RegistryFields(BaseModel):
    """The fields that stand before those for the sign-in.

    pydantic orders fields from the last base class to the first, and a form follows that order.
    """

    endpoint: Annotated[
        str,
        Ui(
            "Endpoint",
            "Host of the registry. With JFrog Artifactory also the path of its API, "
            "/artifactory/api/docker/KEY.",
            placeholder="registry.example.com",
            kind="url",
        ),
    ]
    provider_type: Annotated[
        Literal["any", "helm", "zarf", "pack"],
        Ui(
            "Contents",
            "What is listed; anything else that lies there is left out.",
            choice_labels={
                "any": "Everything",
                "helm": "Helm charts",
                "zarf": "Zarf packages",
                "pack": "Packs",
            },
        ),
    ] = "any"
    base_content_path: Annotated[
        list[str],
        Ui(
            "Base content path",
            "Where to begin, such as a project; several are read one after another. Packs are read "
            "from spectro-packs/archive below it, which is added by itself.",
            placeholder="acme",
        ),
    ] = []
    repositories: Annotated[
        list[str],
        Ui(
            "Repositories",
            "Paths below the endpoint, for a registry that shows no list of what it holds, such as "
            "ghcr.io and Docker Hub.",
            placeholder="acme/charts/nginx",
        ),
    ] = []
    endpoint_suffix: Annotated[
        str,
        Ui(
            "Endpoint suffix",
            "Path of the API behind the endpoint, where it is not /v2 of the host.",
            "More",
            placeholder="artifactory/api/docker/KEY",
        ),
    ] = ""


class _Switch(BaseModel):
    synchronization: Annotated[
        bool,
        Ui(
            "Synchronization",
            "Reads the registry every 24 hours. Switched off, it is read once when it is added, "
            "and afterwards by hand. For Zarf packages this cannot be changed later.",
            show_if={"provider_type": ("any", "helm", "zarf")},
        ),
    ] = True


class OciConfig(RegistryConfig, _Switch, OciSignIn, _RegistryFields):
    """Everything that is known about one OCI registry before it is asked."""


def problems(config: OciConfig) -> Iterator[Problem]:
    """Yield what cannot work, field by field."""
    place, trouble = entered.read(config.endpoint, config.endpoint_suffix)
    if trouble is not None:
        yield trouble
    host = place.origin.authority if place else ""
    yield from entered.path_problems("base_content_path", config.base_content_path, host)
    yield from entered.path_problems("repositories", config.repositories, host)
    if place is not None:
        yield from entered.overlaps(config.provider_type, config.base_content_path)
        if config.synchronization or config.provider_type == "pack":
            yield from address.missing_list(place, config.repositories)
    yield from sign_in_problems(config, place)
    yield from tls_problems(config)
