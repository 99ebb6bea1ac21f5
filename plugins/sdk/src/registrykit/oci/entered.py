"""What people enter as the place of an OCI registry, and what is wrong with it.

For `RegistryType.validate` of types with the fields `endpoint` and `base_content_path`. Nothing
here touches the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from registrykit.artifacts import lies_under
from registrykit.errors import BadConfig
from registrykit.forms import Problem
from registrykit.oci.addresses import Address, read_address
from registrykit.oci.content.source import ARCHIVE
from registrykit.oci.names import repository_path
from registrykit.problems import host_trouble

_JFROG = re.compile(r"(.*/)?artifactory(/api(/docker)?)?")


def read(endpoint: str, suffix: str = "") -> tuple[Address | None, Problem | None]:
    """Return the address that was entered, or what is wrong with it; one of them is None."""
    try:
        address = read_address(endpoint)
    except BadConfig as error:
        return None, Problem("endpoint", f"{error} {error.cause}".strip(), error.remedy)
    if trouble := host_trouble(address.origin.host):
        return None, Problem("endpoint", *trouble)
    if address.base.endswith(("index.yaml", "index.yml")):
        return None, Problem(
            "endpoint",
            "This is the index of a Helm repository, not an OCI registry.",
            "Add it as a Helm repository.",
        )
    if suffix.strip():
        try:
            return read_address(endpoint, suffix), None
        except BadConfig as error:
            return None, Problem("endpoint_suffix", f"{error} {error.cause}", error.remedy)
    if _JFROG.fullmatch(address.base):
        return None, Problem(
            "endpoint",
            "The path of JFrog Artifactory is not complete.",
            f"Enter {address.origin}/artifactory/api/docker/KEY, with the key of the repository.",
        )
    return address, None


def path_problems(field: str, paths: Sequence[str], host: str) -> Iterator[Problem]:
    """Yield what is wrong with the first of the paths that cannot be one; `host` may be empty."""
    for path in paths:
        text = re.sub(r"^[a-z]+://", "", path.strip(), flags=re.I)
        if text != path.strip() or (host and lies_under(text.lower(), host)):
            yield Problem(
                field,
                f"{_shown(path)} begins with the address of a registry.",
                "Enter the path alone, without the host before it.",
            )
            return
        try:
            repository_path(path)
        except BadConfig as error:
            yield Problem(field, f"{error} {error.cause}", error.remedy)
            return


def overlaps(provider: str, paths: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem where something would be read twice."""
    try:
        found = [repository_path(path) for path in paths if path.strip()]
    except BadConfig:
        return
    places = [f"{path}/{ARCHIVE}" if provider == "pack" else path for path in found]
    for number, place in enumerate(places):
        for other, earlier in enumerate(places[:number]):
            if place == earlier:
                message = f"{_shown(found[number])} stands here twice."
            elif lies_under(place, earlier):
                message = f"{_shown(found[number])} lies under {_shown(found[other])}."
            elif lies_under(earlier, place):
                message = f"{_shown(found[other])} lies under {_shown(found[number])}."
            else:
                continue
            yield Problem(
                "base_content_path",
                f"{message} What is there would be read twice.",
                "Leave one of them out.",
            )
            return


def _shown(text: str, longest: int = 80) -> str:
    text = "".join(sign if sign.isprintable() else "?" for sign in text.strip())
    return text if len(text) <= longest else text[: longest - 1] + "…"
