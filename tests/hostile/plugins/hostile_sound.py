# mypy: ignore-errors
"""A type that keeps the contract; every specimen inherits it and breaks one thing."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import SecretStr

from registrykit import (
    Artifact,
    ArtifactKind,
    Check,
    Complete,
    Document,
    Found,
    KnownElsewhere,
    Ref,
    RegistryConfig,
    RegistryError,
    RegistryType,
    Ui,
    Unchanged,
    Version,
    hookimpl,
)


class SoundConfig(RegistryConfig):
    endpoint: Annotated[str, Ui("Endpoint", kind="url")]
    auth: Annotated[Literal["none", "token"], Ui("Sign-in")] = "none"
    token: Annotated[SecretStr | None, Ui("Token", show_if={"auth": "token"})] = None


class Sound(RegistryType[SoundConfig]):
    id = "hostile-sound"
    title = "Sound"
    Config = SoundConfig
    kinds = (ArtifactKind("package", "Package", "Packages"),)
    environment = ("SPECIMEN_SHELF",)

    def endpoint(self, config):
        return config.endpoint

    def elsewhere(self, environ):
        shelf = Path(environ["SPECIMEN_SHELF"])
        for name, (url, token) in json.loads(shelf.read_text("utf-8")).items():
            values = {"endpoint": url, "auth": "token"}
            yield KnownElsewhere("Shelf", shelf.name, name, values, {"token": token})

    def check(self, ctx):
        try:
            self.read(ctx)
        except RegistryError as error:
            yield Check("listing", "failed", str(error), error.code, error.remedy)
        else:
            yield Check("listing", "ok", "The listing can be read.")

    def read(self, ctx, etag=""):
        return ctx.http.get(f"{ctx.config.endpoint}/listing.json", etag=etag)

    def sync(self, ctx):
        answer = self.read(ctx, ctx.memory("").get("etag", ""))
        if answer.not_modified:
            yield Unchanged("")
            return
        yield from self.found(answer)
        yield Complete("", memory={"etag": answer.etag})

    def found(self, answer):
        for name, versions in json.loads(answer.body).items():
            artifact = Artifact("package", name)
            for version in versions:
                digest = "sha256:" + hashlib.sha256(f"{name} {version}".encode()).hexdigest()
                yield Found(artifact, Version(version, digest=digest))

    def details(self, ctx, artifact, version):
        yield Document(Ref(artifact.path, version.version), "readme", "# Read me")

    def save(self, ctx, artifact, version, stream):
        url = f"{ctx.config.endpoint}/{artifact.path}/{version.version}"
        stream.write(ctx.http.get(url).body)
        return f"{artifact.path}-{version.version}.txt"


def hook_for(kind):
    """Return the hook of a plugin with this one type."""

    @hookimpl
    def register_registry_types():
        return [kind()]

    return register_registry_types


register_registry_types = hook_for(Sound)
