"""What the program remembers; the only place with SQL."""
