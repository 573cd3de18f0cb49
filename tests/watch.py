"""Watches every CSP message that the client and the service emit while tests run.

Each is held against the content models of its version, and it is noted which elements were sent
and read by whom, in which version and syntax, in which test. `conftest.py` installs it.
"""

import csv
import sys
from collections import defaultdict

from microimps.codec import Reader
from microimps.envelope import Envelope
from microimps.tools.conformance import check
from microimps.tools.message import DecodeError, decode
from microimps.tools.sim import segments
from microimps.tools.sim.incoming import Incoming
from microimps.tools.sim.service import Service
from microimps.tools.tables import VERSIONS, table

CLIENT_SENDS, CLIENT_READS, SERVICE_SENDS, SERVICE_READS = (
    "client sends",
    "client reads",
    "service sends",
    "service reads",
)
_REFUSED = 400


class Watch:
    """What was seen.

    test: identity of the test that runs; broken: violations in it; seen: (who, element, version)
    -> {test: syntaxes}; elsewhere: the requests that reach the service come from the client in
    another process, such as MicroPython.
    """

    def __init__(self):
        self.test = ""
        self.elsewhere = False
        self.broken = []
        self.seen = defaultdict(lambda: defaultdict(set))
        self._known = {}  # octets of a message of this test -> what `_examine` says
        self._pieces = {}

    def begin(self, test, elsewhere):
        """A test starts."""
        self.test, self.elsewhere = test, elsewhere
        for each in (self.broken, self._known, self._pieces):
            each.clear()

    def emitted(self, who, body):
        """A whole message left the client or the service."""
        if body:
            elements, version, syntax, broken, _ = self._examine(body)
            self.broken += [f"{who}: {line}" for line in broken]
            self.note(who, elements, version, syntax)

    def _examine(self, body):
        """(elements, version, syntax, violations, status code) of a message."""
        found = self._known.get(body)
        if found is None:
            found = self._known[body] = self._judged(body)
        return found

    def _judged(self, body):
        try:
            message = decode(body)
        except DecodeError as error:
            return (), "", "", [str(error)], 0
        version = message.version or VERSIONS[-1]  # of a discovery
        elements = frozenset(each.tag for each in message.root.iter())
        code = message.root.findtext(".//TransactionContent/*/Result/Code", "")
        broken = check(message.root, version, message.syntax == "pts")
        return elements, version, message.syntax, broken, int(code or 200)

    def note(self, who, elements, version, syntax):
        for element in elements:
            self.seen[who, element, version][self.test].add(syntax)

    def install(self):
        """Look over the shoulder of client and service for as long as Python runs."""
        self._client()
        self._service()

    def _client(self):
        write, event, pull = Envelope.write, Envelope.event, Reader.pull

        def watched_write(session, w=None):
            w = w or session.w
            before = w.at
            write(session, w)
            self._piece(session, w, before)

        def watched_event(session, r, ev):
            item = event(session, r, ev)
            self._pulled(r, session.w.version)
            return item

        def watched_pull(r):
            ev = pull(r)
            if ev:
                caller = sys._getframe(1).f_globals["__name__"]
                if caller != Envelope.__module__ and caller.startswith("microimps."):
                    self._pulled(r, r.version)  # a message that no envelope is around
            return ev

        Envelope.write, Envelope.event, Reader.pull = watched_write, watched_event, watched_pull

    def _pulled(self, r, number):
        version = VERSIONS[number - 1]  # the last one for 0: of a discovery
        name = table(version).names.get(r.tag)
        if name:
            self.note(CLIENT_READS, (name,), version, _syntax(r))

    def _piece(self, session, w, before):
        """A window of the message that a session writes; `before`: Writer.at then.

        Windows come in any order and overlap; the head of an SMS message is written in each part.
        """
        after = w.at
        low, high = max(0, before), min(w.size, after)
        if low >= high:
            return
        out, whole, missing = self._pieces.get(id(session), (None, b"", b""))
        if out is not session.out or len(whole) != after - before:
            whole = bytearray(after - before)
            missing = bytearray(b"x" * len(whole))
            self._pieces[id(session)] = session.out, whole, missing
        elif not missing:
            return  # told already
        piece = slice(low - before, high - before)
        whole[piece] = w.buf[low:high]
        missing[piece] = bytes(high - low)
        if not any(missing):
            missing.clear()
            self.emitted(CLIENT_SENDS, bytes(whole))

    def _service(self):
        answer, push, cut = Service.answer, Service.push, segments.cut

        def watched_answer(service, incoming: Incoming):
            result = answer(service, incoming)
            if self.elsewhere:
                self.emitted(CLIENT_SENDS, incoming.body)
            self.emitted(SERVICE_SENDS, result.body)
            self._read(incoming, result.body)
            return result

        def watched_push(service, session):
            body = push(service, session)
            self.emitted(SERVICE_SENDS, body)
            return body

        def watched_cut(session, version, syntax, whole):
            first = cut(session, version, syntax, whole)
            if first:  # what goes out in slices
                broken = check(whole.content, version)
                self.broken += [f"{SERVICE_SENDS}: {line}" for line in broken]
                elements = {each.tag for each in whole.content.iter()}
                self.note(SERVICE_SENDS, elements, version, syntax)
            return first

        Service.answer, Service.push, segments.cut = watched_answer, watched_push, watched_cut

    def _read(self, incoming, body):
        """What the service took in and did not refuse."""
        if incoming.root is None or body and self._examine(body)[4] >= _REFUSED:
            return
        elements = {each.tag for each in incoming.root.iter()}
        self.note(SERVICE_READS, elements, incoming.version or VERSIONS[-1], incoming.syntax)

    def told(self):
        """What was seen, as lists, for another process."""
        return [
            [*key, test, sorted(syntaxes)]
            for key, tests in list(self.seen.items())
            for test, syntaxes in tests.items()
        ]

    def hear(self, told):
        for *key, test, syntaxes in told:
            self.seen[tuple(key)][test].update(syntaxes)

    def write(self, path):
        """tools/conformance/tested.csv."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(("element", "who", *VERSIONS, "test"))
            out.writerows(self.rows())

    def rows(self):
        """(element, who, syntaxes in each version, test) in order; the test is the one that saw
        most versions, of these one of which every run is the same, the most specific one."""
        size = defaultdict(int)
        rows = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
        for (who, element, version), tests in self.seen.items():
            for test, syntaxes in tests.items():
                size[_function(test)] += 1
                rows[element, who][_function(test)][version] |= syntaxes
        found = []
        for (element, who), tests in sorted(rows.items()):
            best = min(tests, key=lambda test: (-len(tests[test]), _rank(test), size[test], test))
            whole = defaultdict(set)
            for versions in tests.values():
                for version, syntaxes in versions.items():
                    whole[version] |= syntaxes
            cells = (" ".join(sorted(whole[version])) for version in VERSIONS)
            found.append((element, who, *cells, best))
        return found


def _function(test):
    """A test without its parameters, its file relative to tests/."""
    return test.partition("[")[0].removeprefix("tests/")


def _rank(test):
    """Scripted tests come before those whose course depends on threads, sockets and time."""
    return not test.startswith(("core/", "host/test_sim_"))


def _syntax(reader):
    return type(reader).__module__.split(".")[-2]


watch = Watch()
