"""Every task of an application, by the service area that does it.

A task is a flow (a generator, see session.py) in ``primitives/<area>.py``, beside the writers and
readers of its primitives. For ``client.send(...)`` the area is looked up (primitives/areas.py)
and loaded, and the flow given to the skin: most tasks return a value, some are iterated.
"""

from .const import const
from .errors import LocalError
from .session import Session

_LATER = const(48)


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
    built-in ones (pts.table.load). cir: from ``microimps.ports.cir``: notices that something
    waits, in place of most polls. wishes: dict of more capabilities, see docs/service.md: "types",
    "language" and, in 1.3, "online", "offline", "priority"; "private": private proposals are on.
    Raises LocalError 48 for a version that is none of these.
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
        cir=None,
        wishes=None,
    ):
        if version not in (1, 2, 3):
            raise LocalError(_LATER, version)
        self.limits = (size, depth, longest, version, extension, codes)
        reader, writer = self._speak(syntax, bearer)
        self.bearer = bearer
        self.session = s = Session(bearer, reader, writer, retries, wait)
        s.user = user if user[:3] == "wv:" else "wv:" + user
        s.password = password
        s.client = client
        s.schemes = schemes
        s.push = push
        s.content = content
        s.cir = cir
        s.wishes = wishes or {}
        self.inbox = s.inbox

    def _speak(self, syntax, bearer):
        # (reader, writer)
        size, depth, longest, version, _, _ = self.limits
        home = __import__(__name__[:-10] + syntax, None, None, ("Reader",))
        if syntax == "pts":
            return home.speak(bearer, *self.limits)
        reader = home.Reader(size, depth, longest)
        writer = home.Writer(size, version)
        writer.media = syntax.encode()
        return reader, writer

    def move(self, bearer, syntax="wbxml"):
        """Go on with the same session over another bearer, in another syntax.

        Such as HTTP after a login over SMS, for which most primitives have no public code
        (transport.md section 3). A line that both bearers use stays open.
        """
        if bearer.io is not self.bearer.io:
            self._close()
        s = self.session
        if s.cir:
            s.cir.drop(s)  # the network may be another
        version = s.w.version  # login may have stepped down
        s.r, s.w = self._speak(syntax, bearer)
        s.w.version = version
        s.bearer = self.bearer = bearer
        s.poll = True  # what waited for the old bearer

    def _close(self):
        s = self.session
        if s.cir:
            s.cir.drop(s)
        io = self.bearer.io
        if io.up:
            io.up = False
            io.link.close()

    def __getattr__(self, name):
        s = None if name == "session" else self.session  # which is not there from the start
        area = s and s.home(name)
        if not area:
            raise AttributeError(name)
        run = self._iterate if area[0] == "*" else self._run
        flow = getattr(s.area(area[area[0] == "*" :]), name)
        return lambda *args, **named: run(flow(s, *args, **named))
