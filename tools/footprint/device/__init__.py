"""Programs that are measured, and what they need to run: for MicroPython, staged one by one."""
