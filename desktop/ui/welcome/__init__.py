"""What covers the window: the first run, and data that cannot be opened."""
