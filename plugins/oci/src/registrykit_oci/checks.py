"""The connection check: the stages of every OCI registry, and what Palette could not read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from registrykit.checks import run
from registrykit.events import Check
from registrykit.oci.content import Source, content_stages

if TYPE_CHECKING:
    from registrykit.sync import Context
    from registrykit_oci.config import OciConfig


def check(ctx: Context[OciConfig], source: Source) -> Iterator[Check]:
    """Yield name, proxy, dns, tcp, tls, protocol, sign-in, listing and content."""
    zarf_on_amazon = ctx.config.provider_type == "zarf" and ctx.config.auth == "ecr"
    for stage in run(ctx.http, source.address.api, content_stages(ctx.http, source)):
        if zarf_on_amazon and (stage.stage, stage.verdict) == ("content", "ok"):
            yield replace(
                stage,
                verdict="warning",
                message=f"{stage.message} Palette does not read Zarf packages from Amazon ECR.",
                code="zarf-on-ecr",
                remedy="For use in Palette, keep them in a registry with user name and password.",
            )
        else:
            yield stage
