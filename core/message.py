"""A message: the item, apart from the area that reads it (see known.py)."""


class Message:
    """A message, a notice that one waits (``content`` None), or a delivery report.

    kind: "message", "notice" or "report"; id, sender, to, group, type, name, uri, date: str or
    None. sender and to: address, or screen name in ``group``; to is None where all of the group
    get it. name: of a file; uri: where large content can be had. size: octets; validity: seconds,
    or None; font: () or words such as ("Big", "Bold", "Red"); content: bytes, and ``text`` the
    same as str; code: of a report, the IMPS status, and its date is that of the delivery.
    """

    id = sender = to = group = type = name = uri = date = validity = content = None
    size = code = 0
    font = ()
    coded = False  # in BASE64

    def __init__(self, kind):
        self.kind = kind

    @property
    def text(self):
        octets = self.content
        if octets is None:
            return None
        kind = self.type or ""
        if kind.find("=") < 0:
            try:
                return str(octets, "utf-8")
            except UnicodeError:
                pass  # which content.py says
        from .primitives.content import text

        return text(octets, kind)
