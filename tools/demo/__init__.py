"""The demonstration: a client on MicroPython and one on CPython meet at a simulated service."""
