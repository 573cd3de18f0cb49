"""A plain IMPS client for tests of the simulated service."""

import asyncio
import itertools
from xml.etree.ElementTree import Element

from microimps.tools import message
from microimps.tools.sim import Account, Config, Service, envelope
from microimps.tools.sim.elements import node, text

VERSIONS = ("1.1", "1.2", "1.3")
SYNTAXES = ("xml", "wbxml")
KINDS = [(version, syntax) for version in VERSIONS for syntax in SYNTAXES]
PASSWORD = "secret word"
_COOKIES = itertools.count(1)


class Clock:
    """Time that only the test moves."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


def make_service(clock=None, **settings):
    """A service with the users alice, bob and carol."""
    users = tuple(Account(name, PASSWORD) for name in ("alice", "bob", "carol"))
    return Service(Config(users=users, **settings), clock or Clock())


class Client:
    """One client of a service, without a network."""

    def __init__(self, service, user="alice", version="1.2", syntax="xml", client="test-1"):
        self.service = service
        self.user = user
        self.version = version
        self.syntax = syntax
        self.client_id = node("ClientID", node("URL", client))
        self.session_id = ""
        self.poll = None
        self.cookie = f"cookie-{next(_COOKIES)}"
        self._ids = itertools.count(1)

    @property
    def names(self):
        return envelope.VERSIONS[self.version]

    def sub_list(self, *children):
        listed = Element("PresenceSubList", {"xmlns": self.names.pa})
        listed.extend(children)
        return listed

    def octets(self, primitive, mode="Request", tid=None):
        tid = str(next(self._ids)) if tid is None else tid
        transaction = envelope.Transaction(mode, tid, primitive)
        whole = envelope.Envelope(self.version, self.session_id, [transaction])
        return message.encode(message.Message(envelope.build(whole), self.version, self.syntax))

    def exchange(self, body):
        """Post octets; the answered transaction, or None for an empty answer."""
        answer = self.service.handle(body)
        assert (answer.syntax, answer.version) == (self.syntax, self.version)
        if not answer.body:
            return None
        found = message.decode(answer.body)
        assert (found.syntax, found.version) == (self.syntax, self.version)
        assert found.root.get("xmlns") == self.names.csp
        content = found.root.find("Session/Transaction/TransactionContent")
        assert content.get("xmlns") == self.names.trc
        whole = envelope.parse(found.root, self.version)
        place = "Transaction/TransactionDescriptor/" if self.version == "1.1" else ""
        self.poll = text(found.root, f"Session/{place}Poll") or None
        return whole.transactions[0]

    def post(self, name, *content, tid=None):
        """Send a request; its answer."""
        primitive = name if isinstance(name, Element) else node(name, *content)
        tid = str(next(self._ids)) if tid is None else tid
        answer = self.exchange(self.octets(primitive, tid=tid))
        assert answer is not None and (answer.mode, answer.tid) == ("Response", tid)
        return answer.content

    def code(self, name, *content):
        """Send a request; the code of its answer."""
        return int(text(self.post(name, *content), "Result/Code"))

    def login(self, *more, password=PASSWORD):
        self.session_id = ""
        answer = self.post(
            "Login-Request",
            node("UserID", self.user),
            self.client_id,
            node("Password", password),
            node("TimeToLive", 600),
            node("SessionCookie", self.cookie),
            *more,
        )
        self.session_id = text(answer, "SessionID")
        return answer

    def capabilities(self, **more):
        """Negotiate; more: name -> text of further children."""
        told = {
            "ClientType": "PDA",
            "InitialDeliveryMethod": "P",
            "SupportedBearer": "HTTP",
            "MultiTrans": "1",
            "ParserSize": "65535",
            "SupportedCIRMethod": "STCP",
            **more,
        }
        client = self.client_id if self.version == "1.1" else None
        return self.post(
            "ClientCapability-Request",
            client,
            node("CapabilityList", *(node(name, value) for name, value in told.items())),
        )

    def next(self):
        """Poll; the server request, or None."""
        found = self.exchange(self.octets(node("Polling-Request"), tid=""))
        assert found is None or found.mode == "Request", found.content.tag
        return found

    def reply(self, request, primitive=None):
        """Answer a server request; the next one, or None."""
        if primitive is None and request.content.tag == "NewMessage":
            identity = text(request.content, "MessageInfo/MessageID")
            primitive = node("MessageDelivered", node("MessageID", identity))
        elif primitive is None:
            primitive = node("Status", node("Result", node("Code", 200)))
        return self.exchange(self.octets(primitive, "Response", request.tid))

    def drain(self):
        """Poll and answer until nothing waits; the primitives that came."""
        found, request = [], self.next()
        while request is not None:
            found.append(request.content)
            request = self.reply(request) or self.next()
        return found

    def send(self, to, content="hello", report=False, **info):
        """Send a message; the answer."""
        return self.post(
            "SendMessage-Request",
            node("DeliveryReport", report),
            node(
                "MessageInfo",
                node("ContentType", "text/plain"),
                node("ContentSize", 99),
                node(
                    "Recipient",
                    *(
                        user(each) if isinstance(each, str) else each
                        for each in (to if isinstance(to, list) else [to])
                    ),
                ),
                node("Sender", user(self.user)),
                *(node(name, value) for name, value in info.items()),
            ),
            node("ContentData", content),
        )


def logged_in(service, *names, kind=("1.2", "xml")):
    """Clients of these users, each an installation of its own."""
    clients = [Client(service, name, *kind, client=name) for name in names]
    for client in clients:
        client.login()
    return clients


def http_post(app, body, headers=(), path="/imps"):
    """POST to an ASGI application without a server: (status, headers, body) of the answer."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(app(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:])


def user(spelled, client=None):
    return node("User", node("UserID", spelled), client)


def wrapped(version, *children):
    """Users and lists of a request: bare up to 1.2, in UserIDList and ContactListIDList in 1.3."""
    if version != "1.3":
        return children
    users = [node("UserID", text(each, "UserID")) for each in children if each.tag == "User"]
    lists = [each for each in children if each.tag == "ContactList"]
    return [
        wrapper
        for wrapper in (node("UserIDList", *users), node("ContactListIDList", *lists))
        if len(wrapper)
    ]
