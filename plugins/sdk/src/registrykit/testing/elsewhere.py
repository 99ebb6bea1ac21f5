"""Clauses of the contract on registries that other tools know."""

from __future__ import annotations

from typing import Any

import msgspec

from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere
from registrykit.forms import FormSpec
from registrykit.registry import RegistryType
from registrykit.testing.describing import DescriptionClauses
from registrykit.testing.judging import broken, unjudged
from registrykit.testing.observing import Inspection

_SHORTEST_SECRET = 4


class ElsewhereClauses(DescriptionClauses):
    """What holds for `elsewhere`; part of `RegistryTypeContract`."""

    def test_elsewhere_needs_no_network(self, inspection: Inspection) -> None:
        """`elsewhere` reads files: it opens no connection and starts no program."""
        if tried := _report(inspection)["tried"]:
            broken(
                f"elsewhere() uses {', '.join(tried)}.",
                "Read only what is on this machine: nobody has agreed to a connection yet.",
            )

    def test_elsewhere_fits_the_form(self, inspection: Inspection) -> None:
        """`elsewhere` fills in fields of the form, and no secret stands outside `secrets`."""
        report = _report(inspection)
        if report["tried"]:
            unjudged("elsewhere() uses the network: see test_elsewhere_needs_no_network.")
        if not report["environment"]:
            if self.registry_type.elsewhere is not RegistryType.elsewhere:
                broken(
                    "elsewhere() is never asked, since the type names no variable.",
                    "Set environment to the variables that lead to the other tool's file.",
                )
            return
        if not report["told"]:
            broken(
                "The fixture does not say what another tool knows.",
                "Give Served(..., environ={...}) with a variable of the type's environment, "
                "leading to a file with one registry and its password.",
            )
        remedy = "Yield KnownElsewhere(tool, file, name, values, secrets, notes) for what there is."
        if error := report.get("error"):
            broken(f"elsewhere() raised {error}.", remedy)
        try:
            found = msgspec.convert(report["result"], list[KnownElsewhere])
        except msgspec.ValidationError as error:
            broken(f"elsewhere() yielded something that cannot be sent: {error}.", remedy)
        if not any(known.values for known in found):
            broken("elsewhere() found nothing in what the fixture's environ leads to.", remedy)
        if len(found) > MOST_KNOWN:
            broken(f"elsewhere() yielded more than {MOST_KNOWN:,} registries.", "Stop before.")
        form = self._form()
        for known in found:
            _judge(known, form)


def _report(inspection: Inspection) -> dict[str, Any]:
    if "elsewhere" not in inspection.notes:
        unjudged("The type could not be imported: see test_import_is_light.")
    report: dict[str, Any] = inspection.notes["elsewhere"]
    return report


def _judge(known: KnownElsewhere, form: FormSpec) -> None:
    if not known.tool or not known.file:
        broken(
            "elsewhere() yielded a registry without saying where it was found.",
            "Name the tool, and the file as its owner would write it.",
        )
    for fields, secret in ((known.values, False), (known.secrets, True)):
        for name in fields:
            spec = form.field(name)
            if spec is None:
                broken(
                    f"elsewhere() fills in a field {name!r}, which the form does not have.",
                    "Translate the tool's words into the fields of Config.",
                )
            if spec.secret != secret:
                broken(
                    f"elsewhere() gives the field {name!r} in the wrong place.",
                    "Put secret fields into secrets, and all others into values.",
                )
    shown = f"{known.tool} {known.file} {known.name} {known.values} {known.notes}"
    for name, text in known.secrets.items():
        if len(text) >= _SHORTEST_SECRET and text in shown:
            broken(
                f"elsewhere() shows the text of {name!r} outside of secrets.",
                "Take it out of addresses, names and notes.",
            )
