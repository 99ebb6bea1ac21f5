# mypy: ignore-errors
"""Raises while it is imported."""

raise RuntimeError("the wrong phase of the moon")
