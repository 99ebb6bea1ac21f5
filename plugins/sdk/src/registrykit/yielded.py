"""What a plugin may yield: checked in the worker, and again by the program."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager

from registrykit.errors import PluginFault
from registrykit.events import (
    DOCUMENT_NAMES,
    LARGEST_LOGO,
    Complete,
    Document,
    SyncEvent,
    Unchanged,
)
from registrykit.frames import MAX_MEMORY, Remembered, pack

_LARGEST_LOGO = (LARGEST_LOGO + 2) // 3 * 4
"""Letters of base64."""


@contextmanager
def closing_events(events: Iterable[SyncEvent]) -> Iterator[None]:
    """Close the generator at once when it is left early, so that its own clean-up runs now."""
    try:
        yield
    finally:
        if isinstance(events, Generator):
            events.close()


def check_event(event: SyncEvent) -> None:
    """Raise TypeError or PluginFault for what may not be yielded by `sync`."""
    if not isinstance(event, SyncEvent):
        raise TypeError(f"sync() yielded {type(event).__name__}, expected a SyncEvent")
    if isinstance(event, Document):
        check_document(event)
    if isinstance(event, (Complete, Unchanged)) and event.memory is not None:
        size = len(pack(Remembered(event.memory)))
        if size > MAX_MEMORY:
            raise PluginFault(
                f"The plugin wants to remember {size:,} bytes for {event.prefix!r}.",
                cause=f"at most {MAX_MEMORY:,} bytes can be kept for one prefix",
                code="memory-too-large",
            )


def check_document(document: Document) -> None:
    """Raise PluginFault for a document that nobody could ask for."""
    if document.name not in DOCUMENT_NAMES:
        raise PluginFault(
            f"The plugin yielded a document called {document.name!r}.",
            cause=f"documents are called {', '.join(DOCUMENT_NAMES)}",
        )
    if document.name == "logo" and not (
        document.media_type.startswith("image/") and len(document.text) <= _LARGEST_LOGO
    ):
        raise PluginFault(
            f"The plugin yielded a logo that cannot be shown, {document.media_type!r}.",
            cause=f"a logo is a picture of at most {LARGEST_LOGO:,} bytes, as base64",
        )
