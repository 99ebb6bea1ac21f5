"""Forms: a plugin's `FormSpec` as widgets, and the connection check."""
