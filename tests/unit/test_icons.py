"""The icons keep one hand: same grid, same stroke, no color of their own, nothing but plain shapes.

What Qt SVG does not render (SVG Tiny 1.2 only) must not get in, and a theme can tint an icon only
if `currentColor` is its one color.
"""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

RESOURCES = Path(__file__).parents[2] / "resources"
ICONS = sorted((RESOURCES / "icons").glob("*.svg"))
APP = RESOURCES / "app"
SVG = "{http://www.w3.org/2000/svg}"
ROOT_ATTRIBUTES = {
    "viewBox": "0 0 24 24",
    "fill": "none",
    "stroke": "currentColor",
    "stroke-width": "1.75",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
}
SHAPES = {
    "path": {"d"},
    "circle": {"cx", "cy", "r"},
    "rect": {"x", "y", "width", "height", "rx"},
    "line": {"x1", "y1", "x2", "y2"},
    "polyline": {"points"},
}
PATH_DATA = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9., -]+")
NUMBERS = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?( -?[0-9]+(\.[0-9]{1,2})?)*")
PNG_SIZES = [16, 32, 48, 64, 128, 256]
NAMES = set(
    """
    activity added archive arrow-left arrow-right artifact bell book braces calendar cancel catalog
    certificate changed changes chart check chevron-down chevron-left chevron-right chevron-up
    circle circle-alert circle-check clock code columns console copy database demo dependencies dot
    download duplicate edit environment error external eye eye-off file filter folder globe held
    help history home image import info key keyboard link list lock minus monitor moon more moved
    oci offline pack pause play plug plus registries removed restart returned save search server
    settings shield shield-alert shield-check star sun sync tag tenant trash undo unlock user
    warning zarf
    """.split()
)


def problems(text: str) -> list[str]:
    """Return what keeps a drawing from being an icon of this set."""
    if "<!" in text or "<?" in text:
        return ["more than elements"]
    root = ET.fromstring(text)
    found = []
    if root.tag != f"{SVG}svg" or root.attrib != ROOT_ATTRIBUTES:
        found.append(f"root: {root.tag} {root.attrib}")
    for element in root:
        allowed = SHAPES.get(element.tag.removeprefix(SVG))
        if allowed is None or not element.tag.startswith(SVG):
            found.append(f"element: {element.tag}")
            continue
        if len(element) or (element.text or "").strip():
            found.append(f"content: {element.tag}")
        if set(element.attrib) - allowed:
            found.append(f"attributes: {sorted(set(element.attrib) - allowed)}")
        for name, value in element.attrib.items():
            shape = PATH_DATA if name == "d" else NUMBERS
            if shape.fullmatch(value) is None:
                found.append(f"value: {name}={value}")
    if not len(root):
        found.append("nothing drawn")
    return found


def test_every_icon_is_there_and_no_other() -> None:
    assert {path.stem for path in ICONS} == NAMES


@pytest.mark.parametrize("path", ICONS, ids=[path.stem for path in ICONS])
def test_an_icon_is_made_of_plain_strokes_in_the_color_of_the_theme(path: Path) -> None:
    assert problems(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", ICONS, ids=[path.stem for path in ICONS])
def test_shapes_with_plain_coordinates_stay_on_the_grid(path: Path) -> None:
    half = 0.875
    for shape in ET.fromstring(path.read_text("utf-8")):
        values = {name: float(value) for name, value in shape.attrib.items() if name != "d"}
        if shape.tag == f"{SVG}circle":
            edges = [values[axis] + sign * values["r"] for axis in ("cx", "cy") for sign in (-1, 1)]
        elif shape.tag == f"{SVG}rect":
            edges = [values["x"], values["x"] + values["width"]]
            edges += [values["y"], values["y"] + values["height"]]
        else:
            continue
        assert min(edges) - half >= 2
        assert max(edges) + half <= 22


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('fill="none"', 'fill="#102030"'),
        ("currentColor", "black"),
        ("0 0 24 24", "0 0 32 32"),
        ("<path ", '<path style="opacity:.5" '),
        ("<path ", '<path stroke="red" '),
        ("<path ", '<image href="x.png"/><path '),
        ("<path ", "<script>x</script><path "),
        ("<svg ", '<!DOCTYPE svg [<!ENTITY a "b">]><svg '),
        ('d="M', 'd="url(#a)M'),
    ],
)
def test_what_does_not_belong_is_found(before: str, after: str) -> None:
    text = (RESOURCES / "icons" / "check.svg").read_text("utf-8")
    assert before in text
    assert problems(text.replace(before, after, 1)) != []


def test_the_program_icon_is_self_contained() -> None:
    text = (APP / "registry-desktop.svg").read_text("utf-8")
    root = ET.fromstring(text)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "defs", "linearGradient", "stop", "path", "rect", "circle"}
    assert root.attrib == {"viewBox": "0 0 64 64"}
    assert "href" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#ground"}


@pytest.mark.parametrize("size", PNG_SIZES)
def test_the_program_icon_has_its_sizes(size: int) -> None:
    start = (APP / f"registry-desktop-{size}.png").read_bytes()[:26]
    assert start[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, color_type = struct.unpack(">IIBB", start[16:26])
    assert (width, height, depth) == (size, size, 8)
    assert color_type == 6, "color with transparency"
