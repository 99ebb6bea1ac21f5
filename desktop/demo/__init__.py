"""The built-in estate: which servers, which content, which faults."""
