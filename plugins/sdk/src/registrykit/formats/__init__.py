"""Readers of untrusted files: YAML, JSON, Helm's index and chart archives.

Nothing that they read is executed, followed or written to disk.
"""
