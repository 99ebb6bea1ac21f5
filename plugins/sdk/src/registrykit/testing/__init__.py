"""Testing a plugin: the contract to inherit, runs in one line, loopback servers and faults."""
