"""What a machine has: loops that are compiled, memory, processes, devices, signals."""
