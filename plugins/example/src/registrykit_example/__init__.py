"""The tutorial's plugin: JSON feeds, one file that lists packages and their versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, BinaryIO, ClassVar, Literal

import msgspec
from pydantic import SecretStr

from registrykit import (
    Artifact,
    ArtifactKind,
    BadAnswer,
    Check,
    Column,
    Complete,
    Context,
    Document,
    Found,
    Problem,
    Progress,
    Ref,
    RegistryConfig,
    RegistryType,
    Skip,
    SyncEvent,
    Ui,
    Unchanged,
    Version,
    checks,
    hookimpl,
)
from registrykit.urls import join


class Feed(msgspec.Struct):
    """The file; its entries are read one by one, so that a broken one costs only itself."""

    packages: list[dict[str, Any]]
    updated: str = ""


class Entry(msgspec.Struct):
    """One version of a package; `file` and `notes` are addresses relative to the feed."""

    version: str
    file: str
    sha256: str = ""
    size: int | None = None
    released: str = ""
    notes: str = ""


class FeedConfig(RegistryConfig):
    endpoint: Annotated[
        str,
        Ui("Feed URL", placeholder="https://feed.example.com/packages.json", kind="url"),
    ]
    auth: Annotated[
        Literal["none", "token"],
        Ui("Sign-in", choice_labels={"none": "Not needed", "token": "Token"}),
    ] = "none"
    token: Annotated[SecretStr | None, Ui("Token", show_if={"auth": "token"})] = None


class FeedRegistry(RegistryType[FeedConfig]):
    """A JSON feed: one address, one file."""

    id: ClassVar[str] = "json-feed"
    title: ClassVar[str] = "JSON feed"
    summary: ClassVar[str] = "Packages that are listed in one JSON file on a web server."
    Config: ClassVar[type[RegistryConfig]] = FeedConfig
    kinds: ClassVar[tuple[ArtifactKind, ...]] = (
        ArtifactKind("package", "Package", "Packages", (Column("notes", "Notes"),)),
    )

    def validate(self, config: FeedConfig) -> Iterable[Problem]:
        if config.auth == "token" and config.token is None:
            yield Problem("token", "The token is missing.", "Enter the token of the feed.")

    def endpoint(self, config: FeedConfig) -> str:
        return config.endpoint

    def guess(self, url: str) -> float:
        return 0.6 if url.partition("?")[0].endswith(".json") else 0.0

    def check(self, ctx: Context[FeedConfig]) -> Iterator[Check]:
        def listing() -> str:
            feed = read(ctx.http.get(ctx.config.endpoint).body)
            return f"The feed lists {len(feed.packages)} packages."

        yield from checks.run(ctx.http, ctx.config.endpoint, [("listing", listing)])

    def sync(self, ctx: Context[FeedConfig]) -> Iterator[SyncEvent]:
        memory = ctx.memory("")
        answer = ctx.http.get(ctx.config.endpoint, etag=memory.get("etag", ""))
        if answer.not_modified:
            yield Unchanged("")
            return
        feed = read(answer.body)
        for done, package in enumerate(feed.packages, start=1):
            ctx.cancel.check()
            yield from versions(package, ctx.config.endpoint)
            yield Progress(done, len(feed.packages), "packages")
        yield Complete("", memory={"etag": answer.etag}, as_of=feed.updated)

    def details(
        self, ctx: Context[FeedConfig], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        notes = version.facts.get("notes")
        if notes:
            text = ctx.http.get(notes, max_bytes=1024 * 1024).body.decode("utf-8", "replace")
            ref = Ref(artifact.path, version.version, artifact.kind)
            yield Document(ref, "readme", text, "text/markdown")

    def save(
        self, ctx: Context[FeedConfig], artifact: Artifact, version: Version, stream: BinaryIO
    ) -> str:
        digest = hashlib.sha256()
        with ctx.http.stream(version.urls[0]) as download:
            for piece in download:
                digest.update(piece)
                stream.write(piece)
        if version.digest and version.digest != f"sha256:{digest.hexdigest()}":
            raise BadAnswer("The file is not the one that the feed lists: its digest differs.")
        return f"{artifact.shown_name}-{version.version}.tgz"


def read(body: bytes) -> Feed:
    """Return the feed in `body`; raises BadAnswer if it is something else."""
    try:
        return msgspec.json.decode(body, type=Feed)
    except msgspec.DecodeError as error:
        raise BadAnswer("The address does not hold a JSON feed.", cause=str(error)) from None


def versions(package: dict[str, Any], base: str) -> Iterator[Found | Skip]:
    """Yield what an entry of the feed lists, and what of it cannot be read."""
    name = str(package.get("name", ""))
    artifact = Artifact("package", name, description=str(package.get("summary", "")))
    for listed in package.get("versions") or ():
        try:
            entry = msgspec.convert(listed, Entry)
            file = join(base, entry.file)
            notes = join(base, entry.notes) if entry.notes else ""
        except (msgspec.ValidationError, BadAnswer) as error:
            yield Skip(Ref(name), f"an entry cannot be read: {error}")
            continue
        version = Version(
            entry.version,
            digest=f"sha256:{entry.sha256}" if entry.sha256 else "",
            size=entry.size,
            created=entry.released,
            urls=(file,),
            facts={"notes": notes} if notes else {},
        )
        yield Found(artifact, version)


@hookimpl
def register_registry_types() -> Iterable[RegistryType[Any]]:
    return [FeedRegistry()]
