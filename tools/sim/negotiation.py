"""Service and capability negotiation. spec: transactions.md sections 3 and 4"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from . import tree
from .call import Call, Handler
from .elements import child, flag, node, nodes, number, text, texts
from .results import Code, Refusal
from .sessions import Capabilities

_BEARERS = ("HTTP", "HTTPS", "SMS")

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
    "MultiTrans",
    "MultiTransPerMessage",
    "ServerPollMin",
    "SupportedBearer",
    "SupportedCIRMethod",
    "TCPAddress",
    "TCPPort",
    "SessionPriority",
    "UserSessionLimit",
)


def client_capability(call: Call) -> Element:
    """ClientCapability-Request in any version's form."""
    agreed = agree_capabilities(call, child(call.request, "CapabilityList"))
    if call.version == "1.1":
        return node("ClientCapability-Response", _client(call), agreed)
    return node("ClientCapability-Response", agreed)


def _client(call: Call) -> Element:
    told = call.request.find("ClientID")
    return call.session.client if told is None else told


def agree_capabilities(call: Call, told: Element) -> Element:
    """Note what the client can; the agreed list of its version."""
    session = call.session
    session.capabilities = _read(told)
    session.capabilities.cir = tuple(
        each for each in texts(told, "SupportedCIRMethod") if each in call.service.cir_methods()
    )
    session.negotiated = True
    tag, order = {
        "1.1": ("CapabilityList", _LIST_11),
        "1.2": ("AgreedCapabilityList", _AGREED_12),
        "1.3": ("AgreedCapabilityList", _AGREED_13),
    }[call.version]
    settled = _settled(call, told)
    agreed = Element(tag)
    for name in order:
        agreed.extend(settled[name] if name in settled else told.findall(name))
    return agreed


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
    )


def _settled(call: Call, told: Element) -> dict[str, list[Element]]:
    # What the service decides; everything else is agreed as the client told it.
    session, service = call.session, call.service
    bearers = [each for each in texts(told, "SupportedBearer") if each in _BEARERS] or ["HTTP"]
    if not service.sms_number:
        bearers = [each for each in bearers if each != "SMS"] or ["HTTP"]
    tcp = "STCP" in session.capabilities.cir
    http = "SHTTP" in session.capabilities.cir
    poll_min = max(call.limits.server_poll_min, number(told, "ServerPollMin") or 0)
    address = node("CIRURL", node("URL", service.cir_url(session)))
    return {
        "SupportedBearer": nodes("SupportedBearer", bearers),
        "SupportedCIRMethod": nodes("SupportedCIRMethod", session.capabilities.cir),
        "TCPAddress": [node("TCPAddress", service.cir_address[0])] if tcp else [],
        "TCPPort": [node("TCPPort", service.cir_address[1])] if tcp else [],
        "ServerPollMin": [node("ServerPollMin", poll_min)],
        "UDPPort": [],
        "CIRURL": [address] if http else [],
        "CIRHTTPAddress": [node("CIRHTTPAddress", *address)] if http else [],
        "UserSessionLimit": [node("UserSessionLimit", call.limits.sessions_per_user)],
    }


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
