"""What a registry type works with while it synchronizes, checks, or fetches documents."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import msgspec

from registrykit.cancel import CancelToken
from registrykit.errors import BadConfig

if TYPE_CHECKING:
    import socket

    from registrykit.events import Known
    from registrykit.http import Http
    from registrykit.registry import RegistryConfig, RegistryType

C = TypeVar("C", bound="RegistryConfig")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Settings(msgspec.Struct, frozen=True):
    """What the user decided about a job, apart from the registry's own configuration.

    `documents` is the registry's document policy. `full` asks to ignore what is remembered.
    `proxy` is `none` or a URL, or empty for those in `proxies` (scheme to URL). `approved` are
    hosts other than the registry's own that the user allowed; `anywhere` lifts that for one
    request of the user's. `completed` are prefixes that this run has stored already.
    `ca_certificate` is PEM text to trust besides the registry's own.
    """

    documents: Literal["latest", "all", "on-demand"] = "latest"
    full: bool = False
    offline: bool = False
    proxy: str = "none"
    proxies: dict[str, str] = {}
    no_proxy: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()
    anywhere: bool = False
    completed: tuple[str, ...] = ()
    ca_certificate: str = ""


class Stored(Protocol):
    """What is on the user's machine already, asked for while the job runs."""

    def known(self, prefix: str) -> Iterator[Known]: ...

    def memory(self, prefix: str) -> dict[str, Any] | None: ...


class NothingStored:
    """A machine that has never seen the registry."""

    def known(self, prefix: str) -> Iterator[Known]:
        return iter(())

    def memory(self, prefix: str) -> dict[str, Any] | None:
        return None


@dataclass(frozen=True)
class Context(Generic[C]):
    """The only door of a plugin: nothing else of the program is reachable from here."""

    config: C
    http: Http
    cancel: CancelToken
    log: logging.Logger
    settings: Settings
    stored: Stored = field(default_factory=NothingStored)

    @property
    def policy(self) -> Literal["latest", "all", "on-demand"]:
        """Which documents the user wants to have without asking."""
        return self.settings.documents

    def known(self, prefix: str = "") -> Iterator[Known]:
        """Yield the versions that are stored at or under `prefix`."""
        return self.stored.known(prefix)

    def memory(self, prefix: str = "") -> Mapping[str, Any]:
        """Return what the plugin remembered for `prefix`; empty in a full run."""
        if self.settings.full:
            return {}
        return self.stored.memory(prefix) or {}

    def completed(self, prefix: str) -> bool:
        """Say whether this run, before it was interrupted, has stored `prefix` already."""
        return prefix in self.settings.completed

    def map(
        self, fn: Callable[[Item], Result], items: Iterable[Item], at_most: int = 8
    ) -> Iterator[Result]:
        """Yield `fn(item)` in order, with up to `at_most` calls at once in threads.

        `items` is consumed lazily. The first exception ends the iteration; to go on after an
        error, let `fn` return it.
        """
        _prepare_structs()
        pending: deque[Future[Result]] = deque()
        with ThreadPoolExecutor(at_most, thread_name_prefix="map") as pool:
            try:
                for item in items:
                    self.cancel.check()
                    pending.append(pool.submit(fn, item))
                    if len(pending) >= at_most * 4:
                        yield pending.popleft().result()
                while pending:
                    self.cancel.check()
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()


_prepared: set[type[msgspec.Struct]] = set()
_preparing = threading.Lock()


def _prepare_structs() -> None:
    """Let msgspec work out all Struct classes that are loaded.

    It does so when a class is first read into, and a second thread that reads into the same class
    meanwhile ends the process (seen with msgspec 0.22).
    """
    with _preparing:
        waiting = [msgspec.Struct]
        while waiting:
            kind = waiting.pop()
            waiting += kind.__subclasses__()
            if kind not in _prepared:
                _prepared.add(kind)
                with suppress(Exception):  # a class that cannot be read into
                    msgspec.json.Decoder(kind)


def read_config(registry_type: RegistryType[C], values: Mapping[str, Any]) -> C:
    """Return the values as the type's config; raises BadConfig naming every wrong field."""
    from pydantic import ValidationError

    try:
        return registry_type.Config.model_validate(dict(values))  # type: ignore[return-value]
    except ValidationError as error:
        # Never the pydantic text itself: it repeats the input, which may be a secret.
        parts = [
            f"{'.'.join(str(step) for step in problem['loc']) or 'config'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise BadConfig(
            "The configuration is not valid.", cause="; ".join(parts), code="bad-config"
        ) from None


@contextmanager
def open_context(
    registry_type: RegistryType[C],
    values: Mapping[str, Any],
    *,
    settings: Settings | None = None,
    stored: Stored | None = None,
    cancel: CancelToken | None = None,
    log: logging.Logger | None = None,
    connect: Callable[[str, int], socket.socket] | None = None,
) -> Iterator[Context[C]]:
    """Give the context in which a type's worker methods run; closes its connections at the end.

    `connect` maps a host and port to a socket, so that tests can serve real names from loopback.
    """
    from registrykit.http import Http, Proxy, Tls

    config = read_config(registry_type, values)
    settings = settings or Settings()
    cancel = cancel or CancelToken()
    key = config.client_key
    http = Http(
        origins=registry_type.origins(config),
        credentials=registry_type.credentials(config),
        tls=Tls(
            ca_certificate=f"{config.ca_certificate}\n{settings.ca_certificate}",
            client_certificate=config.client_certificate,
            client_key=key.get_secret_value() if key else "",
            skip_verify=config.insecure_skip_verify,
        ),
        proxy=Proxy(settings.proxy, settings.proxies, settings.no_proxy),
        approved=frozenset(settings.approved),
        anywhere=settings.anywhere,
        cancel=cancel,
        offline=settings.offline,
        connect=connect,
    )
    with http:
        yield Context(
            config=config,
            http=http,
            cancel=cancel,
            log=log or logging.getLogger(f"registrykit.{registry_type.id}"),
            settings=settings,
            stored=NothingStored() if stored is None else stored,
        )
