"""Service and capability negotiation. spec: transactions.md sections 3 and 4"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from ..conformance.models import check
from . import handling, notifications, tree
from .call import Call, Handler
from .elements import child, client_id, flag, node, nodes, number, text, texts
from .results import Code, Refusal
from .sessions import Capabilities

_BEARERS = ("HTTP", "HTTPS", "WSP", "SMS")  # WSP ends at a gateway, which speaks HTTP

# Order of the capability list, transactions.md section 4.
_LIST_11 = (
    "ClientType",
    "InitialDeliveryMethod",
    "AnyContent",
    "AcceptedCharset",
    "AcceptedContentType",
    "AcceptedTransferEncoding",
    "AcceptedContentLength",
    "SupportedBearer",
    "MultiTrans",
    "ParserSize",
    "SupportedCIRMethod",
    "UDPPort",
    "TCPAddress",
    "TCPPort",
    "ServerPollMin",
    "DefaultLanguage",
)
_AGREED_12 = (
    "SupportedBearer",
    "SupportedCIRMethod",
    "TCPAddress",
    "TCPPort",
    "ServerPollMin",
    "CIRURL",
)
_AGREED_13 = (
    "AcceptedContentType",
    "AnyContent",
    "AcceptedPullLength",
    "AcceptedPushLength",
    "AcceptedTextContentLength",
    "AcceptedTransferEncoding",
    "CIRHTTPAddress",
    "CIRSMSAddress",
    "MultiTrans",
    "MultiTransPerMessage",
    "OfflineETEMHandling",
    "OnlineETEMHandling",
    "ServerPollMin",
    "SupportedBearer",
    "SupportedCIRMethod",
    "TCPAddress",
    "TCPPort",
    "SessionPriority",
    "UserSessionLimit",
)
# Decided by the service; the rest is agreed as the client told it.
_DECIDED = frozenset(
    (
        "SupportedBearer",
        "SupportedCIRMethod",
        "TCPAddress",
        "TCPPort",
        "CIRURL",
        "CIRHTTPAddress",
        "ServerPollMin",
    )
)
# The others are told once.
_SEVERAL = frozenset(("AcceptedContentType", "AcceptedCharset", "AcceptedTransferEncoding"))
# What 1.1 cannot tell of contents where any is accepted, and where only some are.
_CONTENT_11 = (("AcceptedContentType",), ("AnyContent", "AcceptedCharset"))


def client_capability(call: Call) -> Element:
    """ClientCapability-Request in any version's form."""
    agreed = agree_capabilities(call, child(call.request, "CapabilityList"))
    if call.version == "1.1":
        return node("ClientCapability-Response", _client(call), agreed)
    return node("ClientCapability-Response", agreed)


def _client(call: Call) -> Element:
    told = call.request.find("ClientID")
    return call.session.client if told is None else client_id(told)


def agree_capabilities(call: Call, told: Element) -> Element:
    """Note what the client can; the agreed list of its version."""
    session = call.session
    before, session.capabilities = session.capabilities, _read(told)
    if call.version == "1.3":
        _tell(call, before)
    session.capabilities.cir = tuple(
        each for each in texts(told, "SupportedCIRMethod") if each in call.service.cir_methods()
    )
    session.capabilities.udp = number(told, "UDPPort") or session.capabilities.udp
    session.negotiated = True
    tag, order = {
        "1.1": ("CapabilityList", _LIST_11),
        "1.2": ("AgreedCapabilityList", _AGREED_12),
        "1.3": ("AgreedCapabilityList", _AGREED_13),
    }[call.version]
    settled = _settled(call, told)
    agreed = Element(tag)
    for name in order:
        agreed.extend(settled[name] if name in settled else _as_told(told, name, call.version))
    return agreed


def _as_told(told: Element, name: str, version: str) -> list[Element]:
    """What the client told of a capability; there is no agreement on what breaks its model."""
    found = [each for each in told.findall(name) if not check(each, version)]
    if version == "1.1" and name in _CONTENT_11[not _any_content(told)]:
        return []
    return found if name in _SEVERAL else found[:1]


def _any_content(told: Element) -> bool:
    said = told.find("AnyContent")
    if said is None or check(said, "1.1"):
        return False
    return flag(told, "AnyContent") or told.find("AcceptedContentType") is None


def _read(told: Element) -> Capabilities:
    usual = Capabilities()
    length = number(told, "AcceptedContentLength")
    push = number(told, "AcceptedPushLength")
    pull = number(told, "AcceptedPullLength")
    types: list[str] = []
    if not flag(told, "AnyContent"):
        for each in told.findall("AcceptedContentType"):
            types.append((text(each, "ContentType") or each.text or "").strip().lower())
    delivery = text(told, "InitialDeliveryMethod", usual.delivery).upper()
    if delivery not in ("P", "N"):
        raise Refusal(Code.BAD_PARAMETER, "InitialDeliveryMethod is neither P nor N")
    return Capabilities(
        delivery=delivery,
        content_types=frozenset(each for each in types if each),
        push=length if push is None else push,
        pull=length if pull is None else pull,
        text=number(told, "AcceptedTextContentLength"),
        parser=number(told, "ParserSize") or None,
        priority=number(told, "SessionPriority") or 0,
        online=_known(told, "OnlineETEMHandling", handling.ONLINE),
        offline=_known(told, "OfflineETEMHandling", handling.OFFLINE),
    )


def _known(told: Element, name: str, values: tuple[str, ...]) -> str:
    """What the client wants, or the first of `values` for what is none of them."""
    value = text(told, name).upper()
    return value if value in values else values[0]


def _tell(call: Call, before: Capabilities) -> None:
    """Note what outlives the session, and tell the other sessions of the user what changed."""
    can, key = call.session.capabilities, call.session.key
    call.user.offline = can.offline
    changed = {}
    if can.priority != before.priority:
        changed["SPA"] = node("SessionPriority", can.priority)
    if can.online != before.online:
        changed["OEU"] = node("OnlineETEMHandling", can.online)
    for kind, now in changed.items():
        notifications.tell(call.service, key, kind, now, besides=call.session)


def _settled(call: Call, told: Element) -> dict[str, list[Element]]:
    # What the service decides; everything else is agreed as the client told it.
    session, service = call.session, call.service
    bearers = [each for each in texts(told, "SupportedBearer") if each in _BEARERS] or ["HTTP"]
    if not service.sms_number:
        bearers = [each for each in bearers if each != "SMS"] or ["HTTP"]
    sms = {"SSMS", "WAPSMS"} & set(session.capabilities.cir)
    if sms and not session.cir_number:  # else it came with HELO
        session.cir_number = session.number or text(session.client, "MSISDN")
    tcp = "STCP" in session.capabilities.cir
    http = "SHTTP" in session.capabilities.cir
    poll_min = max(call.limits.server_poll_min, number(told, "ServerPollMin") or 0)
    wanted = (
        ("OnlineETEMHandling", session.capabilities.online),
        (
            "OfflineETEMHandling",
            session.capabilities.offline,
        ),
    )
    handled = {name: [node(name, value)] for name, value in wanted if told.find(name) is not None}
    udp = _as_told(told, "UDPPort", call.version)
    address = node("CIRURL", node("URL", service.cir_url(session)))
    return {
        **handled,
        "SupportedBearer": nodes("SupportedBearer", bearers),
        "SupportedCIRMethod": nodes("SupportedCIRMethod", session.capabilities.cir),
        "TCPAddress": [node("TCPAddress", service.cir_address[0])] if tcp else [],
        "TCPPort": [node("TCPPort", service.cir_address[1])] if tcp else [],
        "ServerPollMin": [node("ServerPollMin", poll_min)],
        "UDPPort": udp if "SUDP" in session.capabilities.cir else [],
        "CIRURL": [address] if http else [],
        "CIRHTTPAddress": [node("CIRHTTPAddress", *address)] if http else [],
        "CIRSMSAddress": [node("CIRSMSAddress", service.sms_number)] if sms else [],
        "UserSessionLimit": [node("UserSessionLimit", call.limits.sessions_per_user)],
    }


def shorten(answer: Element) -> bool:
    """Leave out of an answer what goes without saying; whether there was anything of the kind.

    A login is left with the wish for a negotiation of its own, which may be in segments; of
    capabilities stays what the service decides.
    """
    agreed = answer.find("AgreedCapabilityList")
    if agreed is None:
        return False
    if answer.tag == "Login-Response":
        for each in (agreed, answer.find("Functions")):
            if each is not None:
                answer.remove(each)
        child(answer, "CapabilityRequest").text = "T"
    for each in list(agreed):
        if each.tag not in _DECIDED:
            agreed.remove(each)
    return True


def service_request(call: Call) -> Element:
    """Service-Request: the answer lists what was asked for and is not available."""
    functions = call.request.find("Functions")
    refused = None if functions is None else agree_services(call, functions)
    everything = None
    if flag(call.request, "AllFunctionsRequest"):
        offered = call.service.offered(call.version)
        everything = tree.build("AllFunctions", offered, call.version, collapse=False)
    client = _client(call) if call.version == "1.1" else None
    return node("Service-Response", client, refused, everything)


def agree_services(call: Call, functions: Element) -> Element | None:
    """Agree on what was asked for and is offered; `Functions` with the rest, if there is any."""
    offered = call.service.offered(call.version)
    asked = tree.asked(functions, call.version, offered)
    call.session.agreed = asked & offered
    if asked <= offered:
        return None
    return tree.build("Functions", asked - offered, call.version, collapse=True)


HANDLERS = {
    "ClientCapability-Request": Handler(client_capability),
    "Service-Request": Handler(service_request),
}
