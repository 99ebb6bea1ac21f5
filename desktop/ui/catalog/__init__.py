"""The catalog: one search over everything, and an artifact with its versions."""
