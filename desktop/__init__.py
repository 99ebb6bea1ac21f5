"""Registry Desktop: the registries that feed Kubernetes platforms, in one window."""

__version__ = "0.1.0"
