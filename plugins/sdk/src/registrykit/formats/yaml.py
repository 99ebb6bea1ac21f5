"""Read untrusted YAML into plain values, from parser events and without a composer.

Anchors, aliases, merge keys and tags are refused, depth and sizes are bounded, and scalars keep
their text: `1.10` stays "1.10", `on` stays "on", a date stays text. Only plain `true`, `false`,
`null`, `~`, nothing at all and whole decimal numbers of at most 18 digits become values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from yaml.parser import Parser as _Parser
from yaml.reader import Reader as _Reader
from yaml.reader import ReaderError
from yaml.scanner import Scanner as _Scanner
from yaml.scanner import ScannerError

from registrykit.errors import BadAnswer
from registrykit.formats.text import line_at, long_line, sentence, shortened, utf8

_CParser: Any
try:
    from yaml._yaml import CParser as _CParser
except ImportError:
    _CParser = None

YamlValue: TypeAlias = "bool | int | str | list[YamlValue] | dict[str, YamlValue] | None"

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
}
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x84\x86-\x9f]|\xef\xbf[\xbe\xbf]"
)
_LONE = re.compile("[\ud800-\udfff]")
_MAX_FAULTS = 10_000
_ASK_OWNER = "Ask the owner of the registry to repair it."
_CUT = " It may have been cut off on the way: try again, and check the proxy."


@dataclass(frozen=True)
class Limits:
    """What one document may hold; `size` and `line` are in bytes, `scalars` counts keys too."""

    size: int = 256 * 1024 * 1024
    line: int = 1024 * 1024
    depth: int = 64
    scalars: int = 2_000_000


class _PureParser(_Reader, _Scanner, _Parser):
    """The parser for machines where PyYAML was built without libyaml."""

    def __init__(self, text: bytes) -> None:
        _Reader.__init__(self, text)
        _Scanner.__init__(self)
        _Parser.__init__(self)

    def get_event(self) -> Any:
        """Return the next event; unlike libyaml this parser lets half surrogate pairs pass."""
        event: Any = super().get_event()  # type: ignore[no-untyped-call]
        if isinstance(event, ScalarEvent) and _LONE.search(event.value):
            mark: Any = event.start_mark
            raise ScannerError(None, None, "found half a character", mark)
        return event


def read_yaml(
    content: bytes,
    *,
    what: str = "the file",
    limits: Limits | None = None,
    remarks: list[str] | None = None,
) -> YamlValue:
    """Return the one document in `content`; an empty one is None.

    A key that stands twice in a mapping, or that is not text, is refused; where `remarks` is
    given it is noted there instead, the first value of the key is kept, and a value whose key is
    not text is left out. Whatever the bytes are, the only error is `BadAnswer` with a code that
    begins with `yaml-`.
    """
    reader = YamlReader(content, what=what, limits=limits)
    first = reader.start()
    value = None if first is None else reader.build(first)
    reader.end()
    if remarks is None and reader.faults:
        raise BadAnswer(
            f"{sentence(what)} cannot be read.",
            cause=f"{sentence(reader.faults[0].text)}.",
            remedy=_ASK_OWNER,
            code="yaml-key",
        )
    if remarks is not None:
        remarks.extend(fault.text for fault in reader.faults)
    return value


@dataclass(frozen=True)
class Fault:
    """A key that makes a mapping ambiguous; `line` is 0 where lines mean nothing."""

    line: int
    key: str
    kind: Literal["twice", "not text"]

    @property
    def text(self) -> str:
        """Return what is wrong, without a full stop."""
        place = f"line {self.line}" if self.line else "it"
        if self.kind == "twice":
            return f"{place} gives {shortened(self.key)} a second time"
        return f"{place} has a key that is not text"


class YamlReader:
    """Walk through one document by its events; what is built is small, what is skipped is free.

    `start` gives the first event, and every event that is handed out must be used up by `build`,
    `skip`, `entries` or `elements` before the next one; `end` checks that nothing follows.
    `faults` collects every key that stands twice or is not text; whoever wants to know what a
    value is worth looks there after it was built.
    """

    def __init__(
        self, content: bytes, *, what: str = "the file", limits: Limits | None = None, line: int = 1
    ) -> None:
        """`line` is the number that the first line of `content` has in what the user sees."""
        self._limits = limits or Limits()
        self._what = what
        self._first_line = line
        self._scalars = 0
        self._depth = 0
        self.faults: list[Fault] = []
        self._check_size(content)
        self._content = utf8(content, what=what)
        if long := long_line(self._content, self._limits.line):
            self._refuse(
                f"line {line + long - 1} is longer than {self._limits.line:,} bytes", "yaml-line"
            )
        self._parser: Any = None

    def start(self) -> Any:
        """Return the first event of the document, or None where there is no document."""
        try:
            self._parser = (_CParser or _PureParser)(self._content)
            event = self._parser.get_event()
            if isinstance(event, StreamStartEvent):
                event = self._parser.get_event()
        except (YAMLError, ValueError, OverflowError, RecursionError) as error:
            self._refuse_syntax(error)
        if isinstance(event, StreamEndEvent):
            return None
        if not isinstance(event, DocumentStartEvent):
            self._refuse("it is not YAML", "yaml-syntax")
        return self._next()

    def end(self) -> None:
        """Refuse whatever follows the document."""
        if self._parser is None:
            return
        while (event := self._next()) is not None:
            if isinstance(event, DocumentStartEvent):
                self._refuse(
                    f"a second document begins in line {self.line_of(event)}", "yaml-documents"
                )
            if isinstance(event, StreamEndEvent):
                return

    def entries(self, event: Any) -> Iterator[tuple[str, Any]]:
        """Yield each key of the mapping that `event` begins, with the first event of its value.

        A key that stands twice is yielded twice; a key that is not text only becomes a fault.
        """
        self._enter(event)
        while not isinstance(key := self._next(), MappingEndEvent):
            if isinstance(key, ScalarEvent):
                self._check_scalar(key, is_key=True)
                yield key.value, self._next()
            else:
                self._add_fault(key, "", "not text")
                self.skip(key)
                self.skip(self._next())
        self._depth -= 1

    def elements(self, event: Any) -> Iterator[Any]:
        """Yield the first event of each element of the sequence that `event` begins."""
        self._enter(event)
        while not isinstance(element := self._next(), SequenceEndEvent):
            yield element
        self._depth -= 1

    def skip(self, event: Any) -> None:
        """Pass over the value that `event` begins, with every check but that of double keys."""
        level = 0
        while True:
            if isinstance(event, ScalarEvent):
                self._check_scalar(event)
            elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                self._enter(event)
                level += 1
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                self._depth -= 1
                level -= 1
            else:
                self._refuse_event(event)
            if not level:
                return
            event = self._next()

    def build(self, event: Any) -> YamlValue:
        """Return the value that `event` begins."""
        if isinstance(event, ScalarEvent):
            self._check_scalar(event)
            return plain_value(event.value) if event.implicit[0] else str(event.value)
        if isinstance(event, SequenceStartEvent):
            self._enter(event)
            built = []
            while not isinstance(event := self._next(), SequenceEndEvent):
                built.append(self.build(event))
            self._depth -= 1
            return built
        if not isinstance(event, MappingStartEvent):
            self._refuse_event(event)
        return self._build_mapping(event)

    def kind(self, event: Any) -> Literal["mapping", "sequence", "scalar"]:
        """Say what `event` begins."""
        if isinstance(event, MappingStartEvent):
            return "mapping"
        return "sequence" if isinstance(event, SequenceStartEvent) else "scalar"

    def line_of(self, event: Any) -> int:
        """Return the line in which `event` begins, as the user would count it."""
        mark = event.start_mark
        return self._first_line + (mark.line if mark is not None else 0)

    def _build_mapping(self, event: Any) -> dict[str, YamlValue]:
        mapping: dict[str, YamlValue] = {}
        self._enter(event)
        while not isinstance(key := self._next(), MappingEndEvent):
            if not isinstance(key, ScalarEvent):
                self._add_fault(key, "", "not text")
                self.skip(key)
                self.skip(self._next())
                continue
            self._check_scalar(key, is_key=True)
            value = self.build(self._next())
            if key.value in mapping:
                self._add_fault(key, key.value, "twice")
            else:
                mapping[key.value] = value
        self._depth -= 1
        return mapping

    def _next(self) -> Any:
        try:
            return self._parser.get_event()
        except (YAMLError, ValueError, OverflowError, RecursionError) as error:
            self._refuse_syntax(error)

    def _enter(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse_reference(event)
        if event.tag is not None:
            self._refuse_tag(event)
        self._depth += 1
        if self._depth > self._limits.depth:
            self._refuse(
                f"it is nested too deeply (more than {self._limits.depth} levels) in line "
                f"{self.line_of(event)}",
                "yaml-nested",
            )

    def _check_scalar(self, event: Any, *, is_key: bool = False) -> None:
        if event.anchor is not None:
            self._refuse_reference(event)
        if event.tag is not None:
            self._refuse_tag(event)
        if is_key and event.value == "<<" and event.implicit[0]:
            self._refuse_reference(event)
        self._scalars += 1
        if self._scalars > self._limits.scalars:
            self._refuse(f"it holds more than {self._limits.scalars:,} values", "yaml-values")

    def _check_size(self, content: bytes) -> None:
        if len(content) > self._limits.size:
            self._refuse(f"it is larger than {self._limits.size:,} bytes", "yaml-size")

    def _add_fault(self, event: Any, key: str, kind: Literal["twice", "not text"]) -> None:
        if len(self.faults) >= _MAX_FAULTS:
            self._refuse("too many of its keys stand twice or are not text", "yaml-key")
        self.faults.append(Fault(self.line_of(event), key, kind))

    def _refuse_event(self, event: Any) -> NoReturn:
        if isinstance(event, AliasEvent):
            self._refuse_reference(event)
        assert not isinstance(event, DocumentEndEvent), "the caller used up too many events"
        self._refuse("it is not YAML", "yaml-syntax")

    def _refuse_reference(self, event: Any) -> NoReturn:
        self._refuse(
            f"it uses YAML references (& * <<), which are not allowed, in line "
            f"{self.line_of(event)}",
            "yaml-reference",
        )

    def _refuse_tag(self, event: Any) -> NoReturn:
        self._refuse(
            f"it uses YAML tags (!), which are not allowed, in line {self.line_of(event)}",
            "yaml-tag",
        )

    def _refuse_syntax(self, error: Exception) -> NoReturn:
        cause = "it is not valid YAML"
        cut = False
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        if mark is not None and isinstance(error, MarkedYAMLError):
            number = self._first_line + mark.line
            line, is_last = line_at(self._content, mark.line)
            if b"\t" in line:
                cause = f"line {number} has a tab where YAML wants spaces"
            else:
                cut = is_last
                cause = f"line {number} is not valid YAML: {error.problem}"
        elif isinstance(error, ReaderError):
            found = _FORBIDDEN.search(self._content)
            if found is not None:
                number = self._first_line + self._content.count(b"\n", 0, found.start())
                cause = f"line {number} has a control character"
        self._refuse(cause, "yaml-syntax", cut=cut)

    def _refuse(self, cause: str, code: str, *, cut: bool = False) -> NoReturn:
        raise BadAnswer(
            f"{sentence(self._what)} cannot be read.",
            cause=f"{sentence(cause)}." + (_CUT if cut else ""),
            remedy=_ASK_OWNER,
            code=code,
        ) from None


def plain_value(text: str) -> bool | int | str | None:
    """Return what a scalar without quotes stands for; whatever could lose its spelling is text."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 19 and _WHOLE.fullmatch(text):
        return int(text)
    return text
