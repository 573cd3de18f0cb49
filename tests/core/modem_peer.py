"""A scripted modem at the far end of a line, with a clock of its own; runs on both runtimes.

It knows the commands the driver needs; a test puts its quirk on top with `say`.
"""

_OK = b"\r\nOK\r\n"
_ERROR = b"\r\nERROR\r\n"

# A DELIVER from +491701234567 with the octets 57 56 ("WV"); the last digits are a serial number.
PDU = b"0791947106004034040C9194711032547600F5421010212300%02d025756"
REPORT = b"079194710600403406%02X0C91947110325476421010212300004210102123000000"


class Peer:
    """step: octets per read. Times are in ms; nothing takes time but waiting."""

    def __init__(self, step=64):
        self.now = 0
        self.step = step
        self.queue = []  # (time, octets)
        self.heard = b""
        self.log = []
        self.pdus = []
        self.script = {}
        self.stores = {b"SM": {}, b"ME": {}, b"SR": {}}
        self.size = 10
        self.mem = b"SM"
        self.ref = 0
        self.prompting = False

    def ticks_ms(self):
        return self.now & 0x1FFFFFFF

    def say(self, command, *answers):
        """The next commands that begin so get these answers (octets or callables), the last one
        for ever."""
        self.script[command] = list(answers)

    def send(self, octets, after=0):
        """Octets to the host, `after` ms from now."""
        self.queue.append((self.now + after, octets))
        self.queue.sort(key=lambda entry: entry[0])

    # The line, as a skin sees it.

    def readinto(self, view, deadline):
        limit = self.now + deadline
        if not self.queue or self.queue[0][0] > limit:
            self.now = limit
            return 0
        time, octets = self.queue.pop(0)
        self.now = max(self.now, time)
        n = min(self.step, len(view), len(octets))
        view[:n] = octets[:n]
        if n < len(octets):
            self.queue.insert(0, (time, octets[n:]))
        return n

    def write(self, octets):
        for c in bytes(octets):
            if self.prompting and c in (0x1A, 0x1B):
                self.prompting = False
                self.body(self.heard, c == 0x1A)
                self.heard = b""
            elif c == 13 and not self.prompting:
                command, self.heard = self.heard, b""
                self.command(command.replace(b"\x1b", b""))
            else:
                self.heard += bytes((c,))

    # Commands.

    def command(self, text):
        if not text:
            return
        self.log.append(text)
        best = b""
        for key in self.script:
            if text.startswith(key) and len(key) >= len(best):
                best = key
        if best:
            answers = self.script[best]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        else:
            answer = self.usual(text)
        if callable(answer):
            answer = answer(text)
        if answer:
            self.send(answer)

    def usual(self, text):
        if text[2:7] == b"+CMGS":
            self.prompting = True
            return b"\r\n> "
        if text[2:7] == b"+CPMS":
            return self.cpms(text)
        if text[2:7] in (b"+CMGR", b"+CMGD"):
            return self.slot(text[2:7], int(text[8:]))
        if text[2:7] == b"+CMGL":
            return self.listing()
        return {
            b"AT+CPIN?": b"\r\n+CPIN: READY\r\n",
            b"AT+CSQ": b"\r\n+CSQ: 21,99\r\n",
            b"AT+CREG?": b"\r\n+CREG: 0,1\r\n",
            b"AT+CGREG?": b"\r\n+CGREG: 0,1\r\n",
            b"AT+CEREG?": b"\r\n+CEREG: 0,4\r\n",
            b"AT+CSCA?": b'\r\n+CSCA: "+491710760000",145\r\n',
            b"AT+CNMI?": b"\r\n+CNMI: 2,1,0,1,0\r\n",
            b"AT+CSMS?": b"\r\n+CSMS: 0,1,1,1\r\n",
            b"AT+CSMS=0": b"\r\n+CSMS: 1,1,1\r\n",
            b"AT+CGSMS?": b"\r\n+CGSMS: 1\r\n",
        }.get(text, b"") + _OK

    def cpms(self, text):
        if text[7:8] == b"?":
            return b'\r\n+CPMS: "SM",0,10,"SM",0,10,"SM",0,10\r\n' + _OK
        name = text[9:11]
        if name not in self.stores:
            return b"\r\n+CMS ERROR: 302\r\n"
        self.mem = name
        counts = b"%d,%d" % (len(self.stores[name]), self.size)
        return b"\r\n+CPMS: " + b",".join([counts] * 3) + b"\r\n" + _OK

    def slot(self, command, index):
        store = self.stores[self.mem]
        if command == b"+CMGD":
            store.pop(index, None)
            return _OK
        if index not in store:
            return b"\r\n+CMS ERROR: 321\r\n"
        pdu = store[index]
        return b"\r\n+CMGR: 0,,%d\r\n%s\r\n" % (len(pdu) // 2 - 8, pdu) + _OK

    def listing(self):
        answer = b""
        for index in sorted(self.stores[self.mem]):
            pdu = self.stores[self.mem][index]
            answer += b"\r\n+CMGL: %d,0,,%d\r\n%s\r\n" % (index, len(pdu) // 2 - 8, pdu)
        return answer + _OK

    def body(self, pdu, complete):
        if not complete:
            self.send(_OK)
            return
        self.pdus.append(pdu)
        self.ref += 1
        self.command(b"body")
        if b"body" not in self.script:
            self.sent()

    def sent(self, after=0):
        self.send(b"\r\n+CMGS: %d\r\n" % self.ref + _OK, after)

    def count(self, command):
        """How often a command that begins so was given."""
        return sum(1 for text in self.log if text.startswith(command))


def run(flow, at, peer, limit=5000):
    """Do what the flow asks for until it returns; its result. It must not take `limit` steps."""
    answer = None
    try:
        for _ in range(limit):
            command = flow.send(answer)
            answer = None
            if command == 2:
                answer = peer.readinto(at.view, at.ms)
            elif command == 3:
                peer.write(at.view)
            elif command == 5:
                peer.now += at.ms
            else:
                assert command in (1, 4)  # the line is there
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the flow does not end")
