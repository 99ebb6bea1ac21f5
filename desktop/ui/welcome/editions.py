"""The editions of an environment in plain words."""

from __future__ import annotations

EDITION_WORDS = {
    "none": ("Just registries", "No Palette behind them. You add what you use."),
    "saas": (
        "Palette, as a service",
        "Your tenant of the hosted Palette, with the registries that come with it.",
    ),
    "self-hosted": (
        "Palette, self-hosted",
        "Your own installation with a system console, connected to the internet.",
    ),
    "airgap": (
        "Palette, self-hosted in an air gap",
        "No default registries; everything comes from registries inside.",
    ),
    "vertex": (
        "Palette VerteX",
        "The FIPS edition. Only a FIPS registry by default; others are added explicitly.",
    ),
    "vertex-airgap": (
        "Palette VerteX in an air gap",
        "The FIPS edition without any default registry.",
    ),
}
