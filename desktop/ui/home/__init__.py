"""Home: what needs attention, what changed, what runs next."""
