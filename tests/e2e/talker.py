"""A plugin that says its token wherever it may say something; `act` chooses where."""

from __future__ import annotations

import base64
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from registrykit import (
    Artifact,
    ArtifactKind,
    Check,
    Complete,
    Context,
    Document,
    Found,
    Note,
    Ref,
    RegistryConfig,
    RegistryType,
    SignInFailed,
    Skip,
    SyncEvent,
    Ui,
    Version,
    hookimpl,
)

ACTS = ("logs", "notes", "skips", "raises", "fails", "dies", "misses", "prints")


class TalkerConfig(RegistryConfig):
    endpoint: Annotated[str, Ui("Endpoint", kind="url")]
    act: Annotated[str, Ui("Act")] = "logs"
    token: Annotated[SecretStr | None, Ui("Token")] = None


class Talker(RegistryType[TalkerConfig]):
    id: ClassVar[str] = "talker"
    title: ClassVar[str] = "Talker"
    Config: ClassVar[type[RegistryConfig]] = TalkerConfig
    kinds: ClassVar[tuple[ArtifactKind, ...]] = (ArtifactKind("package", "Package", "Packages"),)

    def endpoint(self, config: TalkerConfig) -> str:
        return config.endpoint

    def check(self, ctx: Context[TalkerConfig]) -> Iterator[Check]:
        token = _token(ctx)
        ctx.log.warning("about to try %s", token)
        yield Check("listing", "failed", f"{token} is wrong.", "wrong", f"Do not use {token}.")

    def sync(self, ctx: Context[TalkerConfig]) -> Iterator[SyncEvent]:
        token = _token(ctx)
        packed = base64.b64encode(f"user:{token}".encode()).decode()
        act = ctx.config.act
        if act == "logs":
            ctx.log.warning("signed in with %s", token)
            ctx.log.info("GET /?token=%s", quote(token, safe=""))
            ctx.log.error("Authorization: Basic %s, and once more: %s", packed, packed)
            logging.getLogger("registrykit.http").debug("sent %s", token)
        elif act == "notes":
            yield Note("signed-in", f"Signed in with {token}, which is {packed}.")
        elif act == "skips":
            yield Skip(Ref("other", "1.0.0", "package"), f"not readable with {token}")
        elif act == "raises":
            raise ValueError(f"no access with {token}")
        elif act == "fails":
            raise SignInFailed(f"No with {token}.", cause=f"Bad: {packed}.", remedy=f"Not {token}.")
        elif act == "dies":
            print(f"fatal: {token}", file=sys.stderr, flush=True)
            os._exit(3)
        elif act == "prints":
            print(f"using {token}", flush=True)
        yield Found(Artifact("package", "app"), Version("1.0.0"))
        yield Complete("")

    def details(
        self, ctx: Context[TalkerConfig], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        if ctx.config.act == "misses":
            raise SignInFailed(f"No document with {_token(ctx)}.", cause=_token(ctx))
        return ()


def _token(ctx: Context[Any]) -> str:
    token: SecretStr = ctx.config.token
    return token.get_secret_value()


@hookimpl
def register_registry_types() -> list[RegistryType[Any]]:
    return [Talker()]
