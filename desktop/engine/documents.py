"""Documents: README, values and the like of versions, fetched after their listing is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from desktop.engine.calls import Job, Missing, Traffic
from desktop.engine.clock import Clock
from desktop.engine.workers import Worker
from desktop.store import catalog
from desktop.store.catalog import Wanted
from desktop.store.database import Database
from desktop.store.values import RegistryRow
from registrykit.artifacts import Artifact, Version
from registrykit.errors import Cancelled, PluginFault, RegistryError
from registrykit.events import Document
from registrykit.yielded import check_document

BUDGET = 256 * 1024 * 1024
"""Bytes of documents that are kept of one registry."""
_SLICE = 50
_log = logging.getLogger(__name__)


@dataclass
class Fetched:
    """What was fetched for a run, and what that cost; `missing` counts versions."""

    documents: int = 0
    missing: int = 0
    traffic: Traffic = field(default_factory=Traffic)


def read(
    worker: Worker, job: Job, items: Sequence[tuple[Artifact, Version]], traffic: Traffic
) -> Iterator[tuple[int, list[Document] | Missing]]:
    """Yield for each item, by its index, its documents or why they cannot be had."""
    pending: list[Document] = []
    for answer in worker.details(job, items, traffic):
        if isinstance(answer, list):
            for event in answer:
                if isinstance(event, Document):
                    check_document(event)
                    pending.append(event)
            continue
        index = answer.index if isinstance(answer, Missing) else answer
        if not 0 <= index < len(items):
            raise PluginFault("The plugin answered for something that was not asked for.")
        yield index, answer if isinstance(answer, Missing) else pending
        pending = []


def store(db: Database, clock: Clock, version_id: int, found: list[Document] | Missing) -> None:
    """Keep documents, or why there are none."""
    with db.write() as tx:
        if isinstance(found, Missing):
            catalog.store_missing(tx, version_id, found.reason, found.code, clock.now())
        else:
            catalog.store_documents(tx, version_id, found, clock.now())


def fetch_wanted(
    db: Database,
    clock: Clock,
    registry: RegistryRow,
    worker: Worker,
    job: Job,
    *,
    retry_missing: bool,
    progress: Callable[[int, int], None],
) -> Fetched:
    """Fetch what the registry's policy wants and what is not here.

    Never fails: what could not be fetched is counted, and listed with its reason. A cancelled
    fetch goes on with the next run.
    """
    policy = job.settings.documents
    wanted = catalog.wanted_documents(db, registry.id, policy, retry_missing=retry_missing)
    result = Fetched()
    if wanted:
        budget = BUDGET - catalog.document_bytes(db, registry.id)
        try:
            for start in range(0, len(wanted), _SLICE):
                part = wanted[start : start + _SLICE]
                if budget <= 0:
                    _refuse(db, clock, part)
                    continue
                progress(start, len(wanted))
                items = [(want.artifact, want.version) for want in part]
                for index, found in read(worker, job, items, result.traffic):
                    store(db, clock, part[index].version_id, found)
                    if isinstance(found, list):
                        result.documents += len(found)
                        budget -= sum(len(document.text) for document in found)
        except Cancelled:
            _log.info("the documents of %s were cancelled", registry.name)
        except RegistryError as error:
            _log.warning("the documents of %s: %s %s", registry.name, error, error.cause)
        with db.write() as tx:
            catalog.drop_unused_content(tx)
    result.missing = catalog.missing_count(db, registry.id, policy)
    return result


def _refuse(db: Database, clock: Clock, part: list[Wanted]) -> None:
    full = Missing(0, f"the space for documents ({BUDGET // 1024 // 1024} MiB) is used up", "full")
    for want in part:
        store(db, clock, want.version_id, full)
