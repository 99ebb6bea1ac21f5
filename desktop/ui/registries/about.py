"""The facts of a registry, from its row, its form and the place that it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from desktop.engine import defaults, words
from desktop.store.values import RegistryRow
from desktop.ui.parts.facts import Fact
from desktop.ui.registries import sentences, types
from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.ui.registries.known import Known
    from registrykit.forms import FieldSpec

_TOLD = frozenset(
    "endpoint description ca_certificate insecure_skip_verify client_certificate auth username"
    " access_key aws_profile documents synchronization".split()
)
"""Fields that the facts below tell in their own words."""
LEAST_CELLS = 6
"""From so many on, what a document says is a row of its table."""
_SIGNED_IN_AS = ("username", "access_key", "aws_profile")


def facts(session: Session, row: RegistryRow, known: Known, held: str) -> Iterator[Fact]:
    """Yield everything that is worth knowing, in the order in which it is read.

    `held` is how much there is of each kind, empty while that was not counted.
    """
    specs = {spec.name: spec for spec in _fields(session, row)}
    yield Fact("URL", _url(row.endpoint), copy=True)
    for name, spec in specs.items():
        if name not in _TOLD and not spec.secret and spec.applies(row.config):
            value = row.config.get(name)
            if value not in (None, "", [], spec.default):
                yield Fact(spec.label, _shown(spec, value), copy=spec.kind == "url")
    yield Fact("Holds", _contents(session, row, held))
    yield Fact("Documents", _documents(specs.get("documents"), row, known))
    yield Fact("Signed in as", _signed_in(specs.get("auth"), row))
    if row.endpoint.startswith("http:"):
        yield Fact("TLS", "Not used: everything is sent in the open", level="attention")
    elif row.config.get("insecure_skip_verify"):
        yield Fact("TLS", "The server's certificate is not verified", level="bad")
    else:
        yield Fact("TLS", _verified(row, known))
    yield Fact("Schedule", _schedule(session, row))
    if not known.only_tenant:
        yield Fact("Visible to", ", ".join(known.tenants))
    yield Fact("Description", str(row.config.get("description", "")))
    yield Fact("Hosts it may ask", ", ".join(row.approved_hosts))
    yield Fact("Added", sentences.day(row.created) if row.default_id is None else "")
    yield Fact("Id", row.id, copy=True)


def _url(endpoint: str) -> str:
    """Return where a registry is read; an endpoint may be a host alone."""
    return endpoint if "://" in endpoint or not endpoint else f"https://{endpoint}"


def _fields(session: Session, row: RegistryRow) -> tuple[FieldSpec, ...]:
    found = types.description(session, row.type)
    return found.form.fields if found else ()


def _shown(spec: FieldSpec, value: Any) -> str:
    """Return the value of a field as its form shows it."""
    labels = {choice.value: choice.label for choice in spec.choices}
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, (list, tuple)):
        return ", ".join(labels.get(str(part), str(part)) for part in value)
    if spec.kind == "pem":
        return "Set"
    return labels.get(str(value), str(value))


def _contents(session: Session, row: RegistryRow, held: str) -> str:
    if not row.artifacts:
        return "Nothing yet" if row.last_success is None else "Nothing"
    return f"{held or types.contents(session, row)}; {words.counted(row.versions, 'version')}"


def _documents(spec: FieldSpec | None, row: RegistryRow, known: Known) -> str:
    if spec is None:
        return ""
    said = _shown(spec, row.config.get("documents", spec.default))
    if known.documents_missing:
        # Which, and why, stands with each version.
        missing = words.counted(known.documents_missing, "version")
        return f"{said}; those of {missing} could not be downloaded"
    return said


def _signed_in(spec: FieldSpec | None, row: RegistryRow) -> str:
    name = next((str(row.config[key]) for key in _SIGNED_IN_AS if row.config.get(key)), "")
    way = row.config.get("auth", spec.default if spec else "")
    said = _shown(spec, way) if spec else ""
    if row.secrets or name:
        return name or said
    if defaults.needs_credentials(row):
        return "Nobody; it needs credentials"
    return "Nobody; it is read without a sign-in" if said else ""


def _verified(row: RegistryRow, known: Known) -> str:
    own = bool(str(row.config.get("ca_certificate", "")).strip())
    said = "Checked against the system's certificates"
    if own:
        said = f"Checked against the system's certificates and its own CA. {known.certificate}"
    if row.config.get("client_certificate"):
        said = f"{said.rstrip(' .')}. A client certificate is shown to the server."
    return said.strip()


def _schedule(session: Session, row: RegistryRow) -> str:
    if not row.automatic:
        return "Only when you ask"
    if {"plugin-missing", "disabled"} & set(session.app.conditions(row)):
        return "Not while its plugin cannot be used"
    if row.default_id is not None and row.last_success is None:
        return "Every 24 hours, once you have asked for it the first time"
    when = session.app.next_run(row)
    if when is None:
        return "Not by itself until this is solved" if row.failures else "Paused"
    when_words = words.until(when, session.now())
    return (
        "Every 24 hours; due now" if when_words == "now" else f"Every 24 hours; next {when_words}"
    )


def origin(row: RegistryRow) -> Iterator[Fact]:
    """Yield where the definition of a default comes from; nothing for the user's own."""
    default = defaults.by_key(row.default_id) if row.default_id else None
    if default is None:
        return
    yield Fact("Provider", default.provider)
    if default.deprecated:
        yield Fact("Deprecated", "Its provider advises against it", level="attention")
    yield Fact("Access", default.access_note)
    named = (f"{source['document']}\n{said_by(source)}" for source in default.provenance)
    yield Fact("Named by", "\n\n".join(named))
    yield Fact("Disagreements", "\n\n".join(default.disagreements))


def said_by(source: Mapping[str, Any]) -> str:
    """Return what a document says of a default in sentences; a row of a table is taken apart.

    Its columns are name, provider, description, endpoint, base content path, and then, with their
    own names, the products that come with it.
    """
    said = str(source["says"])
    cells = [cell.strip() for cell in said.split("|")]
    if len(cells) >= LEAST_CELLS:
        _, provider, about, endpoint, path, *products = cells
        below = "" if path in ("", "-") else f", below {path}"
        told = [f"“{about}”", f"Listed under {provider}: {endpoint}{below}."]
        marks = [product.partition(":") for product in products]
        has = [name.strip() for name, _, mark in marks if mark.strip() == "yes"]
        lacks = [name.strip() for name, _, mark in marks if mark.strip() == "no"]
        if has:
            with_it = f"Comes with {' and '.join(has)}"
            told.append(f"{with_it}, not with {' and '.join(lacks)}." if lacks else f"{with_it}.")
        said = " ".join(told)
    read = str(source.get("read", ""))
    return f"{said} Read on {_day(read)}." if read else said


def _day(text: str) -> str:
    try:
        return sentences.day(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return text
