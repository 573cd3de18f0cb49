"""Status codes, the Result element and what became of the parts of a request.

spec: transactions.md sections 1.2 and 16
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from xml.etree.ElementTree import Element, SubElement


class Code(IntEnum):
    """The status codes that this service sends; the name is also the Description."""

    OK = 200
    PARTLY_DONE = 201
    BAD_REQUEST = 400
    UNAUTHORISED = 401
    BAD_PARAMETER = 402
    FORBIDDEN = 403
    UNKNOWN_SERVICE = 405
    WRONG_PASSWORD = 409
    BAD_INVITATION_ID = 423
    BAD_SEARCH_ID = 424
    BAD_SEARCH_INDEX = 425
    BAD_MESSAGE_ID = 426
    WRONG_SENDER = 427
    WRONG_SENDER_CLIENT = 428
    BAD_GROUP_ID = 429
    ANSWER_TOO_LARGE = 432
    BAD_APPLICATION_ID = 450
    SERVER_FAULT = 500
    NOT_IMPLEMENTED = 501
    FRESH_LOGIN_NEEDED = 502
    VERSION_NOT_SUPPORTED = 505
    SERVICE_NOT_AGREED = 506
    MESSAGE_STORE_FULL = 507
    DOMAIN_NOT_SERVED = 516
    UNANSWERED_BY_OWNER = 521
    UNKNOWN_USER = 531
    BLOCKED_BY_RECIPIENT = 532
    RECIPIENT_NOT_LOGGED_IN = 533
    TOO_MANY_HITS = 536
    SEARCH_TOO_BROAD = 537
    MESSAGE_REJECTED = 538
    MESSAGE_FORWARDED = 541
    MESSAGE_EXPIRED = 542
    NO_COMMON_DIGEST = 543
    SEARCH_ELEMENT_NOT_USABLE = 562
    SESSION_EXPIRED = 600
    FORCED_LOGOUT = 601
    NOT_LOGGED_IN = 604
    KEEP_ALIVE_REFUSED = 605
    NO_SUCH_LIST = 700
    LIST_EXISTS = 701
    BAD_USER_PROPERTY = 702
    BAD_PRESENCE_ATTRIBUTE = 750
    BAD_PRESENCE_VALUE = 751
    BAD_LIST_PROPERTY = 752
    TOO_MANY_LISTS = 753
    TOO_MANY_CONTACTS = 754
    TOO_MANY_ATTRIBUTE_LISTS = 755
    NO_SUCH_GROUP = 800
    GROUP_EXISTS = 801
    GROUP_CLOSED = 803
    BAD_GROUP = 806
    JOINED_ALREADY = 807
    NOT_JOINED = 808
    REJECTED_FROM_GROUP = 809
    NOT_A_MEMBER = 810
    SCREEN_NAME_TAKEN = 811
    NO_PRIVATE_MESSAGES = 812
    TOO_MANY_GROUPS = 814
    PRIVILEGE_TOO_LOW = 816
    TOO_MANY_JOINED = 817
    NO_HISTORY = 821
    NEEDS_NAME_OR_TOPIC = 822
    SEVERAL_ERRORS = 900
    BAD_ADDRESS = 901

    @property
    def description(self) -> str:
        """Such as `no such list`."""
        return self.name.replace("_", " ").lower()


_DESCRIPTIONS = {int(code): code.description for code in Code if code != Code.OK}


class Detail:
    """One failed address: the code and the element that names it (`UserID`, `ContactList` ...).

    value: its text, or the whole element where it is a ScreenName.
    """

    # Order within DetailedResult; the later ones came with 1.2, the first with 1.3.
    KINDS_13 = (
        "SearchElement",
        "UserID",
        "GroupID",
        "ScreenName",
        "MessageID",
        "ContactList",
        "Domain",
    )
    KINDS = KINDS_13[1:]
    KINDS_11 = KINDS[:3]

    def __init__(self, code: Code, kind: str, value: str | Element) -> None:
        self.code = code
        self.kind = kind
        self.value = value


class Refusal(Exception):
    """A request is answered by Status with `code` instead of its own response."""

    def __init__(self, code: int, description: str = "", details: Sequence[Detail] = ()) -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description
        self.details = details


class Outcome:
    """Collects which parts of a request failed; the others are done."""

    def __init__(self) -> None:
        self.details: list[Detail] = []

    def fail(self, code: Code, kind: str, value: str | Element) -> None:
        """Note that `value` failed."""
        self.details.append(Detail(code, kind, value))

    def code(self, done: int) -> int:
        """200, 201, the one code of a total failure, or 900 when its codes differ."""
        if not self.details:
            return Code.OK
        if done:
            return Code.PARTLY_DONE
        codes = {detail.code for detail in self.details}
        return codes.pop() if len(codes) == 1 else Code.SEVERAL_ERRORS

    def result(self, done: int, version: str) -> Element:
        """Result for `done` parts that worked. Raises Refusal when none did but some failed."""
        code = self.code(done)
        if code not in (Code.OK, Code.PARTLY_DONE):
            raise Refusal(code, details=self.details)
        return result(code, version, details=self.details)


def result(
    code: int, version: str, description: str = "", details: Sequence[Detail] = ()
) -> Element:
    """Result with one DetailedResult for each code among `details`."""
    element = Element("Result")
    SubElement(element, "Code").text = str(int(code))
    description = description or _DESCRIPTIONS.get(int(code), "")
    if description:
        SubElement(element, "Description").text = description
    kinds = {"1.1": Detail.KINDS_11, "1.3": Detail.KINDS_13}.get(version, Detail.KINDS)
    for each in dict.fromkeys(detail.code for detail in details):
        detailed = SubElement(element, "DetailedResult")
        SubElement(detailed, "Code").text = str(int(each))
        SubElement(detailed, "Description").text = each.description
        for kind in kinds:
            for detail in details:
                if detail.code != each or detail.kind != kind:
                    continue
                if isinstance(detail.value, str):
                    SubElement(detailed, kind).text = detail.value
                else:
                    detailed.append(detail.value)
    return element


def status(
    code: int, version: str, description: str = "", details: Sequence[Detail] = ()
) -> Element:
    """Status, the answer to any request."""
    element = Element("Status")
    element.append(result(code, version, description, details))
    return element
