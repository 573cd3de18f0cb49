"""Puts the client on a MicroPython board, through mpremote, and reads back what is there."""
