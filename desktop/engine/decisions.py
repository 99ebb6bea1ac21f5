"""The record of what the user decided, as sentences."""

from __future__ import annotations

import getpass

from desktop.store.values import AuditRow

_SENTENCES = {
    "environment-added": "The environment {subject} was added.",
    "environment-edited": "The environment {subject} was changed.",
    "environment-removed": "The environment {subject} was removed.",
    "tenant-added": "The tenant {subject} of {detail} was added.",
    "tenant-renamed": "The tenant {subject} was renamed to {detail}.",
    "tenant-removed": "The tenant {subject} of {detail} was removed.",
    "allow-non-fips": "Non-FIPS packs in {subject}: {detail}.",
    "registry-added": "{subject} was added.",
    "registry-confirmed": "{subject} was added after a confirmation by {detail}",
    "registry-edited": "{subject} was changed.",
    "registry-removed": "{subject} was removed.",
    "registry-restored": "{subject} was restored.",
    "registry-hidden": "{subject} was hidden.",
    "registry-shown": "{subject} was shown again.",
    "registry-forgotten": "{subject} was deleted with its catalog and its secrets.",
    "removals-accepted": "Removals from {subject} were accepted ({detail}).",
    "removals-discarded": "Removals from {subject} were discarded ({detail}).",
    "host-revoked": "{subject} may no longer ask {detail}.",
    "setting-changed": "The {subject} was changed: {detail}",
}
_SETTINGS = {
    "proxy": "proxy",
    "no_proxy": "list of hosts without a proxy",
    "ca_certificate": "CA certificate for all registries",
    "kept_days": "number of days that removed registries are kept",
    "paused": "pause of the schedule",
}


def whose() -> str:
    """Return who decides: the name under which the user is known to the operating system."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "the user"


def said(row: AuditRow) -> str:
    """Return a decision as a sentence; one that a newer version wrote comes as it is."""
    sentence = _SENTENCES.get(row.action)
    if sentence is None:
        return " ".join(part for part in (row.action, row.subject, row.detail) if part)
    subject = row.subject
    if row.action == "setting-changed":
        subject = _SETTINGS.get(subject, subject)
    text = sentence.format(subject=subject, detail=row.detail)
    return text if text.endswith(".") else f"{text}."
