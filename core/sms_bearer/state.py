"""What a modem says of its network; loaded when something goes wrong, or for a report."""


def status(modem):
    """Flow: (signal, status of circuit, packet and EPS registration, +CGSMS, service centre).

    Signal 0..31, 99 unknown; registration 1 home, 5 roaming; -1: the modem does not say."""
    found = []
    for text in (b"+CSQ", b"+CREG?", b"+CGREG?", b"+CEREG?", b"+CGSMS?", b"+CSCA?"):
        yield from modem.query(text)
        # An answer has the mode before the registration, an indication has not.
        found.append(modem.b if found and 0 <= modem.b < 12 else modem.a)
    found[-1] = modem.text[1:].split(b'"')[0]
    return tuple(found)
