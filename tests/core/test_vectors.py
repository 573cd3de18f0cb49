"""Every vector, in both syntaxes and cut in pieces, as the leaves and closes that pull() gives.

What is expected comes from vectors/wbxml-events.txt; csp_vectors.py tells how to read it.
"""

from microimps.wbxml.reader import Reader as WbxmlReader
from microimps.xml.reader import Reader as XmlReader

FOLDER = (__file__.rpartition("/")[0] or ".") + "/../vectors/"
# nothing in these tells the version: no public identifier, or no xmlns
UNTOLD = ["v12-login-request-opt-a.wbxml"]
UNTOLD += ["hand-publicid-literal-%s.xml" % v for v in ("11a", "11b", "12", "12b", "13")]

NEED_MORE, LEAF, CLOSE, DONE = 0, 1, 3, 4


def unquote(text):
    parts = text.split("%")
    octets = parts[0].encode()
    for part in parts[1:]:
        octets += bytes((int(part[:2], 16),)) + part[2:].encode()
    return octets.decode()


def same(reader, event, line):
    """Whether the event is what the line says."""
    i = 0
    while line[i] not in ')"#?@':
        i += 1
    kind = line[i]
    value = line[i + 1 :]
    if event != (CLOSE if kind == ")" else LEAF) or reader.tag != int(line[:i], 16):
        return False
    if kind == "#":
        return reader.number() == int(value)
    if kind == "?":
        return reader.flag() == (value == "T")
    if kind == "@" and reader.opaque:
        return reader.n == 6
    return kind == ")" or reader.text().strip() == unquote(value)


def read(reader, name, lines, step):
    """Give the file to the reader, at most `step` octets at a time, and compare its events."""
    with open(FOLDER + "wbxml/" + name, "rb") as file:
        while True:
            event = reader.pull()
            if event == NEED_MORE:
                count = file.readinto(reader.room()[:step])
                assert count, "ends too soon"
                reader.feed(count)
                continue
            line = lines.readline().decode().strip()
            if event == DONE:
                assert not line, name + " lacks " + line
                return
            assert same(reader, event, line), (name, step, event, reader.tag, line)


def vectors(reader, extension, steps):
    count = 0
    with open(FOLDER + "wbxml-events.txt", "rb") as lines:
        while True:
            head = lines.readline().decode().split()
            if not head:
                break
            at = lines.tell()
            name = head[0] + extension
            for step in steps:
                lines.seek(at)
                reader.reset()
                read(reader, name, lines, step)
                assert reader.version == (0 if name in UNTOLD else int(head[1][2])), name
            count += 1
    assert count > 190


def test_wbxml_by_the_buffer():
    vectors(WbxmlReader(256, 16, 400), ".wbxml", (256, 77))


def test_wbxml_by_the_octet():
    vectors(WbxmlReader(128, 16, 400), ".wbxml", (1,))


def test_xml_by_the_buffer():
    vectors(XmlReader(256, 16, 400), ".xml", (256, 77))


def test_xml_by_the_octet():
    vectors(XmlReader(128, 16, 400), ".xml", (1,))


if __name__ == "__main__":
    from testing import run

    run(globals())
