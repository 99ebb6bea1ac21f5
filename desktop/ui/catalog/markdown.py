"""Markdown of strangers, made safe and cut into pieces that are quickly shown.

Qt reads Markdown on the window's thread, and some of it in quadratic time (a list of 60,000 items
takes minutes), so that a document is given to it in pieces of a few kilobytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from desktop.ui.parts.text import visible

PIECE_CHARS, PIECE_LINES = 6_000, 150
LONGEST_LINE = PIECE_CHARS // 2
LONGEST_WORD = 400
DEEPEST = 8
_FENCE = re.compile(r"[ \t]{0,12}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}\s")
_DEFINITION = re.compile(r" {0,3}\[([^\]\[]{1,200})\]:\s*(\S{1,2000})")
_ROW = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_MARK = re.compile(r"[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))[ \t]?")
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD}}}(?=\S)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|b|blockquote|center|code|dd|del|details|div|dl|dt|em|font|h[1-6]|hr|i|img|ins"
    r"|kbd|li|ol|p|picture|pre|s|small|source|span|strong|sub|summary|sup|table|tbody|td|tfoot|th"
    r"|thead|tr|u|ul|video)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"!\[([^\[\]]{0,500})\](?:\([^()]{0,2000}\)|\[[^\[\]]{0,200}\])")
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_MOST_DEFINITIONS = 500


def pieces(text: str) -> Iterator[str]:
    """Yield Markdown in pieces that mean the same on their own, one after the other."""
    lines = _lines(visible(text.lstrip("\ufeff")))
    definitions = _definitions(lines)
    for piece in _cut(lines):
        yield _with_definitions(piece, definitions)


def slug(heading: str) -> str:
    """Return the fragment by which links inside a README name a heading."""
    kept = "".join(c for c in heading.strip().lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _lines(text: str) -> list[str]:
    """Return lines without HTML and pictures, each short and of small depth.

    Blocks of code are left alone.
    """
    found: list[str] = []
    prose: list[str] = []
    fence = ""

    def end_of_prose() -> None:
        found.extend(_shallow(line) for line in _words_only("\n".join(prose)).split("\n"))
        prose.clear()

    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark is None:
            prose.append(line)
            continue
        if mark is not None and not fence:
            if prose:
                end_of_prose()
            fence = mark[1]
        elif mark is not None and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        found.append(line)
    if prose:
        end_of_prose()
    return [part for line in found for part in _short(line)]


def _short(line: str) -> Iterator[str]:
    """Break words and lines that nobody can read anyway, but that take seconds to lay out."""
    if len(line) > LONGEST_WORD:
        line = _LONG_WORD.sub(r"\g<0> ", line)
    while len(line) > LONGEST_LINE:
        end = line.rfind(" ", 1, LONGEST_LINE) + 1 or LONGEST_LINE
        yield line[:end]
        line = line[end:]
    yield line


def _shallow(line: str) -> str:
    """Take away the marks of quotes and lists, and the indentation, beyond a sane depth."""
    place, depth, kept = 0, 0, 0
    while (mark := _MARK.match(line, place)) is not None:
        place, depth = mark.end(), depth + 1
        if depth == DEEPEST:
            kept = place
    if depth > DEEPEST:
        line = line[:kept] + line[place:]
    rest = line.lstrip(" \t")
    return line if len(line) - len(rest) <= 40 else " " * 40 + rest


def _words_only(text: str) -> str:
    """Take away comments, tags and pictures; the text of a tag stays, and what a picture shows."""
    parts = (_COMMENT.sub("", text) if "<" in text else text).split("`")
    # Every second part lies between backticks: tags in it are what the README talks about.
    parts[::2] = [_TAG.sub(_said_by, _BREAK.sub("  \n", part)) for part in parts[::2]]
    return _PICTURE.sub(r"\1", "`".join(parts))


def _said_by(tag: re.Match[str]) -> str:
    if tag[0][:4].lower() != "<img":
        return ""
    found = _ALT.search(tag[0])
    return (found[1] or found[2] or "").strip() if found else ""


def _definitions(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = _DEFINITION.match(line)
        if match and len(found) < _MOST_DEFINITIONS:
            found.setdefault(match[1].casefold(), match[0])
    return found


def _with_definitions(piece: str, definitions: dict[str, str]) -> str:
    """Add the addresses that links of a piece name, wherever in the document they stand."""
    if not definitions or "[" not in piece:
        return piece
    named = {word.casefold() for word in re.findall(r"\[([^\]\[]{1,200})\]", piece)}
    used = [definitions[word] for word in sorted(named & definitions.keys())]
    return piece + "\n\n" + "\n".join(used) + "\n" if used else piece


def _cut(lines: list[str]) -> Iterator[str]:
    """Yield pieces: cut before a heading or after an empty line, else where it must be."""
    part: list[str] = []
    size = 0
    fence, opening = "", ""
    heads: list[str] = []
    for place, line in enumerate(lines):
        full = size > PIECE_CHARS or len(part) >= PIECE_LINES
        large = size > PIECE_CHARS // 2 or len(part) >= PIECE_LINES // 2
        if fence:
            if full:
                yield "\n".join([*part, fence])
                part, size = [opening], 0
        else:
            begins = not line[:1].isspace() and part and not part[-1].strip()
            if _HEADING.match(line) and size > PIECE_CHARS // 8:
                cut, heads = True, []
            else:
                cut = full or bool(large and begins)
            if cut and part:
                yield "\n".join(part)
                part, size = list(heads), 0
        mark = _FENCE.match(line)
        if mark is not None and not fence:
            fence, opening = mark[1], line
        elif mark is not None and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        if not line.strip():
            heads = []
        elif "|" in line and place and _ROW.fullmatch(line) and "|" in lines[place - 1]:
            heads = [lines[place - 1], line]
        part.append(line)
        size += len(line) + 1
    if part:
        yield "\n".join(part)
