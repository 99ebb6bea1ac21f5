"""A configuration to read: the fields that apply with their values in words, never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication

from desktop.ui.parts.facts import Fact

if TYPE_CHECKING:
    from desktop.store.values import RegistryRow
    from registrykit.forms import FieldSpec, FormSpec


def facts_of(form: FormSpec | None, row: RegistryRow) -> Iterator[Fact]:
    """Yield what is set; without the form (its plugin is missing) only the address."""
    from desktop.ui.forms.bounds import bounded, is_asked
    from desktop.ui.forms.form import applying

    if form is None:
        yield Fact(_tr("URL"), row.endpoint, copy=True)
        return
    form = bounded(form)
    values: dict[str, Any] = {**form.defaults, **row.config}
    shown = applying(form.fields, values)
    for spec in form.fields:
        if spec.name not in shown or not is_asked(spec):
            continue
        if spec.secret:
            yield Fact(spec.label, _tr("•••••• entered") if spec.name in row.secrets else "")
        else:
            value = values.get(spec.name)
            level = "attention" if weakens(spec, value) else ""
            yield Fact(spec.label, said(spec, value), copy=spec.kind == "url", level=level)


def weakens(spec: FieldSpec, value: Any) -> bool:
    """Say whether a switch stands less safe than its plugin has it by itself."""
    is_switch = spec.kind == "flag" and spec.section == "Security"
    return is_switch and bool(value) != bool(spec.default)


def said(spec: FieldSpec, value: Any) -> str:
    """Return a value in words; empty where there is none."""
    if value is None or value == "":
        return ""
    if spec.kind == "flag":
        return _tr("On") if value else _tr("Off")
    if spec.kind == "choice":
        labels = {choice.value: choice.label for choice in spec.choices}
        return labels.get(str(value), str(value))
    if spec.kind == "list":
        return "\n".join(str(one) for one in value)
    if spec.kind == "pem":
        return _certificate(str(value))
    return str(value)


def _certificate(pem: str) -> str:
    from desktop.ui.forms.certificate import certificates_in, issuer_of, subject_of, validity_of

    found = certificates_in(pem)
    if not found:
        return _tr("Set, but it cannot be read")
    first = found[0]
    until, _ = validity_of(first, datetime.now(UTC))
    text = _tr("{subject}, signed by {issuer}, valid until {until}")
    return text.format(subject=subject_of(first), issuer=issuer_of(first), until=until)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Reading", text)
