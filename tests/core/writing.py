"""What a Writer makes of calls, for the tests of the writers."""


def written(writer, write, size):
    """The octets of what write(writer) writes, taken through windows of this size."""
    writer.window(0, 0)
    write(writer)
    total = writer.at
    found = b""
    while len(found) < total:
        low = len(found)
        writer.window(low, size)
        write(writer)
        assert writer.at == total - low  # every pass writes the same
        found += bytes(writer.buf[: min(size, total - low)])
    return found


def everywhere(Writer, version, write):
    """The octets of what write(writer) writes; the same through windows of every size."""
    whole = written(Writer(2000, version), write, 2000)
    for size in (1, 2, 7, 64):
        assert written(Writer(64, version), write, size) == whole, size
    return whole
