"""The demo's servers: those that plugins are tested with, filled with the demo's content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from desktop.demo.charts import ChartFolder
from desktop.demo.content import Content
from desktop.demo.uploads import Shelf
from registrykit.testing.oci import OciSite
from registrykit.testing.pack_sites import LegacyPackSite
from registrykit.testing.servers import HelmSite
from registrykit.testing.tokens import TokenServer
from registrykit.urls import Basic

Certificate = tuple[Path, Path]
"""The paths of a certificate and of its key."""


@dataclass(frozen=True)
class Served:
    """A server, not started yet, and what puts the content of a step on it; steps come in order."""

    site: HelmSite | OciSite | LegacyPackSite
    publish: Callable[[int], None]


def charts(folder: ChartFolder, sign_in: Basic | None, tls: Certificate | None) -> Served:
    """Serve a Helm repository."""
    site = HelmSite(base="/charts", sign_in=sign_in, tls=tls)

    def publish(step: int) -> None:
        repository = folder.at(step)
        site.publish(repository.index_yaml, repository.files)

    return Served(site, publish)


def packs(shelf: Shelf, sign_in: Basic | None, tls: Certificate | None) -> Served:
    """Serve packs as a legacy pack registry does."""
    # Kept file by file nothing is packed by the server, so that all bytes are the demo's own.
    site = LegacyPackSite(sign_in=sign_in, tls=tls, shape="files")

    groups = shelf.about.get("groups", {})

    def publish(step: int) -> None:
        found: dict[str, dict[str, Mapping[str, bytes]]] = {}
        for pack, again in shelf.packs(step):
            group = groups.get(f"{pack.name}:{pack.version}")
            tag = f"{group}__{pack.version}" if group else pack.version
            found.setdefault(pack.name, {})[tag] = pack.files(again)
        site.publish(found)

    return Served(site, publish)


def images(shelf: Shelf, sign_in: Basic | None, tls: Certificate | None, *, tokens: bool) -> Served:
    """Serve an OCI registry, which gives tokens for the password if it wants `tokens`."""
    server = None
    if tokens and sign_in is not None:
        server = TokenServer({sign_in.username: sign_in.password}, service="registry")
    site = OciSite(sign_in=sign_in, tokens=server, tls=tls)
    there: dict[tuple[str, str], bool] = {}

    def publish(step: int) -> None:
        wanted = {(one.repository, one.tag): one for one in shelf.uploads(step)}
        for repository, tag in there.keys() - wanted.keys():
            site.delete(repository, tag)
            del there[repository, tag]
        for place, upload in wanted.items():
            if there.get(place) != upload.republished:
                upload.push(site)
                there[place] = upload.republished

    return Served(site, publish)


def serve(
    server: str,
    content: Content,
    folder: str,
    sign_in: Basic | None,
    tls: Certificate | None,
    *,
    tokens: bool = False,
) -> Served:
    """Return a server of one of the three kinds that estate.toml knows."""
    if server == "charts":
        return charts(content.charts(folder), sign_in, tls)
    if server == "packs":
        return packs(content.shelf(folder), sign_in, tls)
    return images(content.shelf(folder), sign_in, tls, tokens=tokens)
