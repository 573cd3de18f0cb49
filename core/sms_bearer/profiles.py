"""Modem families as data; a modem that is none of them works with GENERIC, and needs no profile
of its own: copy one and change it.

A profile is a tuple of

0. stores in order of preference, an octet each: 0 SM, 1 ME, 2 MT, 3 SR (see Modem.select);
1. set-up commands without AT, with blanks between; a refusal is ignored. Not +CFUN: after it the
   modem reports itself ready once more, and would be set up again and again;
2. reset command without AT;
3. how long to press the power key, ms;
4. time from there until commands are taken, s;
5. how long +CMGS may take, s.

Source of the form: modem-quirks.md rows 7 and 15. The values are starting points that nobody has
checked against a vendor's manual or a device yet: hold them against yours.
"""

from . import GENERIC  # noqa: F401

# SIMCom. +CSCLK=0: no slow clock, in which the UART loses octets.
SIM800 = (b"\0\1", b"+CSCLK=0", b"+CFUN=1,1", 1200, 8, 75)
SIM7600 = (b"\0\1", b"+CSCLK=0", b"+CRESET", 500, 15, 75)

# Quectel. Indications go to one port only, by default to USB.
QUECTEL_EC2X = (b"\1\0\3", b'+QSCLK=0 +QURCCFG="urcport","uart1"', b"+CFUN=1,1", 750, 13, 125)
QUECTEL_BG9X = (b"\1\0", b'+QSCLK=0 +QURCCFG="urcport","uart1"', b"+CFUN=1,1", 750, 6, 125)

# u-blox. +UPSV=0: no UART power saving, which swallows the first octet after a pause.
SARA = (b"\1\0", b"+UPSV=0", b"+CFUN=16", 1000, 8, 185)

TELIT = (b"\0\1", b"", b"#REBOOT", 5000, 15, 75)
