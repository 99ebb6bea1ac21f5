"""The window: Qt on top of the same engine that the command line uses."""
