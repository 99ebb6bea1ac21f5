"""What reaches a terminal, and in which form."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from desktop.cli.output import Output, clean
from registrykit.errors import BadConfig


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain text, 1.0", "plain text, 1.0"),
        ("größer 日本 👩‍💻", "größer 日本 👩‍💻"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;Y29weQ==\x1b\\after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x1b(Bafter", "after"),
        ("\x1b", ""),
        ("a\x00b\x07c\x7fd\x0be", "abcde"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("a\u2066b\u2069\u200ec\ufeff", "abc"),
        ("one\ntwo\tthree\r\nfour\rfive", "one two three fourfive"),
        ("one\u2028two", "one two"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_text_from_outside_cannot_drive_a_terminal(given: str, shown: str) -> None:
    assert clean(given) == shown


def test_a_text_of_several_lines_keeps_them() -> None:
    assert clean("one\r\ntwo\n\tthree\u2029\x1b[2J", lines=True) == "one\ntwo\n\tthree\n"


def test_json_is_ascii_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=True)
    out.show({"name": "\x1b[31m größer \u202e \ud83d"}, lambda: pytest.fail("printed text too"))
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "\x1b" not in printed
    assert json.loads(printed) == {"name": "\x1b[31m größer \u202e \ud83d"}


def test_an_error_has_three_lines(capsys: pytest.CaptureFixture[str]) -> None:
    error = BadConfig("It is wrong.\x1b[2J", cause="because\nof it", remedy="Correct it.")
    Output(as_json=False).error(error)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "It is wrong.\n  Why: because of it\n  What to do: Correct it.\n"
    Output(as_json=True).error(error)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"] == {
        "code": "bad-config",
        "message": "It is wrong.\x1b[2J",
        "cause": "because\nof it",
        "remedy": "Correct it.",
    }
    assert printed.err == ""


def test_with_json_there_is_one_object_only(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=True)
    out.show({"runs": []}, lambda: None)
    out.error(BadConfig("Too late."))
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"runs": []}
    assert printed.err.startswith("Too late.\n")


def test_a_stream_that_cannot_spell_a_text_gets_the_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        Output(as_json=False).line("größer ✓")
    assert path.read_text("ascii") == "gr??er ?\n"


def test_a_document_is_cleaned_for_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, expected in ((io.StringIO(), "a\x1b[2Jb\n"), (Terminal(), "ab\n")):
        monkeypatch.setattr(sys, "stdout", stream)
        Output(as_json=False).document("a\x1b[2Jb\n")
        assert stream.getvalue() == expected
