"""Packs, charts and FIPS in the window: what somebody does with the demo's two environments."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from registrykit.testing.oci import OciSite
from registrykit.urls import Basic
from tests.charts import archive
from tests.e2e.layouts import push_chart, push_pack_by_newer_oras, tar_gz
from tests.e2e.window.conftest import Running, Start
from tests.e2e.window.seeing import until
from tests.e2e.window.steps import focused_on, see_the_demo, tab_to

pytestmark = pytest.mark.e2e

FIPS = "Greywether Yard"
ACCOUNT = Basic("reader", "open sesame")


def push_pack(site: OciSite, base: str, name: str) -> None:
    described = {"name": name, "version": "1.0.0", "layer": "addon", "displayName": name.title()}
    files = {"pack.json": json.dumps(described).encode(), "values.yaml": b"pack: {}\n"}
    content = tar_gz(files, f"{name}-1.0.0")
    push_pack_by_newer_oras(site, f"{base}/spectro-packs/archive/{name}", "1.0.0", content)


@pytest.fixture
def site() -> Iterator[OciSite]:
    """Serve a chart and two packs of a team to those who sign in."""
    with OciSite(sign_in=ACCOUNT) as made:
        push_chart(made, "team/charts", archive("billing", "1.0.0"))
        for name in ("lighthouse", "breakwater"):
            push_pack(made, "team", name)
        yield made


@pytest.fixture
def demo(start: Start) -> Running:
    program = start("demo")
    see_the_demo(program)
    return program


def look_at(program: Running, environment: str) -> None:
    eyes, hands = program.eyes, program.hands
    hands.click(eyes.find(name="Environment and tenant"))
    hands.click(eyes.find("MenuItem", environment))


def rows(program: Running, layer: str = "") -> list[str]:
    """Return the cells of one column of the catalog that can be seen."""
    return [seen.name for seen in program.eyes.all("Cell") if layer in ("", seen.name)]


def test_an_oci_registry_is_added_and_its_packs_are_filtered(demo: Running, site: OciSite) -> None:
    eyes, hands = demo.eyes, demo.hands
    hands.click(eyes.find("CheckBox", "Registries"))
    hands.click(eyes.find("Button", object="add-registry"))
    hands.click(eyes.find("Button", object="type-oci"))
    hands.fill(eyes.find("EditableText", "Endpoint"), site.endpoint)
    hands.fill(eyes.find("EditableText", "Name"), "Team shelf")
    hands.fill(eyes.find("EditableText", "Base content path"), "team")
    hands.scroll(eyes.find("EditableText", "Base content path"), 30)
    hands.click(eyes.find("RadioButton", "Authentication: User name and password"))
    hands.scroll(eyes.find("EditableText", "Name"), 30)
    hands.fill(eyes.find("EditableText", "User name"), ACCOUNT.username)
    hands.fill(eyes.find("EditableText", "Password"), ACCOUNT.password)
    hands.click(eyes.find(object="check-connection"))
    eyes.read("It can be used.")
    hands.click(eyes.find("Button", "Add", object="finish-adding"))
    eyes.find("ListItem", having="Team shelf, OCI registry, synced just now")
    hands.click(eyes.find("PageTab", "Contents"))
    hands.click(eyes.find(object="facet-kind"))
    hands.click(eyes.find("ListItem", having="Pack, 2"))
    hands.press("Escape")
    eyes.gone("Cell", "billing, chart")
    eyes.find("Cell", having="Lighthouse")
    eyes.find("Cell", having="Breakwater")

    # Packs of every registry, narrowed to one layer.
    hands.click(eyes.find("CheckBox", "Catalog"))
    hands.click(eyes.find(object="facet-kind"))
    hands.click(eyes.find("ListItem", having="Pack, "))
    hands.press("Escape")
    hands.click(eyes.find(object="facet-layer"))
    hands.click(eyes.find("ListItem", having="os, "))
    hands.press("Escape")
    until(lambda: set(rows(demo, "os")) and not rows(demo, "addon"), "only what is a machine's")
    eyes.find(object="facet-layer", having="os")
    demo.close()


def test_a_pack_says_why_it_is_not_usable_until_that_is_allowed(demo: Running) -> None:
    eyes, hands = demo.eyes, demo.hands
    look_at(demo, FIPS)
    hands.fill("Search everything", "lanternfish")
    eyes.read("1 artifact in 1 registry")
    hands.click(eyes.find("Cell", having="Lanternfish"))
    hands.click(eyes.find("Button", object="open-whole"))
    eyes.read("declared not compliant by its publisher")
    eyes.read("Not usable in tenant Sluice Control: non-FIPS packs are not allowed")
    hands.click(eyes.find("Button", having="Allow… "))
    focused_on(demo, "CheckBox", having="Allow non-FIPS packs")
    hands.press("space")
    hands.click(eyes.find("Button", "Allow non-FIPS packs", object="confirm"))
    until(lambda: "checked" in eyes.find(object="allow-non-fips").states, "the switch")
    hands.press("alt+Left")
    eyes.read("declared not compliant by its publisher")
    until(lambda: "Not usable" not in eyes.text(), "its being usable")
    demo.close()


def test_a_non_fips_registry_is_confirmed_and_added_by_keyboard(
    demo: Running, site: OciSite
) -> None:
    eyes, hands = demo.eyes, demo.hands
    look_at(demo, FIPS)
    hands.press("ctrl+n")
    focused_on(demo, "EditableText", "URL")
    tab_to(demo, "Button", "VerteX non-FIPS pack registry")
    hands.press("space")
    focused_on(demo, "EditableText", "Name")
    eyes.read("OCI Pack Registry")
    hands.press("ctrl+a")
    hands.type("Team packs")
    tab_to(demo, "RadioButton", "Registry: OCI Pack Registry (production)")
    hands.press("Down", "Down")
    focused_on(demo, "RadioButton", "Registry: Another registry")
    tab_to(demo, "EditableText", "Endpoint")
    hands.type(site.endpoint)
    tab_to(demo, "EditableText", "Base content path")
    hands.type("team")
    tab_to(demo, "RadioButton", "Authentication: AWS (Amazon ECR)")
    hands.press("Right")
    tab_to(demo, "EditableText", "User name")
    hands.type(ACCOUNT.username)
    tab_to(demo, "EditableText", "Password")
    hands.type(ACCOUNT.password)
    # Without the confirmation Enter adds nothing, and leads to it.
    hands.press("Return")
    focused_on(demo, "CheckBox", having="not FIPS compliant")
    hands.press("space")
    hands.press("ctrl+Return")
    eyes.read("It can be used.")
    tab_to(demo, "Button", "Add")
    hands.press("space")
    focused_on(
        demo, "ListItem", having="Team packs, VerteX non-FIPS pack registry, synced just now"
    )
    assert hands.effort.clicks == 2
    demo.close()
