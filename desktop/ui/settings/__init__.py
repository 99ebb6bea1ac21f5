"""Settings, section by section."""
