"""What the program does: registries, jobs, synchronization, schedule. No Qt, no SQL."""
