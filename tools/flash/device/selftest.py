"""Has a client log in at a service that refuses, whose `answer` (octets) is given, and loads all
modules in `names`, one after the other. Prints (free heap with a client made, what is wrong).

home: where the modules have to come from; settings: whether imps.py is there to make the client.
"""

import gc
import sys

gc.threshold(1024)
wrong = ""
free = 0


class Stub:
    # the port, with one answer in place of connections

    def __init__(self, port, octets):
        self.port = port
        self.octets = octets

    def __getattr__(self, name):
        return getattr(self.port, name)

    def Link(self, bearer):
        return self

    def readinto(self, view, ms):
        n = min(len(view), len(self.octets))
        view[:n] = self.octets[:n]
        self.octets = self.octets[n:]
        return n

    def write(self, view, ms):
        pass

    def close(self):
        pass


def drop():
    # parents hold their children, so all of them go
    for each in list(sys.modules):
        if each not in first:
            del sys.modules[each]
    gc.collect()


def ask(client):
    import microimps

    client.bearer.port = Stub(client.bearer.port, answer)  # noqa: F821
    try:
        client.login()
    except microimps.StatusError as e:
        return "" if e.args[0] == 409 else "status %s" % e.args[0]
    return "no answer"


def make():
    if settings:  # noqa: F821
        import imps

        return imps.client()
    from microimps import Client
    from microimps.ports import http

    return Client(http("http://127.0.0.1/"), "anna", "secret", 2, syntax)  # noqa: F821


first = list(sys.modules)
name = "the client"
try:
    if settings or answer:  # noqa: F821
        client = make()
        gc.collect()
        free = gc.mem_free()
        if answer:  # noqa: F821
            wrong = ask(client)
        client = None
    drop()
    for name in names:  # noqa: F821
        try:
            __import__(name)
        except MemoryError:  # it needs the room of the others
            drop()
            __import__(name)
    at = getattr(sys.modules["microimps"], "__file__", "")
    if not at.startswith(home):  # noqa: F821
        wrong = "microimps is loaded from %s, not %s" % (at, home)  # noqa: F821
except MemoryError:
    wrong = "memory: %s does not fit into the heap" % name
except Exception as e:
    wrong = "%s: %r" % (name, e)
print(repr((free, wrong)))
