# ruff: noqa: E501
"""Content models of CSP elements, transcribed from content-models.md section 3 and presence.md.

A line is: element | 1.1 | 1.2 | 1.3, in the notation of content-models.md: A one, A? none or one,
A* any, A+ one or more, (A | B) one of them; `=` is what the column before says, `-` no such
element in that version, `text` and `empty` have no children. Elements without a line are text.
"""

import re

TABLE = r"""
WV-CSP-Message | Session | = | =
Session | SessionDescriptor, Transaction+ | SessionDescriptor, Transaction+, Poll?, CIR? | =
SessionDescriptor | SessionType, SessionID? | = | =
Transaction | TransactionDescriptor, TransactionContent | TransactionDescriptor, TransactionContent, ExtBlock* | =
TransactionDescriptor | TransactionMode, TransactionID?, Poll? | TransactionMode, TransactionID | TransactionMode, TransactionID, SegmentInfo?
Status | Result, ClientID? | = | =
Result | Code, Description?, DetailedResult* | = | Code, Description?, DetailedResult*, SystemMessageList?, TryAgainTimeout?
ClientID | URL?, MSISDN? | = | =

Login-Request | UserID, ClientID, Password?, DigestBytes?, DigestSchema?, TimeToLive?, SessionCookie | UserID, ClientID, Password?, DigestBytes?, DigestSchema*, TimeToLive?, SessionCookie | UserID, ClientID, ApplicationID?, Password?, DigestBytes?, DigestSchema*, SessionID?, TimeToLive?, SessionCookie, SystemMessageResponseList?, Functions?, CapabilityList?
Logout-Request | empty | = | =
KeepAlive-Request | TimeToLive? | = | =
Polling-Request | empty | = | =
Service-Request | ClientID, Functions?, AllFunctionsRequest | Functions, AllFunctionsRequest | =
Functions | WVCSPFeat | = | =
WVCSPFeat | FundamentalFeat?, PresenceFeat?, IMFeat?, GroupFeat? | = | =
FundamentalFeat | ServiceFunc?, SearchFunc?, InviteFunc? | (MF \| (ServiceFunc?, SearchFunc?, InviteFunc?))? | (MF \| (ServiceFunc?, SearchFunc?, InviteFunc?, VerifyIDFunc?))?
PresenceFeat | ContListFunc?, PresenceAuthFunc?, PresenceDeliverFunc?, AttListFunc? | (MP \| (ContListFunc?, PresenceAuthFunc?, PresenceDeliverFunc?, AttListFunc?))? | =
IMFeat | IMSendFunc?, IMReceiveFunc?, IMAuthFunc? | (MM \| (IMSendFunc?, IMReceiveFunc?, IMAuthFunc?))? | =
ClientCapability-Request | ClientID, CapabilityList? | CapabilityList | =
CapabilityList | ClientType, InitialDeliveryMethod, ((AnyContent, AcceptedCharset*) \| AcceptedContentType*), AcceptedTransferEncoding*, AcceptedContentLength, SupportedBearer*, MultiTrans, ParserSize, SupportedCIRMethod*, UDPPort?, TCPAddress?, TCPPort?, ServerPollMin?, DefaultLanguage? | ClientType, InitialDeliveryMethod, ((AnyContent, AcceptedCharset*) \| AcceptedContentType*), AcceptedTransferEncoding*, AcceptedContentLength, SupportedBearer*, MultiTrans, ParserSize, SupportedCIRMethod*, UDPPort?, ServerPollMin?, DefaultLanguage? | AcceptedContentType*, AnyContent?, AcceptedPullLength?, AcceptedPushLength?, AcceptedTextContentLength?, AcceptedTransferEncoding*, ClientType, DefaultLanguage?, InitialDeliveryMethod, MultiTrans, MultiTransPerMessage?, OfflineETEMHandling?, OnlineETEMHandling?, PlainTextCharset*, ParserSize, ServerPollMin?, SupportedBearer*, SupportedOfflineBearer*, SupportedCIRMethod*, UDPPort?, SessionPriority?

GetList-Request | empty | = | =
CreateList-Request | ContactList, NickList?, ContactListProperties? | = | =
DeleteList-Request | ContactList | = | =
ListManage-Request | ContactList, (AddNickList \| RemoveNickList \| ContactListProperties)? | ContactList, (AddNickList \| RemoveNickList \| ContactListProperties)?, ReceiveList | ContactList, (AddNickList \| RemoveNickList \| ContactListProperties)?, ReceiveList, AuthorizeAndGrant?
NickList | (NickName \| UserID)* | = | =
AddNickList | (NickName \| UserID)* | (NickName \| UserID)+ | =
RemoveNickList | UserID+ | = | =
NickName | Name, UserID | = | =
ContactListProperties | Property+ | = | =
Property | Name, Value | = | =
UserIDList | - | - | UserID*
ContactListIDList | - | - | ContactList*

SubscribePresence-Request | User*, ContactList*, PresenceSubList? | User*, ContactList*, PresenceSubList?, AutoSubscribe | UserIDList?, ContactListIDList?, PresenceSubList?, AutoSubscribe?
UnsubscribePresence-Request | User*, ContactList* | = | UserIDList?, ContactListIDList?
GetPresence-Request | (User+ \| ContactList+), PresenceSubList? | = | (UserIDList \| ContactListIDList), PresenceSubList?
UpdatePresence-Request | PresenceSubList | = | =
PresenceSubList | OnlineStatus?, Registration?, ClientInfo?, TimeZone?, GeoLocation?, Address?, FreeTextLocation?, PLMN?, CommCap?, UserAvailability?, PreferredContacts?, PreferredLanguage?, StatusText?, StatusMood?, Alias?, StatusContent?, ContactInfo? | OnlineStatus?, Registration?, ClientInfo?, TimeZone?, GeoLocation?, Address?, FreeTextLocation?, PLMN?, CommCap?, UserAvailability?, PreferredContacts?, PreferredLanguage?, StatusText?, StatusMood?, Alias?, StatusContent?, ContactInfo?, InfoLink? | OnlineStatus*, Registration*, ClientInfo*, TimeZone*, GeoLocation*, Address*, FreeTextLocation*, PLMN*, CommCap*, UserAvailability?, PreferredContacts?, PreferredLanguage?, StatusText?, StatusMood?, Alias?, StatusContent?, ContactInfo?, InfoLink?
OnlineStatus | Qualifier?, PresenceValue? | = | Qualifier?, PresenceValue?, ClientID?
Registration | Qualifier?, PresenceValue? | = | Qualifier?, PresenceValue?, ClientID?
FreeTextLocation | Qualifier?, PresenceValue? | = | Qualifier?, PresenceValue?, ClientID?
PLMN | Qualifier?, PresenceValue? | = | Qualifier?, PresenceValue?, ClientID?
ClientInfo | Qualifier?, ClientType?, DevManufacturer?, ClientProducer?, Model?, ClientVersion?, Language? | = | Qualifier?, ClientContentLimit?, ClientType?, DevManufacturer?, ClientProducer?, Model?, ClientVersion?, Language?, ClientIMPriority?, ApplicationID?, ClientID?
UserAvailability | Qualifier?, PresenceValue? | = | =
PreferredLanguage | Qualifier?, PresenceValue? | = | =
StatusText | Qualifier?, PresenceValue? | = | =
StatusMood | Qualifier?, PresenceValue? | = | =
Alias | Qualifier?, PresenceValue? | = | =

SendMessage-Request | DeliveryReport?, MessageInfo, ContentData | DeliveryReport, MessageInfo, ContentData? | =
RejectMessage-Request | MessageID+ | = | =
GetMessage-Request | MessageID | = | =
MessageDelivered | MessageID | = | =
MessageInfo | MessageID?, MessageURI?, ContentType?, ContentEncoding?, ContentSize, Recipient, Sender, DateTime?, Validity? | = | MessageID?, MessageURI?, ContentType?, ContentEncoding?, ContentSize?, ContentName?, Recipient, Sender, DateTime?, Font?, Validity?, ExtBlockETEM*
Recipient | User*, Group*, ContactList* | = | =
Sender | (User \| Group) | = | =
User | UserID, ClientID? | = | UserID, FriendlyName?, (ApplicationID \| ClientID)?
"""

# exactly one primitive, whichever: transactions.md section 1
ANY = {"TransactionContent"}


def _models():
    found = {}
    for line in filter(None, TABLE.splitlines()):
        element, *columns = (each.strip() for each in re.split(r"(?<!\\)\|", line))
        for version, column in enumerate(columns, 1):
            text = found[element, version - 1] if column == "=" else column.replace("\\", "")
            found[element, version] = text
    return found


MODELS = _models()


def pattern(model):
    """Regular expression of a model over names that each end in a semicolon."""
    if model in ("empty", "text"):
        return ""
    model = re.sub(r"[\w-]+", lambda name: f"(?:{name[0]};)", model)
    return model.replace(",", "").replace(" ", "")


def violations(element, version):
    """What in an Element tree breaks the models of this version, as lines of text."""
    children = "".join(child.tag + ";" for child in element)
    model = MODELS.get((element.tag, version), "text")
    if element.tag in ANY:
        if len(element) != 1:
            yield f"{element.tag}: {children}"
    elif model == "-":
        yield f"{element.tag} does not exist"
    elif not re.fullmatch(pattern(model), children):
        yield f"{element.tag}: {children or 'nothing'} is not {model}"
    for child in element:
        yield from violations(child, version)
