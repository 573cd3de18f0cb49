"""Every task of an application, by the service area that does it.

A task is a flow (a generator, see session.py) in ``primitives/<area>.py``, beside the writers and
readers of its primitives. ``client.send(...)`` finds it here, loads its area and gives the flow
to the skin: a task returns a value; one marked ``*`` is iterated and gives an item at a time.
"""

from .session import Session

_TASKS = (
    ("access", " login logout keep_alive "),
    (
        "lists",
        " *lists *contacts create_list delete_list add_contact remove_contact "
        "rename_list default_list ",
    ),
    ("presence", " *presence subscribe unsubscribe update_presence "),
    ("messaging", " send *fetch reject "),
)


class Operations:
    """What blocking and asyncio clients share.

    bearer: how messages travel, from ``microimps.ports``; user: address, ``wv:`` may be
    missing; version: 1, 2 or 3 for CSP 1.1, 1.2, 1.3; syntax: "wbxml", "xml" or "pts", the
    only one over SMS; client: identity of this installation; schemes: digests for the 4-way
    login in order of preference, empty for a 2-way login with the password in clear; push:
    messages come whole, else they are notified first; content: most octets of a message's
    content that is kept; size, depth, longest: limits of the reader (codec.Reader); retries,
    wait: repeats of a request (session.Session). For PTS: extension: use the private codes of
    docs/pts-extension.md where the service knows them; codes: bytes, a table in place of the
    built-in ones (pts.table.load).
    """

    def __init__(
        self,
        bearer,
        user,
        password="",
        version=2,
        syntax="wbxml",
        client="microimps",
        schemes=("SHA", "MD5"),
        push=True,
        content=1024,
        size=256,
        depth=16,
        longest=128,
        retries=3,
        wait=5000,
        extension=False,
        codes=None,
    ):
        self.limits = (size, depth, longest, version, extension, codes)
        reader, writer = self._speak(syntax)
        self.bearer = bearer
        self.session = s = Session(bearer, reader, writer, retries, wait)
        s.user = user if user[:3] == "wv:" else "wv:" + user
        s.password = password
        s.client = client
        s.schemes = schemes
        s.push = push
        s.content = content
        self.link = None
        self.inbox = s.inbox

    def _speak(self, syntax):
        # (reader, writer)
        size, depth, longest, version, extension, codes = self.limits
        here = __name__[:-10] + syntax + "."
        Reader = __import__(here + "reader", None, None, ("Reader",)).Reader
        Writer = __import__(here + "writer", None, None, ("Writer",)).Writer
        if syntax != "pts":
            reader = Reader(size, depth, longest)
            writer = Writer(size, version)
            writer.media = syntax.encode()
            return reader, writer
        if not codes:
            home = here + ("extension" if extension else "codes")
            name = "EXTENSION" if extension else "CODES"
            codes = getattr(__import__(home, None, None, (name,)), name)
        reader = Reader(size, depth, longest, codes)
        writer = Writer(size, version, codes, reader if extension else None)
        writer.media = b"sms"
        return reader, writer

    def move(self, bearer, syntax="wbxml"):
        """Go on with the same session over another bearer, in another syntax.

        Such as HTTP after a login over SMS, for which most primitives have no public code
        (transport.md section 3). A line that both bearers use stays open.
        """
        if bearer.io is not self.bearer.io:
            self._close()
        s = self.session
        s.r, s.w = self._speak(syntax)
        s.bearer = self.bearer = bearer
        s.poll = True  # what waited for the old bearer

    def _close(self):
        if self.bearer.io.up:
            self.bearer.io.up = False
            self.link.close()

    def __getattr__(self, name):
        for area, names in _TASKS:
            for mark, run in ((" ", self._run), (" *", self._iterate)):
                if names.find(mark + name + " ") >= 0:
                    flow = getattr(self.session.area(area), name)
                    return lambda *args, **named: run(flow(self.session, *args, **named))
        raise AttributeError(name)
