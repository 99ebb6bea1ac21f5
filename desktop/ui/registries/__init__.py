"""Registries: the list, one of them in detail, adding and editing."""
