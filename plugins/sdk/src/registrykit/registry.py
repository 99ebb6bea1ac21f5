"""The contract of a registry type: one object that says everything about one type of registry.

Methods above the line in the class are pure and fast and run in the host program; those below run
in a worker process, where network and untrusted bytes are met.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from registrykit.artifacts import Artifact, ArtifactKind, Command, Version
from registrykit.errors import NotFound
from registrykit.forms import Problem, Ui
from registrykit.urls import Basic, Bearer, Credentials, Origin

if TYPE_CHECKING:
    from registrykit.elsewhere import KnownElsewhere
    from registrykit.events import Check, Document, SyncEvent
    from registrykit.sync import Context

ALL_EDITIONS = frozenset({"none", "saas", "self-hosted", "airgap", "vertex", "vertex-airgap"})

SyncRule = Literal["always", "optional", "fixed-at-creation"]
"""Whether synchronization can be switched off: never, at any time, or only when adding."""


class RegistryConfig(BaseModel):
    """What every type of registry asks for; a type adds its own fields in a subclass.

    Fields that hold secrets are `SecretStr | None`: the program keeps them in the operating
    system's keyring and everything else in its database.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: Annotated[
        str, Ui("Description", "For yourself and your colleagues.", "More", kind="multiline")
    ] = ""
    documents: Annotated[
        Literal["latest", "all", "on-demand"],
        Ui(
            "Documents",
            "README, values and schema are not in a listing; this says which are downloaded.",
            "More",
            choice_labels={
                "latest": "Of the newest stable version of each artifact",
                "all": "Of every version",
                "on-demand": "Only when asked for",
            },
        ),
    ] = "latest"
    ca_certificate: Annotated[
        str,
        Ui(
            "CA certificate",
            "PEM text of the certificate authority that signed the server's certificate, in "
            "addition to those that the operating system trusts.",
            "Security",
            kind="pem",
        ),
    ] = ""
    client_certificate: Annotated[
        str, Ui("Client certificate", "PEM text.", "Security", kind="pem")
    ] = ""
    client_key: Annotated[
        SecretStr | None, Ui("Client key", "PEM text of the private key.", "Security")
    ] = None
    insecure_skip_verify: Annotated[
        bool,
        Ui(
            "Skip TLS verification",
            "Accepts any certificate, so anybody on the way can read and change what is sent.",
            "Security",
        ),
    ] = False


C = TypeVar("C", bound=RegistryConfig)


class RegistryType(ABC, Generic[C]):
    """One type of registry. `id` is stored with the user's registries, so it stays for ever.

    `confirmation` is a sentence that the user has to confirm before one is added; that is recorded.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    help_url: ClassVar[str] = ""
    confirmation: ClassVar[str] = ""
    editions: ClassVar[frozenset[str]] = ALL_EDITIONS
    Config: ClassVar[type[RegistryConfig]]
    config_version: ClassVar[int] = 1
    kinds: ClassVar[tuple[ArtifactKind, ...]] = ()
    environment: ClassVar[tuple[str, ...]] = ()

    # Pure: no network, no files, under 50 ms. They run in the host program.

    def migrate(self, values: dict[str, Any], version: int) -> dict[str, Any]:
        """Return stored values of an older `config_version` in today's shape."""
        return values

    def validate(self, config: C) -> Iterable[Problem]:
        """Yield what is wrong with a config that the model itself accepts."""
        return ()

    @abstractmethod
    def endpoint(self, config: C) -> str:
        """Return the address that lists show."""

    def origins(self, config: C) -> frozenset[Origin]:
        """Return where credentials may go; nothing else ever receives them."""
        return frozenset({Origin.of(self.endpoint(config))})

    def identity(self, config: C) -> str:
        """Return a text that is equal for two spellings of the same registry."""
        return self.endpoint(config).rstrip("/").lower()

    def sync_rule(self, config: C) -> SyncRule:
        return "always"

    def guess(self, url: str) -> float:
        """Return how likely the URL is a registry of this type, 0.0 to 1.0, by its look alone."""
        return 0.0

    def credentials(self, config: C) -> Credentials | None:
        """Return how to sign in; by default from `auth`, `username`, `password` and `token`."""
        auth = getattr(config, "auth", "none")
        if auth == "basic":
            password = getattr(config, "password", None)
            return Basic(getattr(config, "username", ""), _plain(password))
        if auth == "token":
            return Bearer(_plain(getattr(config, "token", None)))
        return None

    def commands(self, config: C, artifact: Artifact, version: Version) -> Iterable[Command]:
        """Yield command lines by which other tools get this version; secrets are left out.

        Names and versions come from the registry: quote them.
        """
        return ()

    # In a worker process: network and untrusted bytes.

    def elsewhere(self, environ: Mapping[str, str]) -> Iterable[KnownElsewhere]:
        """Yield the registries that other tools on this machine know; without any network.

        `environ` holds the variables that the attribute `environment` names, as far as they are
        set; where there are none of them, the type is not asked.
        """
        return ()

    def check(self, ctx: Context[C]) -> Iterator[Check]:
        """Yield the stages of the connection check; by default only whether it can be reached."""
        from registrykit.checks import connection

        yield from connection(ctx.http, self.endpoint(ctx.config))

    @abstractmethod
    def sync(self, ctx: Context[C]) -> Iterator[SyncEvent]:
        """Yield what the registry holds now."""

    def details(self, ctx: Context[C], artifact: Artifact, version: Version) -> Iterable[Document]:
        """Yield the documents of one version; they are asked for after the listing is stored."""
        return ()

    def save(self, ctx: Context[C], artifact: Artifact, version: Version, stream: BinaryIO) -> str:
        """Write the artifact's bytes to `stream` and return the file name it should have."""
        raise NotFound(
            f"{self.title} registries cannot save artifacts to disk.",
            code="not-supported",
            remedy="Use the registry's own tool to download it.",
        )


def _plain(secret: SecretStr | str | None) -> str:
    if isinstance(secret, SecretStr):
        return secret.get_secret_value()
    return secret or ""
