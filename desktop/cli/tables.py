"""What people read: tables of rich. Every text from outside is cleaned and never interpreted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from desktop.cli.output import clean
from desktop.engine import words
from desktop.engine.environments import EDITIONS
from desktop.engine.plugins import Plugin
from desktop.store.values import ArtifactRow, ChangeRow, RunRow, SkippedRow, VersionRow
from registrykit.description import TypeDescription
from registrykit.events import Check
from registrykit.fips import WORDS, FipsStatus
from registrykit.forms import FieldSpec
from registrykit.versions import is_prerelease

_LOOKS = {
    "good": ("✓", "green"),
    "busy": ("…", "cyan"),
    "quiet": ("·", "dim"),
    "attention": ("!", "yellow"),
    "bad": ("✗", "red"),
}
_OUTCOMES: dict[str, words.Level] = {
    "ok": "good",
    "unchanged": "good",
    "partial": "attention",
    "held": "attention",
    "failed": "bad",
    "cancelled": "attention",
    "interrupted": "attention",
}
_VERDICTS: dict[str, words.Level] = {
    "ok": "good",
    "warning": "attention",
    "failed": "bad",
    "skipped": "quiet",
}
_PLUGINS: dict[str, words.Level] = {
    "active": "good",
    "disabled": "quiet",
    "failed": "bad",
    "incompatible": "bad",
}


def mark(text: str, level: words.Level) -> Text:
    """Return a state as symbol, word and color."""
    symbol, style = _LOOKS[level]
    return Text(f"{symbol} {clean(text)}", style)


def table(title: str, *columns: str, right: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """Return an empty table; the columns in `right` hold numbers, those in `whole` never wrap."""
    made = Table(
        title=Text(title, "bold") if title else None,
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="dim",
        padding=(0, 2, 0, 0),
    )
    for column in columns:
        numbers = column in right
        made.add_column(
            column,
            justify="right" if numbers else "left",
            no_wrap=numbers or column in whole,
            overflow="fold",
        )
    return made


def text(value: object) -> Text:
    return Text(clean(str(value)))


def heading(value: str) -> Text:
    return Text(clean(value), "bold")


def facts(rows: Iterable[tuple[str, object]]) -> Table:
    """Return names with their values; rows without a value are left out."""
    made = table("", "", "")
    made.show_header = False
    for name, value in rows:
        if value not in ("", None):
            made.add_row(Text(name, "dim"), value if isinstance(value, Text) else text(value))
    return made


def registries(
    rows: Iterable[tuple[Sequence[str], words.State, Sequence[int] | None]],
) -> Table:
    """Return the list of registries: texts (name, type, place), state, and counts if known."""
    made = table(
        "", "Name", "Type", "Where", "State", "Artifacts", "Versions",
        right=("Artifacts", "Versions"),
    )  # fmt: skip
    for texts, state, counts in rows:
        made.add_row(
            *(text(part) for part in texts),
            mark(state.text, state.level),
            *(f"{count:,}" for count in counts or ()),
        )
    return made


def registry_types(types: Iterable[tuple[Plugin, TypeDescription]]) -> Group:
    parts: list[RenderableType] = []
    for plugin, description in types:
        heading = Text.assemble((clean(description.id), "bold"), f"  {clean(description.title)}")
        heading.append(f"  from {plugin.distribution} {plugin.version}", "dim")
        fields = table("", "Field", "Kind", "Default", "Meaning")
        for field in description.form.fields:
            kind = "|".join(c.value for c in field.choices) or field.kind
            default = "required" if field.required else plain(field.default)
            meaning = " ".join(part for part in (field.help, _condition(field)) if part)
            fields.add_row(text(field.name), text(kind), text(default), text(meaning))
        parts += [heading, text(description.summary), *_on_adding(description)]
        parts.append(Padding(fields, (0, 0, 1, 2), expand=False))
    return Group(*parts)


def _on_adding(description: TypeDescription) -> Iterator[Text]:
    if not set(EDITIONS) <= set(description.editions):
        yield text(f"Only in environments of the edition {' or '.join(description.editions)}.")
    if description.confirmation:
        yield text(f"To be confirmed (registry add … --confirm): {description.confirmation}")


def _condition(field: FieldSpec) -> str:
    parts = [
        f"{other} is {' or '.join(plain(value) for value in values)}"
        for other, values in field.show_if.items()
    ]
    return f"Only if {' and '.join(parts)}." if parts else ""


def check_line(stage: Check) -> Text:
    """Return one stage of the connection check as a line."""
    line = mark(stage.verdict, _VERDICTS[stage.verdict])
    shown = Text.assemble(line, f"  {clean(stage.stage)}")
    if stage.message:
        shown.append(f": {clean(stage.message)}")
    if stage.seconds >= 0.05:
        shown.append(f"  {words.duration(stage.seconds)}", "dim")
    if stage.remedy and stage.verdict in ("failed", "warning"):
        shown.append(f"\n    {clean(stage.remedy)}", "dim")
    return shown


def untried(stages: Iterable[str]) -> Text:
    """Return the stages that came after one that failed, as a line."""
    return Text.assemble(mark("not tried", "quiet"), f"  {', '.join(map(clean, stages))}")


def runs(rows: Iterable[RunRow], *, now: float | None = None) -> Table:
    """Return runs; with `now` as the history of one registry, else with the registries' names."""
    first = ("Registry",) if now is None else ("Run", "When")
    numbers = ("Added", "Changed", "Removed", "Skipped", "Versions", "Took")
    made = table("", *first, "Outcome", *numbers, right=numbers, whole=("Run", "When", "Outcome"))
    for row in rows:
        took = "" if row.seconds is None else words.duration(row.seconds)
        when = (row.registry,) if now is None else (str(row.id), words.ago(row.started, now))
        counts = (row.added, row.changed, row.removed, row.skipped, row.versions)
        made.add_row(
            *(text(part) for part in when),
            mark(row.outcome or "running", _OUTCOMES.get(row.outcome, "busy")),
            *(f"{count:,}" for count in counts),
            took,
        )
    return made


def changes(title: str, rows: Sequence[ChangeRow]) -> Table:
    made = table(f"{title}: {len(rows):,}", "Change", "Artifact", "Version", "Digest")
    for row in rows:
        digest = _short(row.new_digest or row.old_digest)
        if row.old_digest and row.new_digest and row.old_digest != row.new_digest:
            digest = f"{_short(row.old_digest)} → {digest}"
        made.add_row(text(row.change), text(row.artifact), text(row.version), text(digest))
    return made


def skips(rows: Sequence[SkippedRow]) -> Table:
    made = table(f"Skipped: {len(rows):,}", "Artifact", "Version", "Reason")
    for row in rows:
        made.add_row(text(row.path), text(row.version), text(row.reason))
    return made


def artifacts(
    rows: Iterable[ArtifactRow],
    *,
    named: bool,
    statuses: Mapping[int, FipsStatus] | None = None,
    more: Mapping[str, Mapping[int, str]] | None = None,
) -> Table:
    """Return artifacts as a list; with `named`, with the registry that each is in.

    `statuses` says by id what is declared about FIPS, where that matters. `more` are further
    columns by title, and what they show by id.
    """
    more = more or {}
    place = (*(("Registry",) if named else ()), *(("FIPS",) if statuses else ()), *more)
    made = table("", "Name", "Latest", "Versions", "Kind", *place, "", right=("Versions",))
    for row in rows:
        name = text(row.name)
        if row.path.rpartition("/")[2] != row.name or "/" in row.path:
            name.append(f"  {clean(row.path)}", "dim")
        if row.deprecated:
            name.append("  deprecated", "yellow")
        latest = clean(row.latest) + ("" if row.latest_is_stable or not row.latest else " (newest)")
        where = [text(row.registry)] if named else []
        if statuses:
            where.append(text(WORDS[statuses[row.id]] if row.id in statuses else ""))
        where += [text(_cut(shown.get(row.id, ""), 40)) for shown in more.values()]
        words_of_it = Text(_cut(clean(row.description), 80), "dim")
        made.add_row(name, latest, f"{row.versions:,}", text(row.kind), *where, words_of_it)
    return made


def versions(rows: Sequence[VersionRow], now: float) -> Table:
    made = table("", "Version", "App version", "Created", "Size", "Digest", "", right=("Size",))
    for row in rows:
        remarks = [
            remark
            for remark, holds in (
                ("pre-release", is_prerelease(row.version)),
                ("deprecated", row.deprecated),
                (f"gone {words.ago(row.gone_since, now)}", row.state == "gone"),
            )
            if holds
        ]
        made.add_row(
            text(row.version),
            text(row.app_version),
            text(row.created[:10]),
            words.size(row.size),
            text(_short(row.digest)),
            Text(", ".join(remarks), "yellow"),
        )
    return made


def section(title: str, content: Any) -> Group:
    """Return a titled list, or a map as a table of facts."""
    body: RenderableType
    if isinstance(content, Mapping):
        body = facts((clean(str(key)), plain(value)) for key, value in content.items())
    else:
        body = Group(*(text(plain(entry)) for entry in content))
    return titled(title, body)


def titled(title: str, body: RenderableType) -> Group:
    """Return something under a title of its own, after an empty line."""
    return Group(Text(f"\n{clean(title)}", "bold"), Padding(body, (0, 0, 0, 2), expand=False))


def environments(rows: Iterable[Mapping[str, Any]]) -> Table:
    made = table("", "Name", "Edition", "Tenants", "Registries", "Id", right=("Registries",))
    for row in rows:
        shown = (row["name"], row["edition"], ", ".join(row["tenants"]))
        made.add_row(*map(text, shown), f"{row['registries']:,}", text(row["id"]))
    return made


def tenants(rows: Iterable[Mapping[str, Any]]) -> Table:
    made = table("", "Name", "Environment", "Non-FIPS packs", "Id")
    for row in rows:
        allowed = "allowed" if row["allow_non_fips"] else "not allowed"
        made.add_row(*map(text, (row["name"], row["environment"], allowed, row["id"])))
    return made


def plugins(rows: Iterable[Plugin]) -> Table:
    made = table("", "Plugin", "Version", "State", "Types", "Reason")
    for row in rows:
        made.add_row(
            text(row.distribution),
            text(row.version),
            mark(row.state, _PLUGINS.get(row.state, "quiet")),
            text(", ".join(description.id for description in row.types)),
            text(row.reason),
        )
    return made


def plain(value: Any) -> str:
    """Return a value of any kind as text on one line, where it has no line breaks of its own."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(entry)}" for key, entry in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(entry) for entry in value)
    return str(value)


def _short(digest: str) -> str:
    algorithm, colon, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}" if colon else digest


def _cut(value: str, length: int) -> str:
    return value if len(value) <= length else value[: length - 1].rstrip() + "…"
