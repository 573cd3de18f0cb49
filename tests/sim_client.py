"""A plain IMPS client for tests of the simulated service, and the content models it holds
every answer against.
"""

import asyncio
import itertools
import re
from xml.etree.ElementTree import Element

from microimps.tools import message
from microimps.tools.sim import Account, Config, Service, envelope
from microimps.tools.sim.elements import node, text

VERSIONS = ("1.1", "1.2", "1.3")
SYNTAXES = ("xml", "wbxml")
KINDS = [(version, syntax) for version in VERSIONS for syntax in SYNTAXES]
PASSWORD = "secret word"
_COOKIES = itertools.count(1)

# spec: content-models.md section 3, what the service sends. A name stands for all versions, or
# for those behind it.
MODELS = """
WV-CSP-Message: Session | WV-CSP-VersionDiscovery-Response
Session 1.1: SessionDescriptor Transaction+
Session 1.2 1.3: SessionDescriptor Transaction+ Poll? CIR?
SessionDescriptor: SessionType SessionID?
Transaction: TransactionDescriptor TransactionContent
TransactionDescriptor 1.1: TransactionMode TransactionID? Poll?
TransactionDescriptor 1.2 1.3: TransactionMode TransactionID
Status: Result ClientID?
Result: Code Description? DetailedResult*
DetailedResult 1.1: Code Description? UserID* GroupID* ScreenName*
DetailedResult 1.2 1.3: Code Description? UserID* GroupID* ScreenName* MessageID* ContactList* \
    Domain*
Disconnect: Result
Login-Response 1.1 1.2: ClientID Result Nonce? DigestSchema? SessionID? KeepAliveTime? \
    CapabilityRequest?
Login-Response 1.3: UserID? ClientID Password? Result Nonce? DigestSchema? SessionID? \
    KeepAliveTime? CapabilityRequest? Functions? AgreedCapabilityList?
KeepAlive-Response: Result KeepAliveTime?
GetSPInfo-Response: ClientID? Name Logo? Description? URL?
Service-Response 1.1: ClientID Functions? AllFunctions?
Service-Response 1.2 1.3: Functions? AllFunctions?
WVCSPFeat: FundamentalFeat? PresenceFeat? IMFeat? GroupFeat?
FundamentalFeat 1.1: ServiceFunc? SearchFunc? InviteFunc?
FundamentalFeat 1.2 1.3: ServiceFunc? SearchFunc? InviteFunc? VerifyIDFunc?
PresenceFeat 1.1 1.2: ContListFunc? PresenceAuthFunc? PresenceDeliverFunc? AttListFunc?
PresenceFeat 1.3: ContListFunc? PresenceAuthFunc? PresenceDeliverFunc?
IMFeat: IMSendFunc? IMReceiveFunc? IMAuthFunc?
GroupFeat: GroupMgmtFunc? GroupUseFunc? GroupAuthFunc?
ClientCapability-Response 1.1: ClientID CapabilityList?
ClientCapability-Response 1.2 1.3: AgreedCapabilityList
CapabilityList 1.1: ClientType? InitialDeliveryMethod? AnyContent? AcceptedCharset* \
    AcceptedContentType* AcceptedTransferEncoding* AcceptedContentLength? SupportedBearer* \
    MultiTrans? ParserSize? SupportedCIRMethod* UDPPort? TCPAddress? TCPPort? ServerPollMin? \
    DefaultLanguage?
AgreedCapabilityList 1.2: SupportedBearer* SupportedCIRMethod* TCPAddress? TCPPort? \
    ServerPollMin? CIRURL?
AgreedCapabilityList 1.3: AcceptedContentType* AnyContent? AcceptedPullLength? \
    AcceptedPushLength? AcceptedTextContentLength? AcceptedTransferEncoding* CIRHTTPAddress? \
    CIRSMSAddress? MultiTrans? MultiTransPerMessage? OfflineETEMHandling? OnlineETEMHandling? \
    ServerPollMin? SupportedBearer* SupportedOfflineBearer* SupportedCIRMethod* (TCPAddress \
    TCPPort)? SessionPriority? UserSessionLimit?
GetList-Response 1.1 1.2: ContactList* DefaultContactList?
GetList-Response 1.3: ContactListIDList? DefaultContactList?
CreateList-Response 1.3: ContactList ContactListProperties?
ListManage-Response: Result NickList? ContactListProperties?
NickList: (NickName | UserID)*
NickName: Name UserID
ContactListProperties: Property+
Property: Name Value?
GetAttributeList-Response: Result DefaultAttributeList? Presence*
DefaultAttributeList 1.1 1.2: PresenceSubList*
DefaultAttributeList 1.3: DefaultNotify? PresenceSubList?
GetPresence-Response: Result Presence*
PresenceNotification-Request: Presence+
Presence 1.1 1.2: (UserID | ContactList) PresenceSubList*
Presence 1.3: (UserID UserNotify? | ContactList ContactListNotify?) PresenceSubList*
PresenceSubList 1.1: OnlineStatus? Registration? ClientInfo? TimeZone? GeoLocation? Address? \
    FreeTextLocation? PLMN? CommCap? UserAvailability? PreferredContacts? PreferredLanguage? \
    StatusText? StatusMood? Alias? StatusContent? ContactInfo?
PresenceSubList 1.2: OnlineStatus? Registration? ClientInfo? TimeZone? GeoLocation? Address? \
    FreeTextLocation? PLMN? CommCap? UserAvailability? PreferredContacts? PreferredLanguage? \
    StatusText? StatusMood? Alias? StatusContent? ContactInfo? InfoLink?
PresenceSubList 1.3: OnlineStatus* Registration* ClientInfo* TimeZone* GeoLocation* Address* \
    FreeTextLocation* PLMN* CommCap* UserAvailability? PreferredContacts? PreferredLanguage? \
    StatusText? StatusMood? Alias? StatusContent? ContactInfo? InfoLink?
OnlineStatus 1.1 1.2: Qualifier? PresenceValue?
OnlineStatus 1.3: Qualifier? PresenceValue? ClientID?
ClientInfo 1.1 1.2: Qualifier? ClientType? DevManufacturer? ClientProducer? Model? \
    ClientVersion? Language?
ClientInfo 1.3: Qualifier? ClientContentLimit? ClientType? DevManufacturer? ClientProducer? \
    Model? ClientVersion? Language? ClientIMPriority? ApplicationID? ClientID?
UserAvailability: Qualifier? PresenceValue?
GetWatcherList-Response 1.1: User*
GetWatcherList-Response 1.2: HistoryPeriod? Watcher*
GetWatcherList-Response 1.3: HistoryPeriod? WatcherCount? Watcher*
Watcher 1.2: User WatcherStatus?
Watcher 1.3: UserID FriendlyName? WatcherStatus?
PresenceAuth-Request 1.1 1.2: UserID PresenceSubList?
GetReactiveAuthStatus-Response 1.2: ReactiveAuthStatusList
ReactiveAuthStatus 1.2: UserID ReactiveAuthState PresenceSubList?
Notification-Request 1.3: NotificationType PresenceSubList UserIDList
SendMessage-Response: Result MessageID?
GetMessageList-Response 1.1 1.2: MessageInfo*
GetMessageList-Response 1.3: MessageInfoList? MessageTotalCount?
MessageNotification: MessageInfo
GetMessage-Response: MessageInfo ContentData?
NewMessage: MessageInfo ContentData?
DeliveryReport-Request 1.1: Result MessageInfo
DeliveryReport-Request 1.2 1.3: Result DeliveryTime? MessageInfo
ForwardMessage-Response 1.3: MessageID?
MessageInfo 1.1 1.2: MessageID? MessageURI? ContentType? ContentEncoding? ContentSize \
    Recipient Sender DateTime? Validity?
MessageInfo 1.3: MessageID? MessageURI? ContentType? ContentEncoding? ContentSize? \
    ContentName? Recipient Sender DateTime? Font? Validity? ExtBlockETEM*
GetBlockedList-Response 1.1 1.2: BlockList? GrantList?
GetBlockedList-Response 1.3: BlockList? BlockListInUse? GrantList? GrantListInUse?
BlockList 1.1 1.2: InUse? EntityList?
BlockList 1.3: EntityList?
EntityList 1.1 1.2: UserID* ScreenName* GroupID*
EntityList 1.3: UserID* ScreenName* GroupID* ContactList* ApplicationID*
"""


def _models():
    models = {}
    for line in MODELS.strip().splitlines():
        head, _, model = line.partition(":")
        name, *versions = head.split()
        pattern = re.sub(r"[\w-]+", r"(?:\g<0>,)", model).replace(" ", "")
        for version in versions or VERSIONS:
            models[name, version] = re.compile(pattern)
    return models


_PATTERNS = _models()
_PRIMITIVES = {name for name, _ in _PATTERNS} - {"Status"}


def check(root, version):
    """Every element of a message against the model of its version."""
    for element in root.iter():
        pattern = _PATTERNS.get((element.tag, version))
        children = "".join(f"{child.tag}," for child in element)
        inner = element.tag == "Status" and not children  # of CommC
        if pattern is None:
            assert element.tag not in _PRIMITIVES or inner, f"{element.tag} is not in {version}"
        else:
            assert inner or pattern.fullmatch(children), f"{version} {element.tag}: {children}"
    for leaf in root.iter():
        if not len(leaf) and leaf.tag in ("Code", "ContentSize", "KeepAliveTime"):
            assert (leaf.text or "").isdigit(), leaf.tag


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
        check(found.root, self.version)
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
