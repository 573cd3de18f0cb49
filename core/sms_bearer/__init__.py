"""The SMS bearer: PDUs, segments, AT engine, modem and the CIR channel over SMS."""

# The profile of a modem that is none of profiles.py, where its form is told.
GENERIC = (b"\0\1\2", b"", b"+CFUN=1,1", 1000, 10, 75)
