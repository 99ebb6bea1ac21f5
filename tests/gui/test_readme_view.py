"""READMEs, values and schemas of strangers: shown, but nothing is loaded, opened or frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QTextBlock, QTextDocument
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.ui.catalog.code import CodeView
from desktop.ui.catalog.links import judged
from desktop.ui.catalog.markdown import PIECE_CHARS, pieces, slug
from desktop.ui.catalog.readme import ReadmeView
from registrykit.testing.servers import Site
from tests.gui.conftest import find


class Browser(QObject):
    """Plays the browser that web addresses are opened in."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        for scheme in ("http", "https"):
            QDesktopServices.setUrlHandler(scheme, self, "open")  # type: ignore[arg-type]

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    yield made
    for scheme in ("http", "https"):
        QDesktopServices.unsetUrlHandler(scheme)


@pytest.fixture
def read(show: Callable[[ReadmeView], ReadmeView], qtbot: QtBot) -> Callable[[str], ReadmeView]:
    """Return a function that shows a README and waits until all of it is there."""

    def make(text: str) -> ReadmeView:
        view = ReadmeView()
        view.resize(900, 700)
        show(view)
        view.show_text(text, "README of a stranger")
        qtbot.waitUntil(lambda: view.finished, timeout=20_000)
        return view

    return make


def text_of(view: ReadmeView) -> str:
    return view.browser.toPlainText()


def blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def click(view: ReadmeView, word: str) -> None:
    """Click on a word of the text as a mouse does."""
    cursor = view.browser.document().find(word)
    assert not cursor.isNull(), word
    view.browser.ensureCursorVisible()
    place = view.browser.cursorRect(cursor).topLeft() + QPoint(-4, 6)
    viewport = view.browser.viewport()
    from PySide6.QtTest import QTest

    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)


# What it looks like


def test_markdown_becomes_headings_code_lists_and_tables(read: Callable[[str], ReadmeView]) -> None:
    view = read(
        "# nginx\n\nA `chart`.\n\n- one\n- two\n\n| a | b |\n| - | - |\n| c | d |\n\n## Use\n"
    )
    found = {block.text(): block for block in blocks(view.browser.document())}
    assert found["nginx"].blockFormat().headingLevel() == 1
    assert found["Use"].blockFormat().headingLevel() == 2
    assert found["one"].textList() is not None
    assert {"a", "b", "c", "d"} <= set(found)
    assert "`" not in text_of(view)


def test_tags_leave_their_text_and_pictures_what_they_show(
    read: Callable[[str], ReadmeView],
) -> None:
    view = read(
        '<p align="center"><img src="x.png" alt="The logo"></p>\n\nOne<br>two <!-- hidden -->\n\n'
        "[![Build](https://ci.example/b.svg)](https://ci.example) `<div>` stays\n"
    )
    text = text_of(view)
    assert "The logo" in text
    assert "Build" in text
    assert "<div> stays" in text
    for gone in ("align", "hidden", "<br>", ".svg", "\ufffc"):
        assert gone not in text


def test_code_keeps_its_lines_whatever_they_hold(read: Callable[[str], ReadmeView]) -> None:
    view = read("```html\n<b>kept</b> <!-- kept too -->\n\n![a](b)\n```\n\nafter\n")
    assert "<b>kept</b> <!-- kept too -->\n\n![a](b)\n" in text_of(view)
    assert "after" in text_of(view)


# What it must not do


def test_nothing_is_loaded_from_anywhere(
    read: Callable[[str], ReadmeView], qtbot: QtBot, tmp_path: object
) -> None:
    with Site() as site:
        picture = f"{site.url}/tracker.png"
        view = read(
            f"![a]({picture}) ![b](file:///etc/passwd) ![c][d]\n\n[d]: {picture}\n\n"
            f'<img src="{picture}"><link rel="stylesheet" href="{picture}">'
            f'<iframe src="{picture}"></iframe><style>@import "{picture}"</style>\n'
        )
        view.browser.grab()
        qtbot.wait(50)
        assert site.connections == 0
    kinds = [
        place.fragment().charFormat().isImageFormat()
        for block in blocks(view.browser.document())
        for place in _fragments(block)
    ]
    assert True not in kinds
    assert view.browser.loadResource(2, QUrl("file:///etc/passwd")) is None


def _fragments(block: QTextBlock) -> Iterator[QTextBlock.iterator]:
    place = block.begin()
    while not place.atEnd():
        yield place
        place += 1


def test_scripts_are_text(read: Callable[[str], ReadmeView]) -> None:
    view = read("Hello <script>alert('x')</script> <svg onload=alert(1)> world\n")
    assert "<script>alert('x')</script>" in text_of(view)
    assert "world" in text_of(view)


def test_what_turns_or_hides_text_is_spelled_out(read: Callable[[str], ReadmeView]) -> None:
    view = read("safe\u202egnp.exe and zero\u200bwidth and \x1b[31mred\n")
    text = text_of(view)
    assert "⟨U+202E⟩" in text
    assert "⟨U+200B⟩" in text
    assert "⟨U+001B⟩" in text


@pytest.mark.parametrize(
    "text",
    [
        "- " * 10_000 + "deep\n",
        "> " * 10_000 + "deep\n",
        "> - " * 5_000 + "deep\n",
        "".join("  " * min(depth, 500) + "- item\n" for depth in range(150)) + "\ndeep\n",
        "- a\n" * 20_000 + "\ndeep\n",
        "[" * 20_000 + "deep\n",
        "**a " * 10_000 + "deep\n",
        "`a" * 20_000 + " deep\n",
        "<div" * 20_000 + " deep\n",
        "w" * 150_000 + " deep\n",
        "word " * 30_000 + "deep\n",
        "|a" * 5_000 + "|\n" + "|-" * 5_000 + "|\n\ndeep\n",
        "```\n" * 5_001 + "deep\n",
    ],
    ids=lambda text: text[:12].strip() + f"*{len(text)}",
)
def test_hostile_shapes_are_shown_to_their_end(
    read: Callable[[str], ReadmeView], text: str
) -> None:
    view = read(text[:190_000])
    assert "deep" in text_of(view).replace("\n", "")


def test_no_piece_is_larger_than_a_moment_allows() -> None:
    texts = ["x" * 1_000_000, "word " * 200_000, "- a\n" * 50_000, "```\n" + "line\n" * 50_000]
    for text in texts:
        found = list(pieces(text))
        assert max(map(len, found)) <= 3 * PIECE_CHARS
        kept = "".join("".join(found).split()).replace("```", "")
        assert kept == "".join(text.split()).replace("```", "")


def test_links_by_reference_work_in_every_piece() -> None:
    parts = list(
        pieces("see [the guide]\n\n" + "words\n\n" * 3_000 + "[the guide]: https://a.b/c\n")
    )
    assert len(parts) > 2
    assert "[the guide]: https://a.b/c" in parts[0]


# Large documents


def test_a_large_readme_is_shown_in_part_until_asked(
    read: Callable[[str], ReadmeView], qtbot: QtBot
) -> None:
    view = read("A sentence of this README.\n\n" * 20_000 + "The end.\n")
    assert "The end." not in text_of(view)
    assert "The first 200 KB of 560 KB" in " ".join(
        each.text() for each in view.findChildren(QLabel) if each.isVisible()
    )
    find(view, QPushButton, "show-all").click()
    qtbot.waitUntil(lambda: view.finished, timeout=60_000)
    assert "The end." in text_of(view)


# Links


def test_a_link_is_told_before_it_is_opened(
    read: Callable[[str], ReadmeView], browser: Browser
) -> None:
    view = read("# A\n\nRead [the docs](https://docs.example/guide?a=1#b) first.\n")
    click(view, "docs")
    assert browser.opened == []
    shown = " ".join(each.text() for each in view.link.findChildren(QLabel))
    assert "https://docs.example/guide?a=1#b" in shown
    assert "Leads to docs.example." in shown
    find(view, QPushButton, "open-link").click()
    assert browser.opened == ["https://docs.example/guide?a=1#b"]
    assert view.link.isHidden()


def test_a_link_can_be_copied(read: Callable[[str], ReadmeView], browser: Browser) -> None:
    view = read("Mail [us](mailto:us@example.com) now.\n")
    click(view, "us")
    assert not view.link.open.isVisible()
    find(view, QPushButton, "copy-link").click()
    assert QGuiApplication.clipboard().text() == "mailto:us@example.com"
    assert browser.opened == []


def test_a_link_inside_the_text_goes_there(read: Callable[[str], ReadmeView]) -> None:
    view = read("[down](#far-below-here)\n\n" + "words\n\n" * 200 + "## Far below, here!\n\nend\n")
    assert view.browser.verticalScrollBar().value() == 0
    click(view, "down")
    assert view.browser.verticalScrollBar().value() > 500
    assert view.link.isHidden()


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("javascript:alert(1)", "refused", "“javascript:”"),
        ("file:///etc/passwd", "refused", "“file:”"),
        ("data:text/html,x", "refused", "“data:”"),
        ("//evil.example/x", "refused", "without http"),
        ("docs/install.md", "relative", "another file"),
        ("https://github.com@evil.example/x", "web", "Leads to evil.example"),
        ("https://xn--80ak6aa92e.com/", "web", "another script"),
        ("https://\u0430pple.com/", "web", "another script"),
        ("HTTPS://Example.com/A", "web", "Leads to example.com."),
    ],
)
def test_where_links_lead_is_told_as_it_is(url: str, kind: str, said: str) -> None:
    link = judged(QUrl(url))
    assert link.kind == kind
    assert said in link.sentence
    assert link.address.isascii()


def test_headings_are_named_as_links_name_them() -> None:
    assert slug("  Get Repo Info!") == "get-repo-info"
    assert slug("`values.yaml` & co") == "valuesyaml--co"


# Values and schemas


def test_values_are_shown_whole_and_searched(
    show: Callable[[CodeView], CodeView], qtbot: QtBot
) -> None:
    view = show(CodeView())
    text = "".join(f"key{number}: value\n" for number in range(30_000))
    view.show_text(text, "Values")
    qtbot.waitUntil(lambda: view.finished, timeout=20_000)
    assert view.editor.toPlainText() == text
    view.finder.open_bar()
    field = find(view, QLineEdit, "find-in-text")
    qtbot.keyClicks(field, "key2999")
    assert view.editor.textCursor().selectedText() == "key2999"
    said = [each.text() for each in view.finder.findChildren(QLabel)]
    assert "1 of 11" in said
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert "2 of 11" in [each.text() for each in view.finder.findChildren(QLabel)]
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert view.finder.isHidden()


def test_one_line_of_a_megabyte_is_broken_for_the_eye(
    show: Callable[[CodeView], CodeView], qtbot: QtBot
) -> None:
    view = show(CodeView())
    view.show_text("x" * 1_000_000 + "\u202e", "Schema")
    qtbot.waitUntil(lambda: view.finished, timeout=20_000)
    shown = view.editor.toPlainText()
    assert max(map(len, shown.split("\n"))) <= 2_000
    assert shown.replace("\n", "") == "x" * 1_000_000 + "⟨U+202E⟩"
