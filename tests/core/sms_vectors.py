"""The cases of tests/vectors/sms, one at a time, so that a small heap can hold them."""

import json

FOLDER = (__file__.rsplit("/", 1)[0] if "/" in __file__ else ".") + "/../vectors/sms/"


def cases(name):
    """Yield the objects of `name`.json as dicts."""
    with open(FOLDER + name + ".json") as file:
        lines = []
        for line in file:
            lines.append(line.strip())
            if line.startswith(" }"):
                yield json.loads("".join(lines).strip("[],"))
                lines = []


def received(message, pdu, size=-1):
    """Feed the hex digits `pdu` (str) to a pdu.Received and parse them."""
    digits = pdu.encode()
    message.feed(digits, 0, len(digits))
    return message.parse(size)


def code(kind, call, *args):
    """Code of the `kind` of error that call(*args) raises; None when it raises none."""
    try:
        call(*args)
    except kind as error:
        return error.args[0]
    return None
