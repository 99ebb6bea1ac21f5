"""What a VerteX non-FIPS pack registry asks the user for, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel

from registrykit.forms import Problem, Ui
from registrykit.oci.config import OciSignIn, sign_in_problems
from registrykit.problems import tls_problems
from registrykit.registry import RegistryConfig
from registrykit_vertex_nonfips import places

_CUSTOM = {"preset": "custom"}


class _RegistryFields(BaseModel):
    """The fields that stand before those for the sign-in.

    pydantic orders fields from the last base class to the first, and a form follows that order.
    """

    preset: Annotated[
        Literal["production", "community", "custom"],
        Ui(
            "Registry",
            "Endpoint and base content path of the vendor's own registries are known. Their "
            "credentials come from the vendor's support.",
            choice_labels={
                "production": "OCI Pack Registry (production)",
                "community": "Spectro Cloud Community Registry (community)",
                "custom": "Another registry",
            },
        ),
    ] = "production"
    endpoint: Annotated[
        str,
        Ui(
            "Endpoint",
            "Host of the OCI registry, with or without a scheme.",
            placeholder="123456789012.dkr.ecr.us-east-1.amazonaws.com",
            kind="url",
            show_if=_CUSTOM,
        ),
    ] = ""
    base_content_path: Annotated[
        list[str],
        Ui(
            "Base content path",
            "Packs are read from spectro-packs/archive below it, which is added by itself; several "
            "are read one after another.",
            placeholder="production",
            show_if=_CUSTOM,
        ),
    ] = []


class VertexNonFipsConfig(RegistryConfig, OciSignIn, _RegistryFields):
    """Everything that is known about one such registry before it is asked."""

    auth: Annotated[
        Literal["ecr", "basic"],
        Ui(
            "Authentication",
            "Sent to the registry's own host, and to a host for tokens only if you approved it.",
            choice_labels={"ecr": "AWS (Amazon ECR)", "basic": "User name and password"},
        ),
    ] = "ecr"


def problems(config: VertexNonFipsConfig) -> Iterator[Problem]:
    """Yield what cannot work, field by field."""
    if config.preset == "custom":
        yield from places.troubles(config.endpoint, config.base_content_path)
    else:
        yield from places.contradictions(config.preset, config.endpoint, config.base_content_path)
    place = places.where(config.preset, config.endpoint, config.base_content_path)
    yield from sign_in_problems(config, place.address if place else None)
    yield from tls_problems(config)
