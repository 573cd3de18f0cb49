"""Search, StopSearch and VerifyID. spec: transactions.md sections 5 and 7, content-models.md 6

How a value matches is not public. Here texts match where the value stands anywhere in them,
numbers and what has few values match as a whole, all without regard to case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from xml.etree.ElementTree import Element

from sqlalchemy import select

from . import addresses, criteria, directory, groups
from .attributes import ONLINE
from .call import Call, Handler
from .elements import child, is_decimal, node, number, required, screen_name, text, thaw
from .profiles import friendly_names
from .results import Code, Detail, Outcome, Refusal
from .sessions import Found
from .store import ContactList, PresenceValue, User, UserProperty
from .view import View, is_online

_Ids = set[int]
_ADVANCED = "ADVSR"


class _Pair(NamedTuple):
    element: str
    value: str
    id: int


class _Users:
    """The users of the service, and what one search element finds among them."""

    def __init__(self, call: Call) -> None:
        self._call = call
        rows = call.db.execute(select(User.id, User.key, User.address).order_by(User.id)).all()
        self.addresses = {row.id: row.address for row in rows}
        self._keys = {row.id: row.key for row in rows}

    def user_id(self, value: str) -> _Ids:
        """A whole address, or a part of the name in it."""
        wanted = value.lower().removeprefix("wv:")
        if "@" in wanted:
            return {row for row, key in self._keys.items() if key == f"wv:{wanted}"}
        return {row for row, key in self._keys.items() if wanted in _name(key)}

    def number(self, value: str) -> _Ids:
        """The whole number: one that is known, or the name of a user that is a number."""
        wanted = _digits(value)
        known = self._known("USER_MOBILE_NUMBER").items()
        found = {row for row, each in known if _digits(each) == wanted}
        named = {row for row, key in self._keys.items() if _name(key) == f"+{wanted}"}
        return found | named if wanted else set()

    def known(self, name: str, value: str) -> _Ids:
        """Part of a property."""
        wanted = value.casefold()
        return {row for row, each in self._known(name).items() if wanted in each.casefold()}

    def equal(self, name: str, value: str) -> _Ids:
        """A whole property."""
        wanted = value.casefold()
        return {row for row, each in self._known(name).items() if wanted == each.casefold()}

    def age(self, least: int, most: int) -> _Ids:
        """An age from least to most years."""
        ages = {row: int(each) for row, each in self._known("PP_AGE").items() if each.isdecimal()}
        return {row for row, age in ages.items() if least <= age <= most}

    def alias(self, value: str) -> _Ids:
        """Part of an alias that the searcher may see."""
        rows = self._call.db.scalars(select(PresenceValue).where(PresenceValue.name == "Alias"))
        wanted = value.casefold()
        found = {
            row.owner_id
            for row in rows
            if wanted in text(thaw(row.frozen), "PresenceValue").casefold()
        }
        return self._seen(found, "Alias")

    def online(self, value: str) -> _Ids:
        """Users whose OnlineStatus, T or F, the searcher may see."""
        if value.upper() not in ("T", "F"):
            raise Refusal(Code.BAD_PARAMETER, "USER_ONLINE_STATUS is neither T nor F")
        sessions = self._call.service.sessions
        here = {each.user_id for each in sessions if is_online(each)}
        found = here if value.upper() == "T" else set(self._keys) - here
        return self._seen(found, *ONLINE)

    def _known(self, name: str) -> dict[int, str]:
        rows = self._call.db.scalars(select(UserProperty).where(UserProperty.name == name))
        return {row.owner_id: row.value for row in rows}

    def _seen(self, rows: _Ids, attribute: str) -> _Ids:
        call = self._call
        keys = [self._keys[row] for row in rows]
        view = View(call.service, call.db, call.session.key, call.version, keys)
        return {row for row in rows if attribute in view.rule(self._keys[row]).names}


def _name(key: str) -> str:
    return key.removeprefix("wv:").rpartition("@")[0]


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _years(value: str) -> int:
    if not is_decimal(value, 3):
        raise Refusal(Code.BAD_PARAMETER, "an age is a decimal number")
    return int(value)


def _part(name: str) -> Callable[[_Users, str], _Ids]:
    return lambda users, value: users.known(name, value)


def _whole(name: str) -> Callable[[_Users, str], _Ids]:
    return lambda users, value: users.equal(name, value)


_OF_USERS: dict[str, Callable[[_Users, str], _Ids]] = {
    "USER_ID": _Users.user_id,
    "USER_FIRST_NAME": _part("USER_FIRST_NAME"),
    "USER_LAST_NAME": _part("USER_LAST_NAME"),
    "USER_EMAIL_ADDRESS": _part("USER_EMAIL_ADDRESS"),
    "USER_ALIAS": _Users.alias,
    "USER_ONLINE_STATUS": _Users.online,
    "USER_MOBILE_NUMBER": _Users.number,
    "USER_AGE_MIN": lambda users, value: users.age(_years(value), 999),
    "USER_AGE_MAX": lambda users, value: users.age(0, _years(value)),
    "USER_CITY": _part("PP_CITY"),
    "USER_COUNTRY": _part("PP_COUNTRY"),
    "USER_FRIENDLY_NAME": _part("PP_FRIENDLY_NAME"),
    "USER_GENDER": _whole("PP_GENDER"),
    "USER_INTENTION": _part("PP_INTENTION"),
    "USER_INTERESTS_HOBBIES": _part("PP_INTERESTS"),
    "USER_MARITAL_STATUS": _whole("PP_MARITAL_STATUS"),
}
_SINCE = {"GROUP_USER_ID_AUTOJOIN": "1.2"}
_SINCE.update((name, "1.3") for name in list(_OF_USERS)[7:])


def search(call: Call) -> Element:
    """Search-Request: a new search, or more of one."""
    pairs = _pairs(call.request)
    if not pairs:
        identity = required(call.request, "SearchID")
        found = call.session.searches.get(identity)
        if found is None:
            raise Refusal(Code.BAD_SEARCH_ID)
        index = number(call.request, "SearchIndex") or 0
        if not 1 <= index <= len(found.hits):
            raise Refusal(Code.BAD_SEARCH_INDEX)
        return _answer(call, identity, found, index)
    hits, tag = _hits(call, pairs)
    if len(hits) > call.limits.search_hits:
        raise Refusal(Code.TOO_MANY_HITS)
    wanted = number(call.request, "SearchLimit") or call.limits.search_page
    found = Found(tag, hits, min(wanted, call.limits.search_page))
    return _answer(call, call.session.search(found), found, 1)


def _pairs(request: Element) -> list[_Pair]:
    """The pairs in either form: 1.3 may wrap each in a SearchPair. Without PairID: from 1."""
    found: list[_Pair] = []
    for listed in request.findall("SearchPairList"):
        for each in listed.iter():
            said = (each.text or "").strip()
            if each.tag == "SearchElement":
                found.append(_Pair(said.upper(), "", len(found) + 1))
            elif each.tag in ("SearchString", "PairID") and not found:
                raise Refusal(Code.BAD_REQUEST, "a pair begins with SearchElement")
            elif each.tag == "SearchString":
                found[-1] = found[-1]._replace(value=said)
            elif each.tag == "PairID" and is_decimal(said, 9):
                found[-1] = found[-1]._replace(id=int(said))
    return found


def _hits(call: Call, pairs: list[_Pair]) -> tuple[list[str], str]:
    """What is found, in a settled order, and whether it goes into UserList or GroupList."""
    kinds = {pair.element.partition("_")[0] for pair in pairs}
    _check(call, pairs)
    if len(kinds) > 1:
        raise Refusal(Code.BAD_PARAMETER, "users and groups in one search")
    if not any(pair.value for pair in pairs):
        raise Refusal(Code.SEARCH_TOO_BROAD)
    if kinds == {"GROUP"}:
        named = {pair.id: directory.matching(call, pair.element, pair.value) for pair in pairs}
        every = directory.matching(call, "GROUP_ID", "")
        return sorted(_combined(call, named, every)), "GroupList"
    users = _Users(call)
    rows = {pair.id: _OF_USERS[pair.element](users, pair.value) for pair in pairs}
    chosen = _combined(call, rows, set(users.addresses))
    return [address for row, address in users.addresses.items() if row in chosen], "UserList"


def _check(call: Call, pairs: list[_Pair]) -> None:
    wrong = [
        pair.element
        for pair in pairs
        if pair.element not in (*_OF_USERS, *directory.ELEMENTS)
        or call.version < _SINCE.get(pair.element, "1.1")
    ]
    if wrong:
        details = [Detail(Code.SEARCH_ELEMENT_NOT_USABLE, "SearchElement", each) for each in wrong]
        raise Refusal(Code.SEARCH_ELEMENT_NOT_USABLE, ", ".join(wrong)[:100], details)


def _combined(call: Call, found: dict, every: set) -> set:
    told = text(call.request, "AdvancedCriteria")
    if not told:
        return set.intersection(*found.values())
    agreed = call.session.agreed
    if _ADVANCED not in call.service.offered("1.3"):
        raise Refusal(Code.UNKNOWN_SERVICE)
    if agreed is not None and _ADVANCED not in agreed:
        raise Refusal(Code.SERVICE_NOT_AGREED)
    return criteria.select(told, found, every)


def _answer(call: Call, identity: str, found: Found, index: int) -> Element:
    """As many hits from index on as the client wants and can parse."""
    size = found.page
    while True:
        some = found.hits[index - 1 : index - 1 + size]
        complete = index + len(some) > len(found.hits)
        told: int | None = index + len(some) - (call.config.search_index == "last")
        if complete and call.version == "1.3":
            told = None
        answer = node(
            "Search-Response",
            node("SearchID", identity),
            node("SearchFindings", len(found.hits)),
            node("CompletionFlag", complete),
            None if told is None else node("SearchIndex", told),
            _result(call, found.tag, some) if some else None,
        )
        if size < 2 or call.service.fits(call.session, answer):
            return answer
        size //= 2


def _result(call: Call, tag: str, some: list[str]) -> Element:
    if tag == "GroupList":
        return node("SearchResult", node(tag, *(node("GroupID", each) for each in some)))
    names = friendly_names(call.db, some) if call.version == "1.3" else {}
    users = (
        node(
            "User",
            node("UserID", each),
            node("FriendlyName", names[each]) if each in names else None,
        )
        for each in some
    )
    return node("SearchResult", node(tag, *users))


def stop_search(call: Call) -> Element:
    """StopSearch-Request."""
    if call.session.searches.pop(required(call.request, "SearchID"), None) is None:
        raise Refusal(Code.BAD_SEARCH_ID)
    return call.done()


def verify_id(call: Call) -> Element:
    """VerifyID-Request: 201 names what does not exist, even if nothing does."""
    outcome = Outcome()
    for each in child(call.request, "IDList"):
        code = _missing(call, each)
        if code is not None:
            named = screen_name(text(each, "SName"), text(each, "GroupID"))
            whole = each.tag == "ScreenName"
            outcome.fail(code, each.tag, named if whole else text(each, "."))
    return call.done(outcome)


def _missing(call: Call, each: Element) -> Code | None:
    spelled, home = (each.text or "").strip(), call.home.lower()
    if each.tag == "ScreenName":
        found = directory.has_screen_name(call, text(each, "GroupID"), text(each, "SName"))
        return None if found else Code.NO_SUCH_GROUP
    if each.tag == "Domain":
        domain = spelled.lower().removeprefix("wv:").removeprefix("@")
        return None if domain == home else Code.DOMAIN_NOT_SERVED
    try:
        address = addresses.parse(spelled, call.home)
    except Refusal:
        return Code.BAD_ADDRESS
    if address.domain.lower() != home:
        return Code.DOMAIN_NOT_SERVED
    if each.tag == "GroupID":
        return None if groups.find(call, spelled) else Code.NO_SUCH_GROUP
    if each.tag == "UserID":
        known, code = select(User.id).where(User.key == address.key), Code.UNKNOWN_USER
    elif each.tag == "ContactList":
        known = select(ContactList.id).where(ContactList.key == address.key)
        code = Code.NO_SUCH_LIST
    else:
        raise Refusal(Code.BAD_REQUEST, f"{each.tag[:40]} in IDList")
    return None if call.db.scalar(known) else code


HANDLERS = {
    "Search-Request": Handler(search, "SRCH"),
    "StopSearch-Request": Handler(stop_search, "STSRC"),
    "VerifyID-Request": Handler(verify_id, "VRID"),
}
