"""Looks at a set-up (modem, service, board) and says in plain words what to do about it."""
