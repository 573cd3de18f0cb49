"""Every task of an application, by the service area that does it.

A task is a flow (a generator, see session.py) in ``primitives/<area>.py``, beside the writers and
readers of its primitives. ``client.send(...)`` finds it here, loads its area and gives the flow
to the skin: a task returns a value; one marked ``*`` is iterated and gives an item at a time.
"""

from .session import Session

_TASKS = (
    ("access", " login logout keep_alive "),
    ("lists", " *lists *contacts create_list delete_list add_contact remove_contact "
     "rename_list default_list "),
    ("presence", " *presence subscribe unsubscribe update_presence "),
    ("messaging", " send *fetch reject "),
)


class Operations:
    """What blocking and asyncio clients share.

    bearer: how messages travel, from ``microimps.ports``; user: address, ``wv:`` may be missing;
    version: 1, 2 or 3 for CSP 1.1, 1.2, 1.3; syntax: "wbxml" or "xml"; client: identity of this
    installation; schemes: digests for the 4-way login in order of preference, empty for a 2-way
    login with the password in clear; push: messages come whole, else they are notified first;
    content: most octets of a message's content that is kept; size, depth, longest: limits of the
    reader (codec.Reader); retries, wait: repeats of a request (session.Session).
    """

    def __init__(self, bearer, user, password="", version=2, syntax="wbxml", client="microimps",
                 schemes=("SHA", "MD5"), push=True, content=1024, size=256, depth=16, longest=128,
                 retries=3, wait=5000):
        here = __name__[:-10] + syntax + "."
        reader = __import__(here + "reader", None, None, ("Reader",)).Reader(size, depth, longest)
        writer = __import__(here + "writer", None, None, ("Writer",)).Writer(size, version)
        writer.media = syntax.encode()
        self.bearer = bearer
        self.session = s = Session(bearer, reader, writer, retries, wait)
        s.user = user if user[:3] == "wv:" else "wv:" + user
        s.password = password
        s.client = client
        s.schemes = schemes
        s.push = push
        s.content = content
        self.link = None
        self.inbox = []

    def __getattr__(self, name):
        for area, names in _TASKS:
            for mark, run in ((" ", self._run), (" *", self._iterate)):
                if names.find(mark + name + " ") >= 0:
                    flow = getattr(self.session.area(area), name)
                    return lambda *args, **named: run(flow(self.session, *args, **named))
        raise AttributeError(name)
