# mypy: ignore-errors
"""Needs a module that is not installed."""

import hostile_module_that_does_not_exist  # noqa: F401
