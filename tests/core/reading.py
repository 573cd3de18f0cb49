"""What a Reader makes of octets, for the tests of the readers."""

NEED_MORE, START, TEXT, END, DONE = 0, 1, 2, 3, 4
LEAF, PIECE, CLOSE = 1, 2, 3


def give(reader, data, at, step):
    """Feed at most `step` octets of data from `at` on; where to go on."""
    room = reader.room()
    n = min(step, len(room), len(data) - at)
    room[:n] = data[at : at + n]
    reader.feed(n)
    return at + n


def events(reader, data, step=1000):
    """Events of next() as text: `<tag`, `'text`, `>`, and `...` when it needs more.

    A text is joined from its pieces, a value word in it is {its number}.
    """
    found = []
    at = 0
    text = b""
    while True:
        event = reader.next()
        if event == NEED_MORE:
            if at == len(data):
                return found + ["..."]
            at = give(reader, data, at, step)
            continue
        if event == TEXT:
            if reader.ext >= 0:
                text += b"{%X}" % reader.ext
            else:
                text += bytes(reader.src[reader.start : reader.stop])
            continue
        if text:
            found.append("'" + text.decode())
            text = b""
        if event == DONE:
            return found
        found.append("<%X" % reader.tag if event == START else ">")


def leaves(reader, data, step=1000):
    """(tag, parent, text) of every leaf, (tag, parent) of every close, text of every piece."""
    found = []
    at = 0
    while True:
        event = reader.pull()
        if event == DONE:
            return found
        if event == NEED_MORE:
            assert at < len(data), "ends too soon"
            at = give(reader, data, at, step)
        elif event == LEAF:
            found.append((reader.tag, reader.parent, reader.text()))
        elif event == CLOSE:
            found.append((reader.tag, reader.parent))
        else:
            found.append(bytes(reader.src[reader.start : reader.stop]).decode())


def leaf(reader, data):
    """Read up to the first leaf."""
    at = 0
    while True:
        event = reader.pull()
        if event == NEED_MORE:
            assert at < len(data), "no leaf"
            at = give(reader, data, at, 1000)
        elif event == LEAF:
            return reader


def code(error, call, *args):
    """The code of the error that call(*args) raises; None for no such error."""
    try:
        call(*args)
    except error as raised:
        return raised.args[0]
