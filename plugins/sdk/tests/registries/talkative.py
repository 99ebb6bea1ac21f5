"""A registry type that does in its worker what its configuration says; it reads no network."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, BinaryIO, ClassVar

from msgspec.structs import replace
from pydantic import SecretStr

from registrykit import (
    Artifact,
    ArtifactKind,
    Check,
    Complete,
    Context,
    Document,
    Found,
    KnownElsewhere,
    Note,
    NotFound,
    Progress,
    Ref,
    RegistryConfig,
    RegistryType,
    SyncEvent,
    Throttled,
    Ui,
    Unreachable,
    Version,
    hookimpl,
)
from registrykit.frames import MAX_FRAME


class TalkativeConfig(RegistryConfig):
    act: Annotated[str, Ui("Act")] = "list"
    number: Annotated[int, Ui("Number")] = 3
    token: Annotated[SecretStr | None, Ui("Token")] = None


class Talkative(RegistryType[TalkativeConfig]):
    id: ClassVar[str] = "talkative"
    title: ClassVar[str] = "Talkative"
    Config: ClassVar[type[RegistryConfig]] = TalkativeConfig
    config_version: ClassVar[int] = 3
    kinds: ClassVar[tuple[ArtifactKind, ...]] = (ArtifactKind("package", "Package", "Packages"),)
    environment: ClassVar[tuple[str, ...]] = ("TALKATIVE",)

    def migrate(self, values: dict[str, Any], version: int) -> dict[str, Any]:
        return {"act": values["action"], "number": version}

    def endpoint(self, config: TalkativeConfig) -> str:
        return "http://127.0.0.1:9"

    def elsewhere(self, environ: Mapping[str, str]) -> Iterator[KnownElsewhere]:
        known = KnownElsewhere("Rumor", "~/rumors", "one", {"number": 7}, {"token": "canary-token"})
        act: Any = environ.get("TALKATIVE", ", ".join(environ))
        if act == "fail":
            yield known
            raise NotFound("There is no file.", cause="404")
        others: dict[str, Any] = {
            "dict": {"name": "two"},
            "float": replace(known, values={"number": 0.5}),
            "nested": replace(known, values={"act": {"a": "b"}}),
            "large": replace(known, secrets={"token": "x" * MAX_FRAME}),
        }
        yield known
        yield others.get(act) or replace(known, name=act, secrets={})

    def check(self, ctx: Context[TalkativeConfig]) -> Iterator[Check]:
        yield Check("first", "ok", "All is well.")
        yield Check("second", "warning", "Almost.", "odd", "Do nothing.", 0.5)

    def sync(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        events: Iterator[SyncEvent] = getattr(self, ctx.config.act)(ctx)
        yield from events

    def list(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        """Find versions of two artifacts in turn."""
        artifacts = [Artifact("package", "even"), Artifact("package", "odd")]
        for number in range(ctx.config.number):
            yield Found(artifacts[number % 2], Version(f"{number}.0.0"))
        yield Complete("", memory={"number": ctx.config.number})

    def ask(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        """Report what the host knows."""
        known = [[row.path, row.version] for row in ctx.known("a")]
        yield Note("known", json.dumps(known))
        yield Note("memory", json.dumps(dict(ctx.memory("a"))))
        yield Note("completed", json.dumps([ctx.completed("a"), ctx.completed("b")]))
        yield Note("policy", ctx.policy)

    def log(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        ctx.log.debug("not this")
        ctx.log.warning("%s lines", 1)
        ctx.log.error("x" * 5000)
        logging.getLogger("elsewhere").error("nor this")
        yield Complete("")

    def fail(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        yield Note("before", "before")
        raise Throttled("Slow down.", cause="too much", remedy="Wait.", code="slow", retry_after=7)

    def break_off(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        yield Found(Artifact("package", "a"), Version("1"))
        yield Complete("a", memory={"etag": "x"})
        raise Unreachable("The connection broke off.")

    def crawl(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        """Complete a prefix every tenth of a second, without a word on progress."""
        for number in range(20):
            yield Found(Artifact("package", f"r{number}"), Version("1"))
            yield Complete(f"r{number}")
            ctx.cancel.wait(0.1)

    def remember(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        """Remember a text of `number` bytes."""
        yield Complete("", memory={"x": "x" * ctx.config.number})

    def linger(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        """Report progress until cancelled, and say so at the end."""
        try:
            while True:
                yield Progress(1)
                time.sleep(0.01)
        finally:
            ctx.log.info("cleaned up")

    def hang(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        ctx.log.info("hanging")
        time.sleep(3600)
        yield Complete("")

    def read_input(self, ctx: Context[TalkativeConfig]) -> Iterator[SyncEvent]:
        yield Note("input", repr(sys.stdin.read()))

    def details(
        self, ctx: Context[TalkativeConfig], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        if artifact.path == "missing":
            raise NotFound("There is no file.", cause="404")
        yield Document(Ref(artifact.path, version.version), "readme", "# Read me")
        yield Document(Ref(artifact.path, version.version), "values", "a: 1")

    def save(
        self,
        ctx: Context[TalkativeConfig],
        artifact: Artifact,
        version: Version,
        stream: BinaryIO,
    ) -> str:
        for piece in range(ctx.config.number):
            stream.write(bytes([piece % 256]) * 1000)
        return f"{artifact.path}.bin"


@hookimpl
def register_registry_types() -> Iterable[RegistryType[Any]]:
    return [Talkative()]
