"""System messages: announcements, terms of use, and a puzzle against robots (1.3).

The code of a login that is refused for one of them is not public; here it is 403.
spec: transactions.md section 15.2, guidelines-1.3.md section 2
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from .call import Call, Handler
from .elements import child, node, number, required, text
from .results import Code, Refusal, result
from .sessions import Outgoing
from .store import User

if TYPE_CHECKING:
    from .service import Service

TERMS, PUZZLE = "terms", "puzzle"
_ACCEPT, _REFUSE = "Accept", "Refuse"
_VERSION = "1.3"


def system_message(
    identity: str, said: str, options: Sequence[str] = (), in_text: str = ""
) -> Element:
    """SystemMessage. options: answers, numbered from 1; in_text: what a key is wanted for."""
    listed = [
        node("AnswerOption", node("AnswerOptionID", at), node("AnswerOptionText", option))
        for at, option in enumerate(options, 1)
    ]
    return node(
        "SystemMessage",
        node("SystemMessageID", identity),
        node("RequiresResponse", bool(listed or in_text)),
        node("SystemMessageText", said),
        node("AnswerOptions", *listed) if listed else None,
        node("VerificationMechanism", node("InText", in_text)) if in_text else None,
    )


def announce(service: Service, said: str, options: Sequence[str] = ()) -> str:
    """Send a system message to every client of 1.3; its identity, by which answers are found in
    `service.answers`.
    """
    identity = secrets.token_hex(4)
    listed = node("SystemMessageList", system_message(identity, said, options))
    request = node("SystemMessage-Request", listed)
    with service.lock:
        service.questions[identity] = len(options)
        for session in service.sessions:
            if session.version == _VERSION:
                name = ("system", identity)
                service.send(session, Outgoing(name, lambda db, session: request))
    return identity


def _responses(request: Element) -> dict[str, tuple[int | None, str]]:
    # SystemMessageID -> (option, key)
    found = {}
    for each in request.findall("SystemMessageResponseList/SystemMessageResponse"):
        said = number(each, "ChosenOptionID"), text(each, "VerificationKey")
        found[required(each, "SystemMessageID")] = said
    return found


def hindrance(call: Call, client: Element, user: User | None) -> Element | None:
    """The answer to a login that has to be repeated with a response, None for one that may pass.

    Clients of earlier versions have no way to respond and pass.
    """
    if call.version != _VERSION:
        return None
    said = _responses(call.request)
    option, _ = said.get(TERMS, (None, ""))
    _, key = said.get(PUZZLE, (None, ""))
    wanted = []
    if call.config.terms and option != 1 and not (user is not None and user.accepted):
        wanted.append(system_message(TERMS, call.config.terms, (_ACCEPT, _REFUSE)))
    if call.config.puzzle and user is None:
        question, answer = call.config.puzzle
        if key.casefold() != answer.casefold():
            wanted.append(system_message(PUZZLE, "Registration", in_text=question))
    if not wanted:
        return None
    refused = result(Code.FORBIDDEN, call.version)
    refused.append(node("SystemMessageList", *wanted))
    return node("Login-Response", client, refused)


def system_message_user(call: Call) -> Element:
    """SystemMessage-User: the answers are kept, 402 for one that was not to choose from."""
    child(call.request, "SystemMessageResponseList")
    for identity, said in _responses(call.request).items():
        options = call.service.questions.get(identity)
        if options is None or said[0] is not None and not 1 <= said[0] <= options:
            raise Refusal(Code.BAD_PARAMETER, f"no such message or option: {identity[:40]}")
        call.service.answers[identity, call.session.key] = said
    return call.done()


HANDLERS = {"SystemMessage-User": Handler(system_message_user)}
