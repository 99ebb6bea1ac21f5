"""Walk through untrusted JSON as `registrykit.formats.yaml` walks through YAML.

Numbers that are not whole keep their text, half surrogate pairs stand as `\\udXXX`, and a key
that stands twice is noted instead of lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NoReturn

from registrykit.errors import BadAnswer
from registrykit.formats.text import sentence
from registrykit.formats.yaml import Fault, YamlValue, plain_value

_SPACE = re.compile(r"[ \t\n\r]*")
_LONE = re.compile("[\ud800-\udfff]")
_MAY_BE_LONE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonReader:
    """Walk through one JSON text; a place in it is the number of its character.

    Every place that is handed out must be used up by `build`, `skip`, `entries` or `elements`.
    `faults` collects every key that stands twice.
    """

    def __init__(self, text: str, *, what: str = "the file") -> None:
        self._text = text
        self._what = what
        self._at = 0
        self._has_lone = _MAY_BE_LONE.search(text) is not None
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._pairs,
            parse_float=str,
            parse_int=plain_value,
            parse_constant=_refuse_constant,
        )
        self.faults: list[Fault] = []

    def start(self) -> int | None:
        """Return the place of the value, or None where there is none."""
        at = self._space(0)
        return at if at < len(self._text) else None

    def end(self) -> None:
        """Refuse whatever follows the value."""
        if self._space(self._at) != len(self._text):
            self._refuse("something follows the end of the JSON", "yaml-syntax")

    def kind(self, place: int) -> Literal["mapping", "sequence", "scalar"]:
        """Say what stands at `place`."""
        first = self._text[place : place + 1]
        return "mapping" if first == "{" else "sequence" if first == "[" else "scalar"

    def line_of(self, place: int) -> int:
        """Return 0: many a JSON text is one line."""
        return 0

    def entries(self, place: int) -> Iterator[tuple[str, int]]:
        """Yield each key of the object at `place` with the place of its value, doubles too."""
        self._at = place + 1
        if self._sees("}"):
            return
        while True:
            start = self._space(self._at)
            if self._text[start : start + 1] != '"':
                self._refuse(f"character {start} is not valid JSON", "yaml-syntax")
            key = self.build(start)
            if not self._sees(":"):
                self._refuse(f"character {self._at} is not valid JSON", "yaml-syntax")
            yield str(key), self._space(self._at)
            if self._sees("}"):
                return
            if not self._sees(","):
                self._refuse(f"character {self._at} is not valid JSON", "yaml-syntax")

    def elements(self, place: int) -> Iterator[int]:
        """Yield the place of each element of the list at `place`."""
        self._at = place + 1
        if self._sees("]"):
            return
        while True:
            yield self._space(self._at)
            if self._sees("]"):
                return
            if not self._sees(","):
                self._refuse(f"character {self._at} is not valid JSON", "yaml-syntax")

    def skip(self, place: int) -> None:
        """Pass over the value at `place`, checking it."""
        self.build(place)

    def build(self, place: int) -> YamlValue:
        """Return the value at `place`, which nothing has used up yet."""
        try:
            value: YamlValue
            value, self._at = self._decoder.raw_decode(self._text, place)
            return _without_lone(value) if self._has_lone else value
        except RecursionError:
            self._refuse("it is nested too deeply", "yaml-nested")
        except ValueError:
            self._refuse(f"what begins at character {place} is not valid JSON", "yaml-syntax")

    def _sees(self, sign: str) -> bool:
        """Step over white space, and over `sign` if it follows."""
        self._at = self._space(self._at)
        found = self._text.startswith(sign, self._at)
        self._at += found
        return found

    def _space(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            mapping = {}
            for key, value in pairs:
                if key in mapping:
                    self.faults.append(Fault(0, key, "twice"))
                else:
                    mapping[key] = value
        return mapping

    def _refuse(self, cause: str, code: str) -> NoReturn:
        raise BadAnswer(
            f"{sentence(self._what)} cannot be read.",
            cause=f"{sentence(cause)}.",
            remedy="Ask the owner of the registry to repair it.",
            code=code,
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _without_lone(value: YamlValue) -> YamlValue:
    """Return `value` with half surrogate pairs spelled out, since no UTF-8 can hold them."""
    if isinstance(value, str):
        return value if value.isascii() else _LONE.sub(lambda m: f"\\u{ord(m[0]):04x}", value)
    if isinstance(value, list):
        return [_without_lone(element) for element in value]
    if isinstance(value, dict):
        return {str(_without_lone(key)): _without_lone(child) for key, child in value.items()}
    return value
