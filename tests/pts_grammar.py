"""A second reading of PTS, written from the grammar of pts.md alone: it shares no code and no
table with the project, and takes nothing that the grammar does not have.

`parse` gives what stands there, `primitive` the same as XML.
"""

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

_PREAMBLE = re.compile(r"WV(1[123])([A-Z]{2})(0|[1-9][0-9]{0,2})")
_CODE = re.compile(r"([A-Z]{2})=")
_BARE = re.compile(r"[^ \",()=&]*")
_QUOTED = re.compile(r"\"((?:[^\"]|\"\")*)\"", re.S)


class Parsed(NamedTuple):
    version: str
    type: str
    tid: str
    params: list[tuple[str, "str | list"]]


def parse(octets: bytes) -> Parsed:
    """message = preamble [ SP param *( SP param ) ]"""
    text = octets.decode("utf-8")
    match = _PREAMBLE.match(text)
    assert match, text[:12]
    at = match.end()
    params = []
    while at < len(text):
        assert text[at] == " ", text[at:]
        code = _CODE.match(text, at + 1)
        assert code, text[at:]
        value, at = _value(text, code.end())
        params.append((code[1], value))
    return Parsed(f"1.{match[1][1]}", match[2], match[3], params)


def _value(text: str, at: int) -> "tuple[str | list, int]":
    if text[at : at + 1] == "(":
        items = []
        while not items or text[at] == ",":
            item, at = _value(text, at + 1)
            items.append(item)
        assert text[at] == ")", text[at:]
        return items, at + 1
    if quoted := _QUOTED.match(text, at):
        return quoted[1].replace('""', '"'), quoted.end()
    bare = _BARE.match(text, at)
    return bare[0], bare.end()


TRANSACTIONS = """
LR Login-Request RL Login-Response OR Logout-Request DI Disconnect KA KeepAlive-Request
AK KeepAlive-Response CP ClientCapability-Request PC ClientCapability-Response SQ Service-Request
QS Service-Response PO Polling-Request ST Status GL GetList-Request LG GetList-Response
CL CreateList-Request DL DeleteList-Request LM ListManage-Request ML ListManage-Response
CA CreateAttributeList-Request SB SubscribePresence-Request GP GetPresence-Request
PG GetPresence-Response UP UpdatePresence-Request PN PresenceNotification-Request
GB GetBlockedList-Request
"""
TEXTS = """
SI SessionID PW Password SH DigestSchema DI DigestSchema DB DigestBytes NO Nonce SC SessionCookie
TL TimeToLive KA KeepAliveTime CR CapabilityRequest AR AllFunctionsRequest DC DefaultContactList
DL DefaultList RL ReceiveList AS AutoSubscribe
"""
CAPABILITIES = """
CT ClientType DL DefaultLanguage ID InitialDeliveryMethod MT MultiTrans PS ParserSize
PM ServerPollMin SB SupportedBearer SC SupportedCIRMethod TA TCPAddress TP TCPPort UP UDPPort
"""
CODED = """
SS SSMS ST STCP SU SUDP WS WAPSMS WU WAPUDP MP MOBILE_PHONE CO COMPUTER PD PDA CL CLI OT OTHER
AV AVAILABLE DI DISCREET NA NOT_AVAILABLE
"""
SERVICES = "FF FundamentalFeat PF PresenceFeat IF IMFeat GE GroupFeat"
ATTRIBUTES = "OS OnlineStatus CF ClientInfo UA UserAvailability ST StatusText SC StatusContent"
PARTS = "CT ClientType CP ClientProducer CV ClientVersion RC ReferredContent CY ContentType"
_WORDS = ("ClientType", "SupportedBearer", "SupportedCIRMethod")  # values that may be codes


def _names(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def leaf(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text or None


def several(value: "str | list") -> list:
    return value if isinstance(value, list) else [value]


def primitive(message: Parsed) -> Element:
    """What the message says, its SI left out unless it belongs to the primitive."""
    root = Element(_names(TRANSACTIONS)[message.type])
    for code, value in message.params:
        if code != "SI" or message.type == "RL":
            _param(root, code, value, message)
    return root


def _param(root: Element, code: str, value: "str | list", message: Parsed) -> None:
    if code in _names(TEXTS):
        for text in several(value):
            leaf(root, _names(TEXTS)[code], text)
    elif code in ("UI", "CL"):
        _addresses(root, code, several(value), message)
    elif code in ("PS", "UV", "PR"):
        _presence(root, code, value)
    else:
        _READ[code](SubElement(root, _names(LISTS)[code]), value)


def _client(element: Element, value: "str | list") -> None:
    leaf(element, "URL", value)


def _result(element: Element, value: "str | list") -> None:
    for name, text in zip(("Code", "Description"), several(value), strict=False):
        leaf(element, name, text)


def _capabilities(element: Element, value: "str | list") -> None:
    for letters, text in value:
        if letters == "CI":
            leaf(SubElement(element, "CIRHTTPAddress"), "URL", text)
        else:
            leaf(element, *_coded(_names(CAPABILITIES)[letters], text))


def _services(element: Element, value: "str | list") -> None:
    feat = SubElement(element, "WVCSPFeat")
    for letters in value:
        if letters != "WV":
            SubElement(feat, _names(SERVICES)[letters])


def _nicks(element: Element, value: "str | list") -> None:
    for nick, address in value:
        where = SubElement(element, "NickName") if nick else element
        if nick:
            leaf(where, "Name", nick)
        leaf(where, "UserID", address)


def _properties(element: Element, value: "str | list") -> None:
    for name, text in value:
        each = SubElement(element, "Property")
        leaf(each, "Name", {"DN": "DisplayName", "DE": "Default"}[name])
        leaf(each, "Value", text)


LISTS = """
CI ClientID ST Result CA CapabilityList AP AgreedCapabilityList RF Functions NF Functions
AF AllFunctions UN NickList AN AddNickList RN RemoveNickList CP ContactListProperties
"""
_READ = {"CI": _client, "ST": _result, "CP": _properties}
_READ |= dict.fromkeys(("CA", "AP"), _capabilities)
_READ |= dict.fromkeys(("RF", "NF", "AF"), _services)
_READ |= dict.fromkeys(("UN", "AN", "RN"), _nicks)


def _coded(name: str, text: str) -> tuple[str, str]:
    return name, _names(CODED).get(text, text) if name in _WORDS else text


def _addresses(root: Element, code: str, values: list[str], message: Parsed) -> None:
    name = "UserID" if code == "UI" else "ContactList"
    wrapped = message.type in ("SB", "GP", "CA") or code == "CL" and message.type == "LG"
    if wrapped and message.version == "1.3":
        root = SubElement(root, "UserIDList" if code == "UI" else "ContactListIDList")
    for text in values:
        user = code == "UI" and message.version != "1.3" and message.type in ("SB", "GP")
        leaf(SubElement(root, "User") if user else root, name, text)


def _presence(root: Element, code: str, value: "str | list") -> None:
    if code == "PS":
        names = SubElement(root, "PresenceSubList")
        for name in several(value):
            attribute = SubElement(names, _names(ATTRIBUTES)[several(name)[0]])
            for part in name[1] if isinstance(name, list) else ():
                SubElement(attribute, _names(PARTS)[part])
    elif code == "UV":
        _attributes(root, value)
    else:
        assert code == "PR", code
        for user in value if isinstance(value[0], list) else [value]:
            presence = SubElement(root, "Presence")
            leaf(presence, "UserID", user[0])
            if len(user) > 1:
                _attributes(presence, user[1])


def _attributes(parent: Element, value: list) -> None:
    values = SubElement(parent, "PresenceSubList")
    for code, qualifier, content in value:
        attribute = SubElement(values, _names(ATTRIBUTES)[code])
        leaf(attribute, "Qualifier", qualifier)
        if code in ("CF", "SC"):
            for part, text in content:
                leaf(attribute, *_coded(_names(PARTS)[part], text))
        elif content or qualifier == "T":
            word = _names(CODED).get(content, content) if code == "UA" else content
            leaf(attribute, "PresenceValue", word)
