"""Readers of untrusted files: YAML, JSON, Helm's index and charts, packs, Zarf packages.

Nothing that they read is executed, followed or written to disk.
"""
