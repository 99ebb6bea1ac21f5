"""Changes: what changed upstream, over all registries."""
