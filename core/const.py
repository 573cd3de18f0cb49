"""`const` on both runtimes. mpy-cross folds it by name, wherever it was imported from."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value
